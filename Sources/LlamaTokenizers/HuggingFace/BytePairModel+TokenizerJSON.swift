import LlamaJSON

extension BytePairModel {
    /// The `model` of a `tokenizer.json`, of type `BPE`.
    ///
    /// - Parameter text: the whole file.
    init(
        _ file: TokenizerJSON, _ text: UnsafeBufferPointer<UInt8>, isByteLevel: Bool
    ) throws(ComponentError) {
        let vocabulary = file.vocabulary
        let spellings = vocabulary.spellingIndex
        if let duplicate = spellings.duplicate {
            throw .invalid(.duplicateKey("model.vocab." + vocabulary.name(Int(duplicate.id))))
        }
        let members = file.modelMembers
        try Self.refuseUnsupportedMembers(members)
        let options = try Component.checked { () throws(JSONError) in
            Options(
                isByteLevel: isByteLevel, ignoresMerges: try members["ignore_merges"]?.bool() ?? false,
                fallsBackToBytes: try members["byte_fallback"]?.bool() ?? false,
                fusesUnknown: try members["fuse_unk"]?.bool() ?? false)
        }
        let unknownID = try Component.checked { () throws(JSONError) -> Int32? in
            guard let value = members["unk_token"] else { return nil }
            let entry = spellings.id(of: try value.utf8())
            guard entry >= 0 else {
                throw .wrongType(
                    path: value.path, expected: "a token of the vocabulary", found: value.excerpt)
            }
            return vocabulary.ids[Int(entry)]
        }
        let (merges, joints) = try Component.checked { () throws(JSONError) in
            try MergeList(vocabulary, spellings, isByteLevel: isByteLevel).read(text, file.merges)
        }
        self.init(
            vocabulary, spellings: spellings, merges: merges, joints: joints, options: options,
            unknownID: unknownID)
    }

    /// Refuses options that would change the tokens and are not implemented.
    private static func refuseUnsupportedMembers(_ members: [String: JSONValue]) throws(ComponentError) {
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            guard let value = members[key] else { continue }
            let text = try Component.checked { () throws(JSONError) in try value.string() }
            if !text.isEmpty { throw .unsupported(found: "\(key) \"\(text)\"", path: value.path) }
        }
        if let value = members["dropout"] {
            let rate = try Component.checked { () throws(JSONError) in try value.double() }
            if rate != 0 { throw .unsupported(found: "a dropout of \(rate)", path: value.path) }
        }
    }
}
