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
        case minTokens = "min_tokens"
        case stop
        case n
        case bestOf = "best_of"
        case beams
        case lengthPenalty = "length_penalty"

        /// Its name on a command line, such as `--top-k`.
        package var flag: String { "--" + rawValue.replacing("_", with: "-") }
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
