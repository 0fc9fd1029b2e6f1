import LlamaCheckpoints

extension EmbeddedVocabulary {
    fileprivate static let prefix = "tokenizer.ggml."

    /// The vocabulary that a GGUF file has under `tokenizer.ggml`.
    ///
    /// What the file leaves out is what llama.cpp assumes: ids 0, 1 and 2 for the reserved tokens of SentencePiece, and
    /// BOS for its vocabularies and Llama 3's. `makeTokenizer(file:)` checks the values against each other.
    ///
    /// - Throws: `.noVocabulary` if the file has none, `.invalidGGUF` for a value of the wrong type,
    ///   `.malformedVocabulary` for a value out of range, `.unsupportedVocabulary` for a model of another kind.
    package init(_ metadata: GGUFMetadata) throws(TokenizerError) {
        let values = VocabularyMetadata(metadata)
        guard let name = try values.string("model"), name != GGUFMetadata.noVocabulary.value, name != "none"
        else { throw .noVocabulary(file: metadata.file) }
        guard let model = Model(rawValue: name) else {
            throw .unsupportedVocabulary(
                file: metadata.file, expected: "a vocabulary of model llama or gpt2",
                found: "one of model \(name)")
        }
        guard let tokens = try values.strings("tokens") else {
            throw values.malformed("tokens", "they are missing")
        }
        let isSentencePiece = model == .sentencePiece
        let preTokenizer = try values.string("pre") ?? "default"
        self.init(
            model: model, preTokenizer: preTokenizer, tokens: tokens,
            scores: try values.floats("scores") ?? [],
            kinds: try values.kinds(), merges: isSentencePiece ? [] : try values.strings("merges") ?? [],
            specialIDs: try values.specialIDs(model, tokenCount: tokens.count),
            additions: Additions(
                bos: try values.bool("add_bos_token")
                    ?? (isSentencePiece || PreTokenizer(name: preTokenizer)?.ignoresMerges == true),
                eos: try values.bool("add_eos_token") ?? false,
                spacePrefix: try values.bool("add_space_prefix") ?? isSentencePiece))
    }

    /// The key-values of a GGUF file with this vocabulary, in the order and with the types of llama.cpp's tools.
    package var metadata: [GGUFMetadata.Entry] {
        var entries: [GGUFMetadata.Entry] = [
            ("model", .text(model.rawValue)), ("pre", .text(preTokenizer)),
            ("tokens", .array(.string(GGUFStrings(tokens)))),
        ]
        if !scores.isEmpty, model == .sentencePiece { entries.append(("scores", .array(.float32(scores)))) }
        if !kinds.isEmpty { entries.append(("token_type", .array(.int32(kinds.map { Int32($0.rawValue) })))) }
        if model == .byteLevel { entries.append(("merges", .array(.string(GGUFStrings(merges))))) }
        for (key, id) in specialIDs.byKey where id >= 0 { entries.append((key, .uint32(UInt32(id)))) }
        entries += [("add_bos_token", .bool(additions.bos)), ("add_eos_token", .bool(additions.eos))]
        if model == .sentencePiece { entries.append(("add_space_prefix", .bool(additions.spacePrefix))) }
        return entries.map { (Self.prefix + $0.key, $0.value) }
    }
}

/// Reads values under `tokenizer.ggml`; each is nil if the file does not have it.
private struct VocabularyMetadata {
    private let metadata: GGUFMetadata

    init(_ metadata: GGUFMetadata) { self.metadata = metadata }

    func string(_ key: String) throws(TokenizerError) -> String? {
        try read(key) { key throws(CheckpointError) in try metadata.string(key) }
    }

    func strings(_ key: String) throws(TokenizerError) -> [[UInt8]]? {
        try read(key) { key throws(CheckpointError) in try metadata.strings(key) }?.map(Array.init)
    }

    func floats(_ key: String) throws(TokenizerError) -> [Float]? {
        try read(key) { key throws(CheckpointError) in try metadata.floats(key) }
    }

    func bool(_ key: String) throws(TokenizerError) -> Bool? {
        try read(key) { key throws(CheckpointError) in try metadata.bool(key) }
    }

    /// The kinds of the tokens. A type of 0 is undefined, and means what the first files meant, which had no types: text.
    func kinds() throws(TokenizerError) -> [TokenKind] {
        let types = try read("token_type") { key throws(CheckpointError) in try metadata.ints(key) }
        var kinds: [TokenKind] = []
        for (id, type) in (types ?? []).enumerated() {
            guard let kind = UInt8(exactly: type == 0 ? 1 : type).flatMap(TokenKind.init(rawValue:)) else {
                throw malformed("token_type[\(id)]", "there is no type \(type)")
            }
            kinds.append(kind)
        }
        return kinds
    }

    func specialIDs(
        _ model: EmbeddedVocabulary.Model, tokenCount: Int
    ) throws(TokenizerError) -> EmbeddedVocabulary.SpecialIDs {
        var ids = EmbeddedVocabulary.SpecialIDs()
        if model == .sentencePiece, tokenCount > 2 { (ids.unknown, ids.bos, ids.eos) = (0, 1, 2) }
        for (key, id) in EmbeddedVocabulary.SpecialIDs.keys {
            guard let value = try read(key, { key throws(CheckpointError) in try metadata.int(key) }) else {
                continue
            }
            guard value < tokenCount, value >= 0, let number = Int32(exactly: value) else {
                throw malformed(key, "there is no token \(value)")
            }
            ids[keyPath: id] = number
        }
        return ids
    }

    func malformed(_ key: String, _ what: String) -> TokenizerError {
        .malformedVocabulary(file: metadata.file, what: what, at: EmbeddedVocabulary.prefix + key)
    }

    private func read<Value>(
        _ key: String, _ body: (String) throws(CheckpointError) -> Value?
    ) throws(TokenizerError) -> Value? {
        do { return try body(EmbeddedVocabulary.prefix + key) } catch { throw .invalidGGUF(error) }
    }
}
