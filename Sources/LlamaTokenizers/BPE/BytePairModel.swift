import LlamaJSON

/// Byte-pair encoding: the ids of characters, and what pairs merge into (the model of a `tokenizer.json` of type
/// `BPE`).
struct BytePairModel: Sendable {
    /// The tokens' ids by their bytes: the spelling, or in a byte-level model what it stands for.
    let index: TokenIndex
    /// The ids of the entries that `index` numbers.
    let ids: [Int32]
    let merges: MergeTable
    /// The pairs of scalars at which some merge joins two symbols: between any others a text can be cut.
    let joints: MergeTable
    /// Whether a piece that is a token is never cut (`ignore_merges`).
    let ignoresMerges: Bool
    /// Whether the symbols are bytes rather than characters.
    let isByteLevel: Bool
    /// The tokens of bytes: the symbols of a byte-level model, the fallback of another (`<0x0A>`); -1 where there
    /// is none.
    let bytes: [Int32]
    /// Whether a character without a token is spelled in bytes.
    let fallsBackToBytes: Bool
    /// What stands for a character that cannot be spelled; without it, nothing does.
    let unknownID: Int32?
    /// Whether one unknown token stands for any number of such characters.
    let fusesUnknown: Bool
}

extension BytePairModel {
    init(
        _ file: TokenizerJSON, _ text: UnsafeBufferPointer<UInt8>, isByteLevel: Bool
    ) throws(ComponentError) {
        let vocabulary = file.vocabulary
        let spellings = TokenIndex(bytes: vocabulary.bytes, bounds: vocabulary.bounds)
        if let duplicate = spellings.duplicate {
            throw .invalid(.duplicateKey("model.vocab." + vocabulary.name(Int(duplicate.id))))
        }
        let parts = file.modelParts
        self.isByteLevel = isByteLevel
        ids = vocabulary.ids
        let index = isByteLevel ? TokenIndex(vocabulary.byteLevel) : spellings
        self.index = index
        (ignoresMerges, fusesUnknown, fallsBackToBytes) = try Component.checked { () throws(JSONError) in
            (
                try parts["ignore_merges"]?.bool() ?? false, try parts["fuse_unk"]?.bool() ?? false,
                try parts["byte_fallback"]?.bool() ?? false
            )
        }
        try Self.refuseWhatChangesPieces(parts)
        bytes = (0..<256).map { byte in
            let name = isByteLevel ? [UInt8(byte)] : Array(UInt8(byte).fallbackName.utf8)
            let entry = index.id(of: name)
            return entry < 0 ? -1 : vocabulary.ids[Int(entry)]
        }
        unknownID = try Component.checked { () throws(JSONError) in
            guard let value = parts["unk_token"] else { return nil }
            let entry = spellings.id(of: try value.utf8())
            guard entry >= 0 else {
                throw .wrongType(
                    path: value.path, expected: "a token of the vocabulary", found: value.excerpt)
            }
            return vocabulary.ids[Int(entry)]
        }
        do {
            (merges, joints) = try MergeList(vocabulary, spellings, isByteLevel: isByteLevel).read(
                text, file.merges)
        } catch { throw .invalid(error) }
    }

    private static func refuseWhatChangesPieces(_ parts: [String: JSONValue]) throws(ComponentError) {
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            guard let value = parts[key] else { continue }
            let text = try Component.checked { () throws(JSONError) in try value.string() }
            if !text.isEmpty { throw .unsupported(found: "\(key) \"\(text)\"", place: value.path) }
        }
        if let value = parts["dropout"] {
            let rate = try Component.checked { () throws(JSONError) in try value.double() }
            if rate != 0 { throw .unsupported(found: "a dropout of \(rate)", place: value.path) }
        }
    }
}

extension TokenIndex {
    /// The id of a token by its bytes, or `none`.
    func id(of bytes: [UInt8]) -> Int32 {
        bytes.withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { id(of: $0, count: bytes.count) } ?? Self.none
        }
    }
}

extension UInt8 {
    /// What vocabularies call the token of this byte, such as `<0x0A>`.
    var fallbackName: String {
        let digits = String(self, radix: 16, uppercase: true)
        return "<0x" + (digits.count == 1 ? "0" : "") + digits + ">"
    }
}

extension TokenizerJSON.Vocabulary {
    /// An entry's spelling, for a message.
    func name(_ entry: Int) -> String { String(decoding: spelling(entry), as: UTF8.self) }

    /// The bytes that the spellings of a byte-level vocabulary stand for; none for one with other characters, which
    /// no text can reach.
    fileprivate var byteLevel: TokenTable {
        var table = TokenTable()
        var token: [UInt8] = []
        bytes.withUnsafeBufferPointer { bytes in
            for entry in 0..<count {
                token.removeAll(keepingCapacity: true)
                let spelling = UnsafeBufferPointer(
                    rebasing: bytes[Int(bounds[entry])..<Int(bounds[entry + 1])])
                let isSpelled = ByteAlphabet.bytes(spelledBy: spelling, into: &token)
                table.append(isSpelled ? token : [], kind: .normal)
            }
        }
        return table
    }
}
