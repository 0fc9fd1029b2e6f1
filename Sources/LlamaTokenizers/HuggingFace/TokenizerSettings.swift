import LlamaJSON

/// The settings of the files beside a `tokenizer.json`: `tokenizer_config.json`,
/// `special_tokens_map.json` and `generation_config.json`.
package struct TokenizerSettings: Sendable, Hashable {
    /// The spelling of the token that begins a sequence.
    package var bosToken: String?
    /// The spelling of the token that ends a sequence.
    package var eosToken: String?
    /// The spelling of the token that fills unused positions of a batch.
    package var padToken: String?
    /// Whether a text begins with `bosToken`; nil to follow the `tokenizer.json`.
    package var addsBOS: Bool?
    /// The tokens that end a generation, by `generation_config.json`.
    package var stopTokens: Set<Int32> = []

    /// No settings.
    package init() {}

    /// Reads those of the files that a folder has.
    ///
    /// - Throws: `.invalidJSON` for one that is malformed, and the errors of one that cannot be read.
    package init(folder: String) throws(TokenizerError) {
        // The older file is read first, so that the newer overrides it.
        for name in ["special_tokens_map.json", "tokenizer_config.json", "generation_config.json"] {
            let path = folder + "/" + name
            guard let file = try TokenizerFile(optional: path) else { continue }
            do { try read(file.bytes) } catch { throw error.inFile(path) }
        }
    }

    /// The JSON object of such a file.
    static func root(_ bytes: [UInt8]) throws(ComponentError) -> JSONValue {
        try Component.checked { () throws(JSONError) in
            // A chat template may be long, a table of added tokens longer.
            let value = try bytes.withUnsafeBufferPointer { bytes throws(JSONError) in
                try JSONValue.parse(
                    UnsafeRawBufferPointer(bytes),
                    limits: JSONLimits(byteCount: 16 << 20, allowsDuplicateKeys: true))
            }
            guard value.isObject else {
                throw .wrongType(path: "", expected: "an object", found: value.excerpt)
            }
            return value
        }
    }

    private mutating func read(_ bytes: [UInt8]) throws(ComponentError) {
        let value = try Self.root(bytes)
        try Component.checked { () throws(JSONError) in
            bosToken = try Self.token(value["bos_token"]) ?? bosToken
            eosToken = try Self.token(value["eos_token"]) ?? eosToken
            padToken = try Self.token(value["pad_token"]) ?? padToken
            addsBOS = try value["add_bos_token"]?.bool() ?? addsBOS
            if let ids = value["eos_token_id"] {
                for id in ids.isArray ? try ids.ints() : [try ids.int()] {
                    if let id = Int32(exactly: id) { stopTokens.insert(id) }
                }
            }
        }
    }

    /// A token in these files: its spelling, or an object with its `content`.
    private static func token(_ value: JSONValue?) throws(JSONError) -> String? {
        guard let value else { return nil }
        return value.isObject ? try value.member("content").string() : try value.string()
    }
}
