/// The tokenizer of a vocabulary in a checkpoint: the ids are its base's, the special tokens those that the checkpoint
/// names.
struct EmbeddedTokenizer<Base: Tokenizer>: Tokenizer {
    let vocabularySize: Int
    let bosID: Int32?
    let eosID: Int32?
    let padID: Int32?
    let stopTokens: Set<Int32>
    let addsBOS: Bool

    private let base: Base
    /// The names of unused tokens, which the base does not have.
    private let unusedNames: [Int32: [UInt8]]

    /// - Parameters:
    ///   - base: a tokenizer with the same ids.
    ///   - vocabulary: the vocabulary, checked.
    init(_ base: Base, _ vocabulary: EmbeddedVocabulary) {
        self.base = base
        vocabularySize = vocabulary.tokens.count
        let ids = vocabulary.specialIDs
        (bosID, eosID, padID) = (ids.bos, ids.eos, ids.pad)
        addsBOS = vocabulary.additions.bos && ids.bos != nil
        let named = [ids.eos, ids.eot, ids.eom].compactMap { $0 }
        // Older files have no key for the end of a turn.
        let spelled = StopTokens.controlTokens(count: vocabulary.tokens.count) { id in
            vocabulary.kinds[Int(id)] == .control ? vocabulary.tokens[Int(id)] : nil
        }
        stopTokens = Set(named + spelled)
        var unusedNames: [Int32: [UInt8]] = [:]
        for (id, token) in vocabulary.tokens.enumerated() where vocabulary.kinds[id] == .unused {
            unusedNames[Int32(id)] = token
        }
        self.unusedNames = unusedNames
    }

    func encode(_ text: String, specials: SpecialTokens, addBOS: Bool) -> [Int32] {
        var ids = base.encode(text, specials: specials, addBOS: false)
        if addBOS, let bosID, ids.first != bosID { ids.insert(bosID, at: 0) }
        return ids
    }

    func decode(_ ids: [Int32]) -> String { base.decode(ids) }

    func bytes(of id: Int32) -> [UInt8] { base.bytes(of: id) }

    func kind(of id: Int32) -> TokenKind? { unusedNames[id] == nil ? base.kind(of: id) : .unused }

    func spelling(of id: Int32) -> [UInt8] {
        let spelling = base.spelling(of: id)
        return spelling.isEmpty ? unusedNames[id] ?? [] : spelling
    }

    func makeStreamingDecoder(prompt: [Int32]) -> StreamingDecoder {
        base.makeStreamingDecoder(prompt: prompt)
    }
}
