extension EmbeddedVocabulary {
    /// A value of a GGUF file's metadata, of the type that llama.cpp's tools write it with.
    package enum MetadataValue: Sendable, Hashable {
        /// A string.
        case string(String)
        /// An array of strings, in UTF-8.
        case strings([[UInt8]])
        /// An array of 32-bit floats.
        case floats([Float])
        /// An array of signed 32-bit integers.
        case int32s([Int32])
        /// An unsigned 32-bit integer.
        case uint32(UInt32)
        /// A truth value.
        case bool(Bool)
    }

    /// The vocabulary that a file's metadata hold under `tokenizer.ggml`.
    ///
    /// What the metadata leave out is what llama.cpp takes for granted: ids 0, 1 and 2 for the reserved tokens of
    /// SentencePiece, and BOS for its vocabularies and Llama 3's.
    ///
    /// - Parameters:
    ///   - file: what errors call the metadata.
    ///   - string: the string under a key, nil where there is none; so are the others.
    ///   - strings: arrays of strings, in UTF-8.
    ///   - floats: arrays of numbers.
    ///   - ints: arrays of whole numbers.
    ///   - int: whole numbers.
    ///   - bool: truth values.
    /// - Throws: what the closures throw, `.malformedVocabulary`, and `.unsupportedVocabulary` for a model of
    ///   another kind. The parts are checked against each other by `makeTokenizer(file:)`.
    package init(
        file: String, string: (String) throws -> String?, strings: (String) throws -> [[UInt8]]?,
        floats: (String) throws -> [Float]?, ints: (String) throws -> [Int]?, int: (String) throws -> Int?,
        bool: (String) throws -> Bool?
    ) throws {
        guard let name = try string(Self.prefix + "model") else {
            throw TokenizerError.malformedVocabulary(
                file: file, what: "it is missing", place: Self.prefix + "model")
        }
        guard let model = Model(rawValue: name) else {
            throw TokenizerError.unsupportedVocabulary(
                file: file, expected: "a vocabulary of model llama or gpt2", found: "one of model \(name)")
        }
        guard let tokens = try strings(Self.prefix + "tokens") else {
            throw TokenizerError.malformedVocabulary(
                file: file, what: "they are missing", place: Self.prefix + "tokens")
        }
        let isSentencePiece = model == .sentencePiece
        let preTokenizer = try string(Self.prefix + "pre") ?? "default"
        func id(_ key: String, default fallback: Int32? = nil) throws -> Int32? {
            guard let value = try int(Self.prefix + key) else {
                return isSentencePiece && tokens.count > 2 ? fallback : nil
            }
            guard let id = Int32(exactly: value), tokens.indices.contains(value) else {
                throw TokenizerError.malformedVocabulary(
                    file: file, what: "there is no token \(value)", place: Self.prefix + key)
            }
            return id
        }
        self.init(
            model: model, preTokenizer: preTokenizer, tokens: tokens,
            scores: try floats(Self.prefix + "scores") ?? [],
            kinds: try Self.kinds(try ints(Self.prefix + "token_type"), file: file),
            merges: isSentencePiece ? [] : try strings(Self.prefix + "merges") ?? [],
            bosID: try id("bos_token_id", default: 1), eosID: try id("eos_token_id", default: 2),
            eotID: try id("eot_token_id"), eomID: try id("eom_token_id"),
            unknownID: try id("unknown_token_id", default: 0), padID: try id("padding_token_id"),
            addsBOS: try bool(Self.prefix + "add_bos_token")
                ?? (isSentencePiece || PreTokenizer(name: preTokenizer)?.ignoresMerges == true),
            addsEOS: try bool(Self.prefix + "add_eos_token") ?? false,
            addsSpacePrefix: try bool(Self.prefix + "add_space_prefix") ?? isSentencePiece)
    }

    private static let prefix = "tokenizer.ggml."

    /// The metadata of a file that holds the vocabulary, in the order in which llama.cpp's tools write them.
    package var metadata: [(key: String, value: MetadataValue)] {
        var values: [(key: String, value: MetadataValue)] = [
            ("model", .string(model.rawValue)), ("pre", .string(preTokenizer)), ("tokens", .strings(tokens)),
        ]
        if !scores.isEmpty, model == .sentencePiece { values.append(("scores", .floats(scores))) }
        if !kinds.isEmpty { values.append(("token_type", .int32s(kinds.map { Int32($0.rawValue) }))) }
        if model == .byteLevel { values.append(("merges", .strings(merges))) }
        let ids = [
            ("bos_token_id", bosID), ("eos_token_id", eosID), ("eot_token_id", eotID),
            ("eom_token_id", eomID), ("unknown_token_id", unknownID), ("padding_token_id", padID),
        ]
        for case (let key, let id?) in ids where id >= 0 { values.append((key, .uint32(UInt32(id)))) }
        values += [("add_bos_token", .bool(addsBOS)), ("add_eos_token", .bool(addsEOS))]
        if model == .sentencePiece { values.append(("add_space_prefix", .bool(addsSpacePrefix))) }
        return values.map { (Self.prefix + $0.key, $0.value) }
    }

    /// A type of 0 is undefined, and means what the first files meant, which had none: text.
    private static func kinds(_ types: [Int]?, file: String) throws(TokenizerError) -> [TokenKind] {
        var kinds: [TokenKind] = []
        for (id, type) in (types ?? []).enumerated() {
            guard let kind = UInt8(exactly: type == 0 ? 1 : type).flatMap(TokenKind.init(rawValue:))
            else {
                throw .malformedVocabulary(
                    file: file, what: "there is no type \(type)", place: "\(prefix)token_type[\(id)]")
            }
            kinds.append(kind)
        }
        return kinds
    }
}
