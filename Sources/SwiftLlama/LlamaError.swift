internal import LlamaFiles
internal import LlamaGeneration

/// Why a model could not be opened or a prompt not be completed.
public struct LlamaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of problem it is.
    public enum Kind: Sendable {
        /// An option or argument has a value that cannot be used.
        case invalidArgument
        /// A file or folder does not exist or cannot be read.
        case missingInput
        /// A file, or a prompt, was read and is damaged, inconsistent or not supported; or a file changed while it was
        /// being read.
        case badInput
        /// The system lacks memory, threads or an instruction set.
        case insufficientResources
    }

    /// What kind of problem it is.
    public let kind: Kind
    /// One line for a person: the file or option, what was expected, what was found, what to do.
    public let description: String

    /// Runs `body`, and turns the errors of the libraries into this one.
    static func translating<Result>(_ body: () throws -> Result) throws(LlamaError) -> Result {
        do { return try body() } catch { throw LlamaError(error) }
    }

    init(kind: Kind, description: String) {
        self.kind = kind
        self.description = description
    }

    private init(_ error: any Error) {
        if let error = error as? LlamaError {
            self = error
        } else if let error = error as? any CategorizedError {
            self.init(kind: Kind(error.category), description: Self.description(of: error))
        } else {
            self.init(kind: .badInput, description: "\(error)")
        }
    }

    /// The error's own words, with the names of this module's options in place of the commands'.
    private static func description(of error: any CategorizedError) -> String {
        switch error as? GenerationError {
        case .promptTooLong(let source, let count, let limit):
            "\(source): expected at most \(limit) tokens, found \(count); "
                + "shorten it or raise maximumSequenceLength"
        case .needsTokenizer(let source):
            "\(source): expected token ids, as the model has no tokenizer, found text; "
                + "give one to Llama.init(at:tokenizer:)"
        default: "\(error)"
        }
    }
}

extension LlamaError.Kind {
    fileprivate init(_ category: ErrorCategory) {
        self =
            switch category {
            case .invalidArgument: .invalidArgument
            case .missingInput: .missingInput
            case .insufficientResources: .insufficientResources
            case .badInput, .changedInput, .uncreatableOutput, .unwritableOutput, .interrupted: .badInput
            }
    }
}
