import LlamaJSON

extension EmbeddedVocabulary {
    /// The `tokenizer_config.json` for ``tokenizerJSONFile(file:)``.
    ///
    /// - Parameter chatTemplates: the model's.
    package func tokenizerConfigFile(chatTemplates: ChatTemplates) -> [UInt8] {
        var members: [(String, JSONText)] = [
            ("add_bos_token", .bool(additions.bos && specialIDs.bos != nil)),
            ("add_eos_token", .bool(additions.eos)),
        ]
        let named = [
            ("bos_token", specialIDs.bos), ("eos_token", specialIDs.eos), ("unk_token", specialIDs.unknown),
            ("pad_token", specialIDs.pad),
        ]
        for case (let name, let id?) in named where tokens.indices.contains(Int(id)) {
            members.append((name, .string(String(decoding: tokens[Int(id)], as: UTF8.self))))
        }
        if let template = chatTemplates.json { members.append(("chat_template", template)) }
        members += [
            ("clean_up_tokenization_spaces", .bool(false)),
            ("model_input_names", .array([.string("input_ids"), .string("attention_mask")])),
            // In every version, the class that follows tokenizer.json as it is.
            ("tokenizer_class", .string("PreTrainedTokenizerFast")),
        ]
        return Array((JSONText.object(members).serialized + "\n").utf8)
    }
}
