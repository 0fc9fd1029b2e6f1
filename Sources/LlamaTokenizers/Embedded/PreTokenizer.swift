import LlamaJSON

/// How a text is split before its bytes are merged, by llama.cpp's names (`llama-vocab.cpp`).
enum PreTokenizer: CaseIterable {
    case llama3, smaug, gpt2, smolLM, qwen2, tekken, fallback

    /// One rule, as in a `tokenizer.json`.
    enum Rule: Hashable {
        /// Each match of a pattern is a word.
        case split(String)
        /// Each digit is a word.
        case digits
        /// Words become bytes, split by GPT-2's pattern first or not.
        case byteLevel(usesPattern: Bool)
    }

    /// - Parameter name: as in `tokenizer.ggml.pre`.
    init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.names.contains(name) }) else { return nil }
        self = found
    }

    /// The rules of a `tokenizer.json`; nil if GGUF has no name for them.
    init?(rules: [Rule], ignoresMerges: Bool) {
        let found = Self.allCases.first { $0.rules == rules && $0.ignoresMerges == ignoresMerges }
        guard let found else { return nil }
        self = found
    }

    /// The name to write.
    var name: String { names[0] }

    private var names: [String] {
        switch self {
        case .llama3:
            ["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"]
        case .smaug: ["smaug-bpe", "dbrx"]
        case .gpt2: ["gpt-2", "phi-2", "mpt", "olmo", "jais"]
        case .smolLM: ["smollm", "starcoder", "refact", "command-r", "codeshell"]
        case .qwen2: ["qwen2", "stablelm2", "deepseek-r1-qwen"]
        case .tekken: ["tekken"]
        case .fallback: ["default"]
        }
    }

    /// Whether a word that is a token is never merged from bytes.
    var ignoresMerges: Bool { self == .llama3 || self == .tekken }

    var rules: [Rule] {
        switch self {
        case .llama3, .smaug: [.split(PieceScanner.pattern), .byteLevel(usesPattern: false)]
        case .gpt2: [.byteLevel(usesPattern: true)]
        case .smolLM: [.digits, .byteLevel(usesPattern: true)]
        case .qwen2: [.split(Self.qwen2Pattern), .byteLevel(usesPattern: false)]
        case .tekken: [.split(Self.tekkenPattern), .byteLevel(usesPattern: false)]
        case .fallback:
            [
                .split(#"[\p{P}\$\+<=>\^~\|]+"#), .split(SplitRule.gpt2Pattern), .split(#"\p{N}+"#),
                .split("[0-9][0-9][0-9]"), .byteLevel(usesPattern: false),
            ]
        }
    }

    /// The rules as ``HuggingFaceTokenizer`` follows them.
    func splitRules() throws(PatternError) -> [SplitRule] {
        var splits: [SplitRule] = []
        for rule in rules {
            switch rule {
            case .split(let pattern): splits.append(try .isolated(pattern))
            case .digits: splits.append(try .digits(areSingle: true))
            case .byteLevel(usesPattern: true): splits.append(try .isolated(SplitRule.gpt2Pattern))
            case .byteLevel(usesPattern: false): break
            }
        }
        return splits
    }

    private static let qwen2Pattern =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"#
        + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#

    private static let tekkenPattern =
        #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"#
        + #"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"#
        + #"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
}

extension PreTokenizer.Rule {
    /// The rules of a `pre_tokenizer`; nil if one of them is of another kind.
    static func rules(_ component: Component) throws(ComponentError) -> [Self]? {
        var rules: [Self] = []
        for child in try component.flattened("pretokenizers") {
            guard let rule = try Self(child) else { return nil }
            rules.append(rule)
        }
        return rules
    }

    private init?(_ component: Component) throws(ComponentError) {
        switch component.type {
        case "Split":
            guard try component.string("behavior") == "Isolated",
                try !component.flag("invert", default: false),
                let pattern = component.value["pattern"]?["Regex"]
            else { return nil }
            self = .split(try Component.checked { () throws(JSONError) in try pattern.string() })
        case "Digits":
            guard try component.flag("individual_digits", default: false) else { return nil }
            self = .digits
        case "ByteLevel":
            guard try !component.flag("add_prefix_space", default: true) else { return nil }
            self = .byteLevel(usesPattern: try component.flag("use_regex", default: true))
        default: return nil
        }
    }
}
