import LlamaFiles

/// An option of a request has a value that cannot be used, or that contradicts another one.
package struct OptionError: Error, Equatable, Sendable {
    /// An option, by its name in a prompt line and in an API.
    package enum Option: String, Sendable, CaseIterable {
        case temperature
        case topK = "top_k"
        case topP = "top_p"
        case minP = "min_p"
        case typicalP = "typical_p"
        case repetitionPenalty = "repetition_penalty"
        case frequencyPenalty = "frequency_penalty"
        case presencePenalty = "presence_penalty"
        case logitBias = "logit_bias"
        case badWords = "bad_words"
        case seed
        case maxTokens = "max_tokens"
        case minTokens = "min_tokens"
        case stop
        case stopTokenIDs = "stop_token_ids"
        case ignoreEOS = "ignore_eos"
        case n
        case bestOf = "best_of"
        case beams
        case lengthPenalty = "length_penalty"
        case earlyStopping = "early_stopping"
        case logprobs
        case echo
        case speculate
        case draftTokens = "draft_tokens"

        /// Its name on a command line, such as `--top-k`.
        package var flag: String {
            switch self {
            case .maxTokens: "--max-gen-len"
            case .minTokens: "--min-gen-len"
            case .stopTokenIDs: "--stop-token-id"
            default: "--" + rawValue.replacing("_", with: "-")
            }
        }

        /// The option of a name in a prompt line, where that of a flag is another spelling.
        package init?(name: String) {
            switch name {
            case "max_gen_len": self = .maxTokens
            case "min_gen_len": self = .minTokens
            default: self.init(rawValue: name)
            }
        }

        /// All names in a prompt line.
        package static var names: [String] { allCases.map(\.rawValue) + ["max_gen_len", "min_gen_len"] }
    }

    /// The option.
    package let option: Option
    /// The values that it accepts.
    package let expected: String
    /// Its value.
    package let found: String

    /// - Parameters:
    ///   - expected: The values that the option accepts.
    ///   - found: Its value.
    package init(_ option: Option, expected: String, found: String) {
        self.option = option
        self.expected = expected
        self.found = found
    }

    /// Throws unless `condition` holds.
    static func require(
        _ condition: Bool, _ option: Option, _ expected: @autoclosure () -> String,
        _ found: @autoclosure () -> String
    ) throws(OptionError) {
        guard condition else { throw OptionError(option, expected: expected(), found: found()) }
    }
}

extension OptionError: CategorizedError {
    /// Always ``ErrorCategory/invalidArgument``.
    package var category: ErrorCategory { .invalidArgument }

    /// One line for a person, with the option's name in a prompt line; a command writes ``Option/flag`` instead.
    package var description: String { "\(option.rawValue): expected \(expected), found \(found)" }
}
