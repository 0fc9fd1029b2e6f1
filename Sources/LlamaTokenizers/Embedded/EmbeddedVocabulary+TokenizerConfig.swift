import LlamaJSON

extension EmbeddedVocabulary {
    /// A `tokenizer_config.json` that goes with ``tokenizerJSONFile(file:)``.
    ///
    /// - Parameter chatTemplates: those of the model.
    package func tokenizerConfigFile(chatTemplates: ChatTemplates) -> [UInt8] {
        var members: [(String, JSONText)] = [
            ("add_bos_token", .bool(addsBOS && bosID != nil)), ("add_eos_token", .bool(addsEOS)),
        ]
        let named = [
            ("bos_token", bosID), ("eos_token", eosID), ("unk_token", unknownID), ("pad_token", padID),
        ]
        for case (let name, let id?) in named where tokens.indices.contains(Int(id)) {
            members.append((name, .string(String(decoding: tokens[Int(id)], as: UTF8.self))))
        }
        if let template = chatTemplates.json { members.append(("chat_template", template)) }
        members += [
            ("clean_up_tokenization_spaces", .bool(false)),
            ("model_input_names", .array([.string("input_ids"), .string("attention_mask")])),
            // The class that takes tokenizer.json at its word, in every version.
            ("tokenizer_class", .string("PreTrainedTokenizerFast")),
        ]
        return Array((JSONText.object(members).serialized + "\n").utf8)
    }
}
