import LlamaJSON

extension EmbeddedVocabulary {
    /// The vocabulary of a `tokenizer.json`, with the settings of the files beside it.
    ///
    /// A byte-level vocabulary keeps its merges. One of characters with a fallback to bytes becomes one of SentencePiece, if
    /// scores can express its merges.
    ///
    /// - Throws: what `HuggingFaceTokenizer.init(bytes:file:settings:)` throws, and `.unsupportedVocabulary` for rules that a
    ///   checkpoint cannot express.
    init(tokenizerJSON bytes: [UInt8], file path: String, settings: TokenizerSettings) throws(TokenizerError)
    {
        let tokenizer = try HuggingFaceTokenizer(bytes: bytes, file: path, settings: settings)
        do throws(ComponentError) {
            self = try bytes.withUnsafeBufferPointer { text throws(ComponentError) in
                let file = try TokenizerJSON(text)
                return try Self(
                    try JSONVocabulary(file, tokenizer), file, try MergeText(text, file).pairs, tokenizer)
            }
        } catch {
            guard case .unsupported(let found, let key) = error else { throw error.inFile(path) }
            throw .unsupportedVocabulary(
                file: "\(path): \(key)", expected: "rules that a checkpoint can hold", found: found)
        }
    }

    private init(
        _ vocabulary: JSONVocabulary, _ file: TokenizerJSON, _ merges: [[UInt8]],
        _ tokenizer: HuggingFaceTokenizer
    ) throws(ComponentError) {
        let isByteLevel = tokenizer.model.options.isByteLevel
        var scores: [Float] = []
        var preTokenizer = "default"
        if isByteLevel {
            preTokenizer = try vocabulary.preTokenizer(ignoresMerges: tokenizer.model.options.ignoresMerges)
                .name
        } else {
            guard let found = ScoresOfMerges(vocabulary.tokens, vocabulary.kinds, merges) else {
                throw .unsupported(found: "merges that scores cannot express", path: "model.merges")
            }
            scores = found.scores
        }
        func id(_ spelling: String) -> Int32? {
            vocabulary.tokens.firstIndex(of: Array(spelling.utf8)).map(Int32.init)
        }
        self.init(
            model: isByteLevel ? .byteLevel : .sentencePiece, preTokenizer: preTokenizer,
            tokens: vocabulary.tokens, scores: scores, kinds: vocabulary.kinds,
            merges: isByteLevel ? merges : [],
            specialIDs: SpecialIDs(
                bos: tokenizer.bosID, eos: tokenizer.eosID, eot: id("<|eot_id|>"), eom: id("<|eom_id|>"),
                unknown: tokenizer.model.unknownID, pad: tokenizer.padID),
            additions: Additions(
                bos: tokenizer.addsBOS, spacePrefix: try isByteLevel ? false : vocabulary.addsSpacePrefix()))
    }
}

/// The tokens of a `tokenizer.json` by id, and those of its rules that a checkpoint can express.
private struct JSONVocabulary {
    private(set) var tokens: [[UInt8]]
    private(set) var kinds: [TokenKind]
    private let members: [String: JSONValue]
    private let model: BytePairModel

    init(_ file: TokenizerJSON, _ tokenizer: HuggingFaceTokenizer) throws(ComponentError) {
        (members, model) = (file.members, tokenizer.model)
        // Ids without a token get a name, as from llama.cpp's tools.
        tokens = (0..<tokenizer.vocabularySize).map { Array("[PAD\($0)]".utf8) }
        kinds = (0..<Int32(tokenizer.vocabularySize)).map { tokenizer.kind(of: $0) ?? .unused }
        for entry in 0..<file.vocabulary.count {
            tokens[Int(file.vocabulary.ids[entry])] = Array(file.vocabulary.spelling(entry))
        }
        let added = try Component.checked { () throws(JSONError) in try members["added_tokens"]?.array() ?? []
        }
        for element in added {
            let token = try AddedToken(element)
            if token.isSingleWord || token.stripsLeft || token.stripsRight {
                throw .unsupported(found: "a token that depends on its neighbors", path: element.path)
            }
            tokens[Int(token.id)] = token.content
        }
    }

    /// The name of the rules that split a text.
    func preTokenizer(ignoresMerges: Bool) throws(ComponentError) -> PreTokenizer {
        if let value = members["normalizer"] {
            throw .unsupported(found: try Component(value).type, path: "normalizer")
        }
        let rules = try members["pre_tokenizer"].map { value throws(ComponentError) in
            try PreTokenizer.Rule.rules(try Component(value))
        }
        guard let rules = rules ?? nil, let found = PreTokenizer(rules: rules, ignoresMerges: ignoresMerges)
        else { throw .unsupported(found: "rules without a name in GGUF", path: "pre_tokenizer") }
        return found
    }

    /// Whether a space is put before a text, by rules that implement SentencePiece's.
    func addsSpacePrefix() throws(ComponentError) -> Bool {
        let options = model.options
        guard options.fallsBackToBytes, options.fusesUnknown, !options.ignoresMerges, model.unknownID != nil
        else {
            throw .unsupported(found: "a model without byte_fallback, fuse_unk or unk_token", path: "model")
        }
        let normalizers = try members["normalizer"].map { value throws(ComponentError) in
            try TextNormalizer.rules(try Component(value))
        }
        let splits = try members["pre_tokenizer"].map { value throws(ComponentError) in
            try SplitRule.rules(try Component(value)).rules
        }
        let mark = Array("\u{2581}".utf8)
        if let split = splits?.first, splits?.count == 1, (normalizers ?? []).isEmpty,
            case .metaspace(mark, let scheme, splits: false) = split
        {
            return scheme != .never
        }
        var rules = (normalizers ?? [])[...]
        var adds = false
        if case .prepend(mark)? = rules.first {
            adds = true
            rules = rules.dropFirst()
        }
        guard rules.count == 1, (splits ?? []).isEmpty,
            case .replace(.text([UInt8(ascii: " ")]), mark)? = rules.first
        else { throw .unsupported(found: "rules other than SentencePiece's", path: "normalizer") }
        return adds
    }
}

/// The merges of a `tokenizer.json` in GGUF's spelling.
private struct MergeText {
    private(set) var pairs: [[UInt8]] = []

    /// - Parameter file: a file whose merges have been checked.
    init(_ text: UnsafeBufferPointer<UInt8>, _ file: TokenizerJSON) throws(ComponentError) {
        guard let range = file.merges else { return }
        var reader = JSONReader(
            within: UnsafeBufferPointer(rebasing: text[..<range.upperBound]), from: range.lowerBound)
        var pairs: [[UInt8]] = []
        try Component.checked { () throws(JSONError) in
            try reader.array { reader throws(JSONError) in
                guard reader.peek() == UInt8(ascii: "[") else {
                    return pairs.append(try reader.string { Array($0) })
                }
                var pair: [UInt8] = []
                try reader.array { reader throws(JSONError) in
                    if !pair.isEmpty { pair.append(UInt8(ascii: " ")) }
                    try reader.string { pair += $0 }
                }
                pairs.append(pair)
            }
        }
        self.pairs = pairs
    }
}
