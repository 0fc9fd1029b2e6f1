import LlamaConversion
import LlamaCheckpoints
import LlamaCommands
import Glibc

extension Failure {
    /// A conversion's error with its exit code, and the option that helps.
    init(_ error: ConversionError) {
        let code: Int32 =
            switch error {
            case .inexpressible: Failure.badData
            case .source(let error): error.isMissingInput ? Failure.noInput : Failure.badData
            case .exists, .inTheWay, .isSource, .isNoCheckpoint, .badDestination, .noFolder, .cannotResume,
                .busy:
                Failure.cannotCreate
            case .noSpace, .unwritable, .unfaithful: Failure.cannotWrite
            case .digestUnavailable: Failure.system
            case .interrupted: Failure.interrupted
            }
        let hint =
            switch error {
            case .exists: "; --force replaces it once the new one is whole"
            case .cannotResume: "; without --resume it starts anew"
            case .interrupted: "; the same command with --resume goes on"
            case .unwritable(_, EFBIG):
                "; raise the limit on files (ulimit -f), then the same command with --resume goes on"
            case .unwritable where error.isFullDisk:
                "; make room, then the same command with --resume goes on"
            default: ""
            }
        self.init(code, "\(error)\(hint)")
    }
}
