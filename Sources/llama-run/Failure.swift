import Checkpoints
import Generation
import Glibc
import Kernels
import Tokenizers

/// An error as the shell sees it: a line for a person and an exit code (sysexits.h).
struct Failure: Error {
    let code: Int32
    let message: String

    /// EX_DATAERR: the input is there, and bad.
    static let badData: Int32 = 65
    /// EX_NOINPUT: the input is not there.
    static let noInput: Int32 = 66
    /// EX_OSERR: the system has too little of something.
    static let system: Int32 = 71
    /// EX_CANTCREAT: the output cannot be created.
    static let cannotCreate: Int32 = 73
    /// EX_IOERR: the output cannot be written.
    static let cannotWrite: Int32 = 74
    /// What shells report for a process that an interrupt ended.
    static let interrupted: Int32 = 130

    init(_ code: Int32, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Sorts a library's error into an exit code; nil for one that is no library's.
    init?(_ error: any Error) {
        switch error {
        case let error as CheckpointError:
            self.init(error.isMissingInput ? Failure.noInput : Failure.badData, "\(error)")
        case let error as TokenizerError:
            self.init(error.isMissingInput ? Failure.noInput : Failure.badData, "\(error)")
        case let error as GenerationError: self.init(Failure.badData, "\(error)")
        case let error as KernelError: self.init(Failure.system, "\(error)")
        default: return nil
        }
    }
}
