import LlamaJSON

/// What a `tokenizer.json` says, its rules not yet understood.
struct TokenizerJSON {
    /// No vocabulary is near that large.
    static let maximumID: Int32 = 1 << 22

    /// The members that hold a rule, and `added_tokens`; absent where they are `null`.
    private(set) var parts: [String: JSONValue] = [:]
    /// The small members of `model`.
    private(set) var modelParts: [String: JSONValue] = [:]
    private(set) var vocabulary = Vocabulary()
    /// Where `model.merges` stands in the file; nil where it is missing.
    private(set) var merges: Range<Int>?
    private var hasOtherVocabulary = false

    /// The entries of `model.vocab` in the order of the file.
    struct Vocabulary {
        /// The spellings, one after the other.
        var bytes: [UInt8] = []
        /// Where each ends, after a 0.
        var bounds: [UInt32] = [0]
        var ids: [Int32] = []

        var count: Int { ids.count }

        /// An entry's spelling.
        func spelling(_ entry: Int) -> ArraySlice<UInt8> {
            bytes[Int(bounds[entry])..<Int(bounds[entry + 1])]
        }
    }

    init(_ text: UnsafeBufferPointer<UInt8>) throws(ComponentError) {
        do { try read(text) } catch { throw .invalid(error) }
        let model = try Component.checked { () throws(JSONError) in
            guard let type = modelParts["type"] else { return "BPE" }
            return try type.string()
        }
        guard model == "BPE" else { throw .unsupported(found: model, place: "model") }
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
                guard Self.partNames.contains(key) else {
                    _ = try reader.skip()
                    return
                }
                return try Self.read(&reader, text, key, path: key, into: &parts)
            }
            if hasModel { throw .duplicateKey(key) }
            hasModel = true
            try readModel(&reader, text)
        }
        try reader.end()
        if !hasModel { throw .missingKey("model", path: "") }
    }

    private static let limits = JSONLimits(byteCount: TokenizerFile.maximumSize)
    /// A tree takes many times the memory of its text.
    private static let partLimits = JSONLimits(byteCount: 16 << 20)
    private static let partNames: Set = [
        "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder",
    ]
    private static let modelPartNames: Set = [
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
            // The list of another kind of model, which its type will tell.
            case ("vocab", _): hasOtherVocabulary = try !reader.skip().isEmpty
            case ("merges", _):
                if merges != nil { throw .duplicateKey("model.merges") }
                merges = try reader.skip()
            case _ where Self.modelPartNames.contains(key):
                try Self.read(&reader, text, key, path: "model.\(key)", into: &modelParts)
            default: _ = try reader.skip()
            }
        }
    }

    private static func read(
        _ reader: inout JSONReader, _ text: UnsafeBufferPointer<UInt8>, _ key: String, path: String,
        into parts: inout [String: JSONValue]
    ) throws(JSONError) {
        let range = try reader.skip()
        let slice = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[range])
        if slice.elementsEqual("null".utf8) { return }
        if parts[key] != nil { throw .duplicateKey(path) }
        do {
            parts[key] = try JSONValue.parse(slice, limits: partLimits, path: path)
        } catch {
            guard case .syntax(let what, let offset) = error else { throw error }
            throw .syntax(what, offset: range.lowerBound + offset)
        }
    }

    private mutating func readVocabulary(_ reader: inout JSONReader) throws(JSONError) {
        var vocabulary = Vocabulary()
        // A quarter of the file at most; growing by halves would copy it many times.
        vocabulary.bytes.reserveCapacity(1 << 20)
        try reader.object { reader, key throws(JSONError) in
            vocabulary.bytes.append(contentsOf: key)
            vocabulary.bounds.append(UInt32(vocabulary.bytes.count))
            let id = try reader.int()
            guard (0..<Int(Self.maximumID)).contains(id) else {
                throw .wrongType(
                    path: "model.vocab", expected: "ids from 0 to \(Self.maximumID - 1)", found: "\(id)")
            }
            vocabulary.ids.append(Int32(id))
        }
        self.vocabulary = vocabulary
    }
}
