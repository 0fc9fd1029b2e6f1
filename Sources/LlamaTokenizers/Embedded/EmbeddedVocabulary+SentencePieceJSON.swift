extension EmbeddedVocabulary {
    /// Appends the members of a `tokenizer.json` that implement a vocabulary of SentencePiece, as in Hugging Face's
    /// `tokenizer.json` of Llama 2.
    ///
    /// - Throws: `.unsupportedVocabulary` if scores leave the order of merges open.
    func appendSentencePiece(to json: inout JSONBytes, file: String) throws(TokenizerError) {
        let mark = "\u{2581}"
        for (id, token) in tokens.enumerated() where kinds[id] == .userDefined {
            // Added tokens are found before spaces become marks.
            guard !String(decoding: token, as: UTF8.self).contains(mark) else {
                throw .unsupportedVocabulary(
                    file: file, expected: "user-defined tokens without marks for spaces",
                    found: "\"\(String(decoding: token, as: UTF8.self))\"")
            }
        }
        let merges = try mergesOfScores(file: file)
        let fallsBackToBytes = kinds.contains(.byte)
        json += #""normalizer":{"type":"Sequence","normalizers":["#
        if additions.spacePrefix { json += #"{"type":"Prepend","prepend":"\#(mark)"},"# }
        json += #"{"type":"Replace","pattern":{"String":" "},"content":"\#(mark)"}]},"pre_tokenizer":null,"#
        json += #""post_processor":"#
        json.bytes += specialTokenTemplate ?? Array("null".utf8)
        json += #","decoder":{"type":"Sequence","decoders":["#
        json += #"{"type":"Replace","pattern":{"String":"\#(mark)"},"content":" "},"#
        if fallsBackToBytes { json += #"{"type":"ByteFallback"},"# }
        json += #"{"type":"Fuse"}"#
        if additions.spacePrefix { json += #",{"type":"Strip","content":" ","start":1,"stop":0}"# }
        json += #"]},"model":{"type":"BPE","dropout":null,"unk_token":"#
        if let unknown = kinds.firstIndex(of: .unknown) {
            json.string(tokens[unknown])
        } else {
            json += "null"
        }
        json +=
            #","continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":true,"byte_fallback":"#
        json += fallsBackToBytes ? "true" : "false"
        json += #","ignore_merges":false,"#
        appendVocabulary(
            to: &json, kinds: [.normal, .byte, .control, .unknown, .userDefined], merges: merges)
    }

    /// Every pair of tokens that merges into a third: the highest score first, and of equal scores the longest left token
    /// first. The reverse of ``ScoresOfMerges``.
    private func mergesOfScores(file: String) throws(TokenizerError) -> [[UInt8]] {
        let texts = tokens.indices.map { kinds[$0] == .normal ? tokens[$0] : [] }
        var bounds: [UInt32] = [0]
        for text in texts { bounds.append((bounds.last ?? 0) + UInt32(text.count)) }
        let index = TokenIndex(bytes: Array(texts.joined()), bounds: bounds)
        var merges: [(id: Int, middle: Int)] = []
        for (id, text) in texts.enumerated() {
            // Only between characters.
            for middle in text.indices.dropFirst() where text[middle] & 0xC0 != 0x80 {
                let isPair =
                    index.id(of: Array(text[..<middle])) >= 0 && index.id(of: Array(text[middle...])) >= 0
                if isPair { merges.append((id, middle)) }
            }
        }
        merges.sort { first, second in
            if scores[first.id] != scores[second.id] { return scores[first.id] > scores[second.id] }
            if first.middle != second.middle { return first.middle > second.middle }
            return (texts[first.id].count, second.id) > (texts[second.id].count, first.id)
        }
        for (first, second) in zip(merges, merges.dropFirst()) {
            guard first.id != second.id, scores[first.id] == scores[second.id] else { continue }
            // Of equals the leftmost merges first, which is an order only in a run of one character.
            for (id, middle) in [first, second]
            where MergeOfRun(texts[id][..<middle], texts[id][middle...]) == nil {
                throw .unsupportedVocabulary(
                    file: file, expected: "a score of its own for every token that is merged",
                    found: "\(scores[id]) for tokens \(first.id) and \(second.id)")
            }
        }
        return merges.map { texts[$0.id][..<$0.middle] + [UInt8(ascii: " ")] + texts[$0.id][$0.middle...] }
    }
}
