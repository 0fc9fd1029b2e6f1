import LlamaJSON

/// `added_tokens` together with the vocabulary that they extend.
struct AddedTokenList {
    /// The tokens in the order of the file.
    let tokens: [AddedToken]
    /// The number of ids: one more than the greatest.
    let idCount: Int
    private let vocabulary: BytePairVocabulary
    private let model: BytePairModel

    init(
        _ value: JSONValue?, _ vocabulary: BytePairVocabulary, _ model: BytePairModel
    ) throws(ComponentError) {
        let elements = try Component.checked { () throws(JSONError) in try value?.array() ?? [] }
        var tokens: [AddedToken] = []
        for element in elements { tokens.append(try AddedToken(element)) }
        self.init(checked: tokens, vocabulary, model)
        try checkIDs(elements)
    }

    /// Tokens whose ids and spellings are known to fit the vocabulary.
    init(checked tokens: [AddedToken], _ vocabulary: BytePairVocabulary, _ model: BytePairModel) {
        (self.tokens, self.vocabulary, self.model) = (tokens, vocabulary, model)
        // No id at all makes a vocabulary of no tokens.
        idCount = 1 + Int((vocabulary.ids + tokens.map(\.id)).max() ?? -1)
    }

    /// Each id must be one token's, and a token of the vocabulary must keep its id when it is added.
    private func checkIDs(_ elements: [JSONValue]) throws(ComponentError) {
        var entries = [Int32](repeating: -1, count: idCount)
        for (entry, id) in vocabulary.ids.enumerated() {
            guard entries[Int(id)] < 0 else {
                let names = "\"\(vocabulary.name(Int(entries[Int(id)])))\" and \"\(vocabulary.name(entry))\""
                throw .invalid(
                    .wrongType(path: "model.vocab", expected: "each id once", found: "\(id) for \(names)"))
            }
            entries[Int(id)] = Int32(entry)
        }
        var seen: [[UInt8]: Int32] = [:]
        for (token, element) in zip(tokens, elements) {
            let name = String(decoding: token.content, as: UTF8.self)
            let entry = entries[Int(token.id)]
            let fits = entry < 0 || vocabulary.spelling(Int(entry)).elementsEqual(token.content)
            guard fits, seen.updateValue(token.id, forKey: token.content) ?? token.id == token.id else {
                throw .invalid(
                    .wrongType(
                        path: element.path, expected: "an id of its own for \"\(name)\"", found: "\(token.id)"
                    ))
            }
        }
    }

    /// The id of a token by its spelling.
    func id(of spelling: [UInt8]) -> Int32? {
        if let token = tokens.first(where: { $0.content == spelling }) { return token.id }
        let entry = model.options.isByteLevel ? TokenIndex.none : model.index.id(of: spelling)
        return entry < 0 ? nil : model.ids[Int(entry)]
    }

    /// The text of every token, and the names of those that have no text or stand for a byte.
    func table(
        _ normalizers: [TextNormalizer], _ rules: DecoderRules
    ) throws(ComponentError) -> (TokenTable, names: [Int32: [UInt8]]) {
        var entries = [Int32](repeating: -1, count: idCount)
        for (entry, id) in vocabulary.ids.enumerated() { entries[Int(id)] = Int32(entry) }
        let added = Dictionary(tokens.map { ($0.id, $0) }) { first, _ in first }
        var table = TokenTable()
        var names: [Int32: [UInt8]] = [:]
        for id in 0..<Int32(idCount) {
            let spelling: ArraySlice<UInt8>
            if let token = added[id] {
                spelling = token.spelling(normalizers)[...]
            } else if entries[Int(id)] >= 0 {
                spelling = vocabulary.spelling(Int(entries[Int(id)]))
            } else {
                table.append([], kind: .unused)
                continue
            }
            let token = added[id]
            let (bytes, isByte) = try rules.text(of: spelling)
            let isSpecial = token?.isSpecial == true
            let kind: TokenKind =
                id == model.unknownID
                ? .unknown : isSpecial ? .control : isByte ? .byte : token != nil ? .userDefined : .normal
            if kind != .normal, kind != .userDefined { names[id] = token?.content ?? Array(spelling) }
            let marksSpace = !rules.mark.isEmpty && spelling.contains(rules.mark)
            table.append(isSpecial ? [] : bytes, kind: kind, marksLeadingSpace: marksSpace)
        }
        return (table, names)
    }
}
