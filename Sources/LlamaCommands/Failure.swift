import LlamaFiles
import ArgumentParser
import LlamaCheckpoints
import LlamaGeneration
import Glibc
import LlamaJSON
import LlamaKernels
import LlamaTokenizers

/// An error as the shell sees it: a line for a person and an exit code (sysexits.h).
package struct Failure: Error {
    /// What the process exits with.
    package let code: Int32
    /// The line.
    package let message: String

    /// EX_USAGE: the command was called wrongly.
    package static let usage: Int32 = 64
    /// EX_DATAERR: the input is there, and bad.
    package static let badData: Int32 = 65
    /// EX_NOINPUT: the input is not there.
    package static let noInput: Int32 = 66
    /// EX_OSERR: the system has too little of something.
    package static let system: Int32 = 71
    /// EX_CANTCREAT: the output cannot be created.
    package static let cannotCreate: Int32 = 73
    /// EX_IOERR: the output cannot be written.
    package static let cannotWrite: Int32 = 74
    /// What shells report for a process that an interrupt ended.
    package static let interrupted: Int32 = 130

    /// - Parameter message: A line for a person.
    package init(_ code: Int32, _ message: String) {
        self.code = code
        self.message = message.oneLine(limit: 2000)
    }

    /// Sorts a library's error into an exit code; nil for one that is no library's.
    package init?(_ error: any Error) {
        switch error {
        case let error as CheckpointError:
            self.init(error.isMissingInput ? Failure.noInput : Failure.badData, "\(error)")
        case let error as TokenizerError:
            self.init(error.isMissingInput ? Failure.noInput : Failure.badData, "\(error)")
        case let error as AtomicFile.Failure: self.init(Failure.cannotWrite, "\(error)")
        case let error as GenerationError: self.init(Failure.badData, "\(error)")
        case let error as KernelError: self.init(Failure.system, "\(error)")
        default: return nil
        }
    }
}

/// Runs a command's work; an error becomes a line on standard error and an exit code.
///
/// - Parameters:
///   - command: The command's name, to begin the line.
///   - failure: Sorts errors that only this command knows.
package func reportingFailures(
    _ command: String, _ failure: (any Error) -> Failure? = { _ in nil }, _ work: () throws -> Void
) throws {
    Console.reserveStandardStreams()
    // A parent may have ignored it, and children inherit that; `| head` must end a command quietly.
    signal(SIGPIPE, SIG_DFL)
    // A file larger than `ulimit -f` allows is an error like a full disk, not a sudden end.
    signal(SIGXFSZ, SIG_IGN)
    do {
        try work()
    } catch {
        guard let failure = (error as? Failure) ?? failure(error) ?? Failure(error) else { throw error }
        Console.error("\(command): error: \(failure.message)")
        throw ExitCode(failure.code)
    }
}
