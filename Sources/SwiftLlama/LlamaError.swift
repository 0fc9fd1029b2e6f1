internal import LlamaFiles
internal import LlamaGeneration

/// Why a model could not be opened, or a request not be completed.
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
        /// The task was cancelled before the result was complete.
        case cancelled
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

    init(_ error: any Error) {
        if let error = error as? LlamaError {
            self = error
        } else if let error = error as? GenerationError {
            self.init(error)
        } else if let error = error as? OptionError {
            self.init(
                kind: .invalidArgument,
                description:
                    "\(Self.property(error.option)): expected \(error.expected), found \(error.found)")
        } else if let error = error as? any CategorizedError {
            self.init(kind: Kind(error.category), description: "\(error)")
        } else {
            self.init(kind: .badInput, description: "\(error)")
        }
    }

    /// Throws unless a value of the options can be used.
    static func require(
        _ holds: Bool, _ property: String, _ expected: String, _ found: Int
    ) throws(LlamaError) {
        guard !holds else { return }
        throw LlamaError(
            kind: .invalidArgument, description: "\(property): expected \(expected), found \(found)")
    }
}

extension LlamaError.Kind {
    init(_ category: ErrorCategory) {
        self =
            switch category {
            case .invalidArgument: .invalidArgument
            case .missingInput: .missingInput
            case .insufficientResources: .insufficientResources
            case .badInput, .changedInput, .uncreatableOutput, .unwritableOutput, .interrupted: .badInput
            }
    }
}
