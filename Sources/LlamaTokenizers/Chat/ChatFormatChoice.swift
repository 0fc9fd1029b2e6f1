import LlamaCheckpoints

/// The chat format of a model, and where it is known from.
package struct ChatFormatChoice: Sendable, Hashable {
    /// How the format was found.
    package enum Origin: Sendable, Hashable {
        /// The user named it.
        case name
        /// The chat template that belongs to the checkpoint has its outline.
        case template
        /// There is no chat template; the vocabulary and the configuration are those of the family. The model may not
        /// have been trained on conversations at all.
        case family
    }

    /// The format.
    package let format: ChatFormat
    /// How it was found.
    package let origin: Origin

    /// The format for a model: the named one, else that of the model's chat template, else that of its family.
    ///
    /// - Parameters:
    ///   - name: what the user asks for with `--chat-format`; nil if nothing.
    ///   - templates: the checkpoint's own and the file that has them (``ChatTemplates/found(gguf:folder:)``); nil if there
    ///     are none.
    ///   - model: what errors call the checkpoint.
    /// - Throws: `.unknownFormat`; `.unknownTemplate` for a template that is not known for sure, which is never taken for
    ///   one that is merely similar; `.noFormat`.
    package init(
        named name: String?, templates: (templates: ChatTemplates, file: String)?, tokenizer: any Tokenizer,
        configuration: ModelConfiguration?, model: String
    ) throws(ChatError) {
        if let name {
            (format, origin) = (try ChatFormat(named: name), .name)
        } else if let (templates, file) = templates, !templates.isEmpty {
            guard let template = templates.standard else {
                // Templates for other purposes do not say what the usual one would be.
                let nearest = templates.named.lazy.compactMap { Self.nearest($0.template) }.first
                throw .unknownTemplate(source: file, nearest: nearest)
            }
            (format, origin) = (try Self.format(of: template, source: file), .template)
        } else if let family = Self.family(tokenizer, configuration) {
            (format, origin) = (ChatFormat(family), .family)
        } else {
            throw .noFormat(model: model)
        }
    }

    /// The format of a chat template whose outline is known.
    ///
    /// - Throws: `.unknownTemplate`.
    package static func format(of template: String, source: String) throws(ChatError) -> ChatFormat {
        guard let format = knownFormat(of: template) else {
            throw .unknownTemplate(source: source, nearest: nearest(template))
        }
        return format
    }

    /// The format of a chat template; nil if its outline is not known.
    static func knownFormat(of template: String) -> ChatFormat? {
        guard let outline = TemplateOutline(template) else { return nil }
        return KnownTemplates.all.first { $0.outline == outline }?.format
    }

    /// The format that has its markers in a template and shares the most lines of its outline; nil if there is none.
    static func nearest(_ template: String) -> ChatFormat.Name? {
        let lines = Set(TemplateOutline(template)?.lines ?? [])
        let candidates = KnownTemplates.all.filter { entry in
            entry.format.markers.allSatisfy { template.contains($0) }
        }
        let scores = candidates.map { entry in
            let known = Set(entry.outline.lines)
            return 2 * Double(lines.intersection(known).count) / Double(max(1, lines.count + known.count))
        }
        guard let best = scores.max(), let index = scores.firstIndex(of: best) else { return nil }
        // Formats that share no line are told apart by their markers: the most specific wins.
        if best == 0 {
            return candidates.max { $0.format.markers.count < $1.format.markers.count }?.format.name
        }
        return candidates[index].format.name
    }

    /// The format of the family with this vocabulary; nil for none that was published with conversations.
    ///
    /// Llama 3.1 and later are told from Llama 3 by the scaling of their rotary embedding, 3.2 by its shape or factor.
    static func family(_ tokenizer: any Tokenizer, _ configuration: ModelConfiguration?) -> ChatFormat.Name? {
        func has(_ name: ChatFormat.Name) -> Bool { (try? ChatEncoder(ChatFormat(name), tokenizer)) != nil }
        if has(.llama3) {
            guard let configuration else { return .llama3 }
            if ModelConfiguration.isSmallLlama32(
                dim: configuration.dim, vocabularySize: configuration.vocabularySize)
            {
                return .llama32
            }
            switch configuration.rope.scaling {
            case .llama3(let factor, _, _, _): return factor == 32 ? .llama32 : .llama31
            // GGUF files state Llama 3.1's scaling as factors.
            case .factors: return .llama31
            case .none, .linear: return .llama3
            }
        }
        if has(.chatml) { return .chatml }
        let spellings = [tokenizer.bosID, tokenizer.eosID].map { $0.map(tokenizer.spelling(of:)) ?? [] }
        let isLlama2 =
            tokenizer.vocabularySize == 32_000 && spellings == [Array("<s>".utf8), Array("</s>".utf8)]
        return isLlama2 ? .llama2 : nil
    }
}

extension ChatFormat {
    /// Texts that a template of this format must contain.
    fileprivate var markers: [String] {
        switch name {
        case .llama2: ["[INST]"]
        case .llama3: ["<|start_header_id|>", "<|end_header_id|>"]
        case .llama31: ["<|start_header_id|>", "<|end_header_id|>", "Cutting Knowledge Date"]
        case .llama32: ["<|start_header_id|>", "<|end_header_id|>", "Cutting Knowledge Date", "strftime_now"]
        case .chatml: ["<|im_start|>"]
        case .alpaca: ["### Instruction:"]
        case .plain: []
        }
    }
}
