import LlamaTokenizers
import LlamaCheckpoints
import LlamaFiles

extension ConversionError: CategorizedError {
    /// What kind of problem it is.
    package var category: ErrorCategory {
        switch self {
        case .inexpressible, .unstorable: .badInput
        case .source(let error): error.category
        case .tokenizer(let error): error.category
        case .exists, .inTheWay, .isSource, .notReplaceable, .badDestination, .noFolder, .cannotResume,
            .busy:
            .uncreatableOutput
        case .noSpace, .unwritable, .unverified, .unfaithful: .unwritableOutput
        case .digestUnavailable, .outOfMemory: .insufficientResources
        case .interrupted: .interrupted
        }
    }
}
