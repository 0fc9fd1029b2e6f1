import LlamaJSON
import ArgumentParser
import Glibc
import LlamaFiles

/// An error as the shell sees it: one line for a person and an exit code (sysexits.h).
package struct Failure: Error {
    /// The exit code of the process.
    package let code: Int32
    /// The line.
    package let message: String

    /// EX_USAGE: the command line is wrong.
    package static let usage: Int32 = 64
    /// EX_DATAERR: the input exists and is bad.
    package static let badData: Int32 = 65
    /// EX_NOINPUT: the input does not exist or cannot be read.
    package static let noInput: Int32 = 66
    /// EX_OSERR: the system lacks memory or another resource.
    package static let system: Int32 = 71
    /// EX_CANTCREAT: the output cannot be created.
    package static let cannotCreate: Int32 = 73
    /// EX_IOERR: the output cannot be written.
    package static let cannotWrite: Int32 = 74
    /// EX_IOERR: an input file changed while it was being read.
    package static let changedInput: Int32 = 74
    /// What shells report for a process that Ctrl-C, SIGTERM or SIGHUP ended.
    package static var interrupted: Int32 { Interrupt.exitCode }

    /// - Parameter message: A line for a person.
    package init(_ code: Int32, _ message: String) {
        self.code = code
        self.message = message.oneLine(limit: 2000)
    }

    /// An error of one of the libraries, with the exit code of its category.
    ///
    /// - Parameter hint: Appended to the message: the option that helps.
    package init(_ error: any CategorizedError, hint: String = "") {
        self.init(Self.code(of: error.category), "\(error)\(hint)")
    }

    private static func code(of category: ErrorCategory) -> Int32 {
        switch category {
        case .invalidArgument: usage
        case .badInput: badData
        case .missingInput: noInput
        case .changedInput: changedInput
        case .insufficientResources: system
        case .uncreatableOutput: cannotCreate
        case .unwritableOutput: cannotWrite
        case .interrupted: interrupted
        }
    }
}

/// Runs the body of a command; an error becomes a line on standard error and an exit code.
///
/// - Parameter command: The command's name, which begins the line.
package func reportingFailures(_ command: String, _ body: () throws -> Void) throws {
    CrashReports.silence()
    MappedFile.survivesFaults()
    Console.reserveStandardStreams()
    // A parent may have ignored it, and children inherit that; `| head` must end a command quietly.
    signal(SIGPIPE, SIG_DFL)
    // A file larger than `ulimit -f` allows is an error like a full disk, not a sudden end.
    signal(SIGXFSZ, SIG_IGN)
    do {
        try DescriptorLimit.raise()
        try reportingDamage(body)
    } catch {
        guard let failure = (error as? Failure) ?? (error as? any CategorizedError).map({ Failure($0) })
        else {
            throw error
        }
        Console.error("\(command): error: \(failure.message)")
        throw ExitCode(failure.code)
    }
}
