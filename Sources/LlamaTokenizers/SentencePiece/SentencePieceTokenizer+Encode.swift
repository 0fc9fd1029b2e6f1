extension SentencePieceTokenizer {
    /// The ids of a text.
    ///
    /// The text between two control tokens is encoded on its own, with the space in front that the model adds to every
    /// text, as in Meta's chat formats and Hugging Face's `tokenizer.json` of these models. User-defined pieces are text and
    /// are always found.
    ///
    /// The BPE models of Llama 1 and 2 are encoded here (`SentencePiecePairs`), any other by libsentencepiece.
    /// If the library fails (on more than 512 MiB) the text is spelled in bytes, or is one unknown token if the vocabulary
    /// has no bytes.
    package func encode(_ text: String, specials: SpecialTokens, addBOS: Bool) -> [Int32] {
        var text = text
        var ids = text.withUTF8 { utf8 in
            var ids: [Int32] = []
            var start = 0
            for match in controlTokens.matches(in: utf8, allowing: specials) {
                ids += encodePlain(UnsafeBufferPointer(rebasing: utf8[start..<match.range.lowerBound]))
                ids.append(match.id)
                start = match.range.upperBound
            }
            return ids + encodePlain(UnsafeBufferPointer(rebasing: utf8[start...]))
        }
        if addBOS, let bosID, ids.first != bosID { ids.insert(bosID, at: 0) }
        return ids
    }

    private func encodePlain(_ text: UnsafeBufferPointer<UInt8>) -> [Int32] {
        if text.isEmpty { return [] }
        if let pairs { return encode(text, pairs) }
        guard var ids = processor.encode(text) else { return spelledInBytes(text) }
        // The library finds a control piece of a single character like any other piece.
        for index in ids.indices where table.kind(of: ids[index]) == .control {
            ids[index] = unknownID ?? ids[index]
        }
        return ids
    }

    private func encode(_ text: UnsafeBufferPointer<UInt8>, _ pairs: BytePairModel) -> [Int32] {
        let mark: [UInt8] = Array("\u{2581}".utf8)
        var marked = addsDummyPrefix ? mark : []
        marked.reserveCapacity(text.count + text.count / 2)
        for byte in text {
            if byte == UInt8(ascii: " ") { marked.append(contentsOf: mark) } else { marked.append(byte) }
        }
        return pairs.merges.withLookup { merges in
            pairs.joints.withLookup { joints in
                var run = EncodingRun(splits: [], model: pairs, merges: merges, joints: joints)
                marked.withUnsafeBufferPointer { run.append($0, isFirst: true) }
                return run.ids
            }
        }
    }

    private func spelledInBytes(_ text: UnsafeBufferPointer<UInt8>) -> [Int32] {
        var idOfByte: [UInt8: Int32] = [:]
        for id in 0..<Int32(vocabularySize) where table.kind(of: id) == .byte {
            for byte in table.bytes(of: id) { idOfByte[byte] = id }
        }
        let ids = text.compactMap { idOfByte[$0] }
        return ids.count == text.count ? ids : unknownID.map { [$0] } ?? []
    }
}
