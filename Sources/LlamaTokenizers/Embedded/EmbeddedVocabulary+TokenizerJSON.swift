extension EmbeddedVocabulary {
    /// A `tokenizer.json` that Hugging Face's tokenizers load, with the same ids.
    ///
    /// Unused tokens are left out.
    ///
    /// - Parameter file: what errors call the vocabulary.
    /// - Throws: `.malformedVocabulary`, and `.unsupportedVocabulary` for a `preTokenizer` that is not known or a
    ///   vocabulary of SentencePiece whose scores leave the order of merges open.
    package func tokenizerJSONFile(file: String) throws(TokenizerError) -> [UInt8] {
        try checked(file: file).tokenizerJSON(file: file)
    }

    private func tokenizerJSON(file: String) throws(TokenizerError) -> [UInt8] {
        var json = JSONBytes()
        json += #"{"version":"1.0","truncation":null,"padding":null,"added_tokens":["#
        appendAddedTokens(to: &json)
        json += "],"
        switch model {
        case .sentencePiece: try appendSentencePiece(to: &json, file: file)
        case .byteLevel: try appendByteLevel(to: &json, file: file)
        }
        json += "}"
        return json.bytes
    }

    private func appendByteLevel(to json: inout JSONBytes, file: String) throws(TokenizerError) {
        let rules = try knownPreTokenizer(file: file)
        json += #""normalizer":null,"pre_tokenizer":{"type":"Sequence","pretokenizers":["#
        for (index, rule) in rules.rules.enumerated() {
            if index > 0 { json += "," }
            rule.append(to: &json)
        }
        json += #"]},"post_processor":"#
        appendPostProcessor(to: &json)
        json +=
            #","decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},"#
        json += #""model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"#
        json += #""end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":"#
        json += rules.ignoresMerges ? "true," : "false,"
        appendVocabulary(to: &json, kinds: [.normal, .byte], merges: merges)
    }

    /// Appends the last members of `model`, and its end.
    func appendVocabulary(to json: inout JSONBytes, kinds included: Set<TokenKind>, merges: [[UInt8]]) {
        json += #""vocab":{"#
        var isFirst = true
        for (id, token) in tokens.enumerated() where included.contains(kinds[id]) {
            if !isFirst { json += "," }
            json.string(token)
            json += ":\(id)"
            isFirst = false
        }
        json += #"},"merges":["#
        for (rank, merge) in merges.enumerated() {
            if rank > 0 { json += "," }
            json.string(merge)
        }
        json += "]}"
    }

    private func appendAddedTokens(to json: inout JSONBytes) {
        var isFirst = true
        for (id, token) in tokens.enumerated() {
            guard [.control, .userDefined, .unknown].contains(kinds[id]) else { continue }
            if !isFirst { json += "," }
            json += #"{"id":\#(id),"content":"#
            json.string(token)
            json += #","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":"#
            json += kinds[id] == .userDefined ? "false}" : "true}"
            isFirst = false
        }
    }

    private func appendPostProcessor(to json: inout JSONBytes) {
        let byteLevel = #"{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":false,"use_regex":true}"#
        guard let template = specialTokenTemplate else {
            json += byteLevel
            return
        }
        json += #"{"type":"Sequence","processors":[\#(byteLevel),"#
        json.bytes += template
        json += "]}"
    }

    /// The rule that puts BOS before a text and EOS after it; nil if neither is added.
    var specialTokenTemplate: [UInt8]? {
        let before = additions.bos ? specialIDs.bos : nil
        let after = additions.eos ? specialIDs.eos : nil
        if before == nil, after == nil { return nil }
        func pieces(_ sequence: String, _ type: Int) -> [[UInt8]] {
            let text = Array(#"{"Sequence":{"id":"\#(sequence)","type_id":\#(type)}}"#.utf8)
            func special(_ id: Int32) -> [UInt8] {
                var piece = JSONBytes()
                piece += #"{"SpecialToken":{"id":"#
                piece.string(tokens[Int(id)])
                piece += #","type_id":\#(type)}}"#
                return piece.bytes
            }
            return (before.map { [special($0)] } ?? []) + [text] + (after.map { [special($0)] } ?? [])
        }
        func list(_ elements: [[UInt8]]) -> [UInt8] { Array(elements.joined(separator: [UInt8(ascii: ",")])) }
        var json = JSONBytes()
        json += #"{"type":"TemplateProcessing","single":["#
        json.bytes += list(pieces("A", 0))
        json += #"],"pair":["#
        json.bytes += list(pieces("A", 0) + pieces("B", 1))
        json += #"],"special_tokens":{"#
        let specials = Set([before, after].compactMap { $0 }).sorted()
        json.bytes += list(
            specials.map { id in
                var entry = JSONBytes()
                entry.string(tokens[Int(id)])
                entry += #":{"id":"#
                entry.string(tokens[Int(id)])
                entry += #","ids":[\#(id)],"tokens":["#
                entry.string(tokens[Int(id)])
                entry += "]}"
                return entry.bytes
            })
        json += "}}"
        return json.bytes
    }
}

extension PreTokenizer.Rule {
    fileprivate func append(to json: inout JSONBytes) {
        switch self {
        case .split(let pattern):
            json += #"{"type":"Split","pattern":{"Regex":"#
            json.string(Array(pattern.utf8))
            json += #"},"behavior":"Isolated","invert":false}"#
        case .digits: json += #"{"type":"Digits","individual_digits":true}"#
        case .byteLevel(let usesPattern):
            json += #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":"#
            json += usesPattern ? "true}" : "false}"
        }
    }
}
