import LlamaJSON

/// A `tokenizer.json` split into its vocabulary, its merges and its rules, which are not interpreted yet.
struct TokenizerJSON {
    /// Far above the largest known vocabulary.
    static let maximumID: Int32 = 1 << 22

    /// The members that hold rules, and `added_tokens`; those that are `null` are left out.
    private(set) var members: [String: JSONValue] = [:]
    /// The members of `model` other than `vocab` and `merges`.
    private(set) var modelMembers: [String: JSONValue] = [:]
    /// The entries of `model.vocab` in the order of the file.
    private(set) var vocabulary = BytePairVocabulary()
    /// The byte range of `model.merges` in the file; nil if it is missing.
    private(set) var merges: Range<Int>?
    private var hasOtherVocabulary = false

    init(_ text: UnsafeBufferPointer<UInt8>) throws(ComponentError) {
        do { try read(text) } catch { throw .invalid(error) }
        let model = try Component.checked { () throws(JSONError) in
            guard let type = modelMembers["type"] else { return "BPE" }
            return try type.string()
        }
        guard model == "BPE" else { throw .unsupported(found: model, path: "model") }
        guard !hasOtherVocabulary else {
            throw .invalid(.wrongType(path: "model.vocab", expected: "an object", found: "something else"))
        }
    }

    private mutating func read(_ text: UnsafeBufferPointer<UInt8>) throws(JSONError) {
        var reader = try JSONReader(text, limits: Self.limits)
        var hasModel = false
        try reader.object { reader, key throws(JSONError) in
            let key = String(decoding: key, as: UTF8.self)
            guard key == "model" else {
                guard Self.memberNames.contains(key) else {
                    _ = try reader.skip()
                    return
                }
                return try Self.read(&reader, text, key, path: key, into: &members)
            }
            if hasModel { throw .duplicateKey(key) }
            hasModel = true
            try readModel(&reader, text)
        }
        try reader.end()
        if !hasModel { throw .missingKey("model", path: "") }
    }

    private static let limits = JSONLimits(byteCount: TokenizerFile.maximumSize)
    /// A parsed tree needs many times the memory of its text.
    private static let memberLimits = JSONLimits(byteCount: 16 << 20)
    private static let memberNames: Set = [
        "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder",
    ]
    private static let modelMemberNames: Set = [
        "type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk",
        "byte_fallback",
        "ignore_merges",
    ]

    private mutating func readModel(
        _ reader: inout JSONReader, _ text: UnsafeBufferPointer<UInt8>
    ) throws(JSONError) {
        try reader.object { reader, key throws(JSONError) in
            let key = String(decoding: key, as: UTF8.self)
            switch (key, reader.peek()) {
            case ("vocab", UInt8(ascii: "{")):
                if vocabulary.count > 0 { throw .duplicateKey("model.vocab") }
                try readVocabulary(&reader)
            // A list belongs to another type of model, which `type` names.
            case ("vocab", _): hasOtherVocabulary = try !reader.skip().isEmpty
            case ("merges", _):
                if merges != nil { throw .duplicateKey("model.merges") }
                merges = try reader.skip()
            case _ where Self.modelMemberNames.contains(key):
                try Self.read(&reader, text, key, path: "model.\(key)", into: &modelMembers)
            default: _ = try reader.skip()
            }
        }
    }

    private static func read(
        _ reader: inout JSONReader, _ text: UnsafeBufferPointer<UInt8>, _ key: String, path: String,
        into members: inout [String: JSONValue]
    ) throws(JSONError) {
        let range = try reader.skip()
        let slice = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[range])
        if slice.elementsEqual("null".utf8) { return }
        if members[key] != nil { throw .duplicateKey(path) }
        do {
            members[key] = try JSONValue.parse(slice, limits: memberLimits, path: path)
        } catch {
            guard case .syntax(let what, let offset) = error else { throw error }
            throw .syntax(what, offset: range.lowerBound + offset)
        }
    }

    private mutating func readVocabulary(_ reader: inout JSONReader) throws(JSONError) {
        var vocabulary = BytePairVocabulary()
        // Saves most of the copies of a growing buffer.
        vocabulary.reserveCapacity(bytes: 1 << 20)
        try reader.object { reader, key throws(JSONError) in
            let id = try reader.int()
            guard (0..<Int(Self.maximumID)).contains(id) else {
                throw .wrongType(
                    path: "model.vocab", expected: "ids from 0 to \(Self.maximumID - 1)", found: "\(id)")
            }
            vocabulary.append(key, id: Int32(id))
        }
        self.vocabulary = vocabulary
    }
}
