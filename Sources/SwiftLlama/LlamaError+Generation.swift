internal import LlamaGeneration

extension LlamaError {
    /// The error's own words, with the names of this module's properties in place of the commands' options.
    init(_ error: GenerationError) {
        switch error {
        case .invalidOption(_, let error):
            self.init(error)
        case .promptTooLong(let source, let count, let limit):
            self.init(
                kind: .badInput,
                description:
                    "\(source): expected at most \(limit) tokens, found \(count); shorten it, or raise "
                    + "maximumSequenceLength and the contextLength of LlamaOptions")
        case .needsTokenizer(let source):
            self.init(
                kind: .badInput,
                description: "\(source): expected token ids, as the model has no tokenizer, found text; "
                    + "give one to Llama.init(at:tokenizer:)")
        case .noTokenLeft(let source, let position):
            self.init(
                kind: .badInput,
                description:
                    "\(source): expected a token to continue with after token \(position), found none; "
                    + "relax logitBias or badWords")
        case .exceedsCache(let source, let sequences, let positions, let limit):
            let room = sequences == 1 ? "no more" : "\(sequences) beams of no more"
            self.init(
                kind: .badInput,
                description:
                    "\(source): expected at most \(limit) tokens of prompt and completion, as the cache "
                    + "holds \(room), found \(positions); lower maximumTokens or raise the cacheMemory of LlamaOptions"
            )
        case .tooManyBeams(_, let beams, let limit):
            self.init(
                kind: .invalidArgument,
                description: "beams: expected at most \(limit), found \(beams); "
                    + "raise the maximumBatchSize of LlamaOptions")
        case .cacheTooSmall(let bytes, let least):
            self.init(
                kind: .invalidArgument,
                description: "cacheMemory: expected at least \(least) bytes, found \(bytes)")
        default:
            self.init(kind: Kind(error.category), description: "\(error)")
        }
    }

    /// The property of ``CompletionOptions`` that sets an option.
    static func property(_ option: OptionError.Option) -> String {
        switch option.rawValue {
        case "max_tokens": "maximumTokens"
        case "min_tokens": "minimumTokens"
        case "stop": "stopStrings"
        case "stop_token_ids": "additionalStopTokenIDs"
        case "ignore_eos": "ignoresStopTokens"
        case "speculate", "draft_tokens": "lookupDrafts"
        default: camelCase(option.rawValue)
        }
    }

    private static func camelCase(_ name: String) -> String {
        let words = name.split(separator: "_")
        return words.dropFirst().reduce(String(words.first ?? "")) { $0 + $1.capitalized }
    }
}

extension Substring {
    fileprivate var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
