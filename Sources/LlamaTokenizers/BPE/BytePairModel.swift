/// Byte-pair encoding: the ids of characters or bytes, and what pairs of tokens merge into.
struct BytePairModel: Sendable {
    /// How a model spells a text and merges the symbols.
    struct Options: Sendable {
        /// Whether the symbols are bytes rather than characters.
        var isByteLevel = false
        /// Whether a word that is a token is never merged from symbols (`ignore_merges`).
        var ignoresMerges = false
        /// Whether a character without a token is spelled in bytes.
        var fallsBackToBytes = false
        /// Whether one unknown token stands for a run of characters that cannot be spelled.
        var fusesUnknown = false
    }

    let options: Options
    /// Entries of the vocabulary by the bytes of the text that they stand for; `ids` has their ids.
    let index: TokenIndex
    let ids: [Int32]
    let merges: MergeTable
    /// The pairs of scalars that some merge joins; a text can be cut between any others. Empty in a byte-level model.
    let joints: MergeTable
    /// The ids of the tokens for single bytes (`<0x0A>`, or one character in a byte-level model); -1 where there is none.
    let bytes: [Int32]
    /// The token for a character that cannot be spelled; nil to leave such characters out.
    let unknownID: Int32?
}

extension BytePairModel {
    /// A model whose tokens for bytes are found by their spellings.
    init(
        _ vocabulary: BytePairVocabulary, spellings: TokenIndex, merges: MergeTable, joints: MergeTable,
        options: Options, unknownID: Int32?
    ) {
        let index = options.isByteLevel ? vocabulary.byteLevelIndex : spellings
        self.init(
            options: options, index: index, ids: vocabulary.ids, merges: merges, joints: joints,
            bytes: (0..<256).map { byte in
                let name = options.isByteLevel ? [UInt8(byte)] : Array(UInt8(byte).fallbackName.utf8)
                let entry = index.id(of: name)
                return entry < 0 ? -1 : vocabulary.ids[Int(entry)]
            },
            unknownID: unknownID)
    }
}

extension UInt8 {
    /// What vocabularies call the token of this byte, such as `<0x0A>`.
    var fallbackName: String {
        let digits = String(self, radix: 16, uppercase: true)
        return "<0x" + (digits.count == 1 ? "0" : "") + digits + ">"
    }
}
