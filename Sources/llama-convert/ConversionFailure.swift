import Glibc
import LlamaCommands
import LlamaConversion

extension Failure {
    /// A conversion's error with its exit code, and the option that helps.
    init(_ error: ConversionError) {
        let hint =
            switch error {
            case .exists: "; --force replaces it once the new one is complete"
            case .unstorable: "; --allow-non-finite quantizes it nevertheless and counts what that changes"
            case .tokenizer where error.isUnsupportedTokenizer:
                "; name another tokenizer with --tokenizer, such as the tokenizer.model it was made from"
            case .cannotResume: "; without --resume it starts over"
            case .interrupted: "; the same command with --resume continues"
            case .unwritable(_, EFBIG):
                "; raise the limit on file sizes (ulimit -f), then the same command with --resume continues"
            case .unwritable where error.isFullDisk:
                "; free some space, then the same command with --resume continues"
            default: ""
            }
        self.init(error, hint: hint)
    }
}
