import LlamaCheckpoints
import LlamaJSON
import LlamaTokenizers

/// A checkpoint's tokenizer in the form that the target format requires.
package struct TokenizerTransfer {
    /// Files for a folder.
    package private(set) var companions: [CompanionFile] = []
    /// Metadata for a GGUF file.
    package private(set) var vocabulary: [(key: String, value: GGUFValue)] = []
    /// The special tokens.
    package let tokens: SpecialTokenIDs
    /// What is left out and why, one line each.
    package private(set) var notes: [String]

    private let checkpoint: Checkpoint
    private let source: TokenizerSource

    /// Reads the tokenizer and rewrites it for `format` where necessary.
    ///
    /// - Parameter given: A path as ``TokenizerLocation`` takes it, of a tokenizer to use in place of the checkpoint's
    ///   own; nil for its own.
    /// - Throws: `.tokenizer` and `.source`.
    package init(
        of checkpoint: Checkpoint, to format: CheckpointFormat, given: String? = nil
    ) throws(ConversionError) {
        do {
            let source = try given.map { try TokenizerSource(at: $0, for: checkpoint) }
            try self.init(
                source ?? TokenizerSource(of: checkpoint, mustBeKnown: format.isSingleFile), of: checkpoint,
                to: format)
        } catch let error as CheckpointError {
            throw .source(error)
        } catch let error as TokenizerError {
            throw .tokenizer(error)
        } catch {
            throw .tokenizer(.unreadable(file: given ?? checkpoint.folder, reason: "\(error)"))
        }
    }

    private init(_ source: TokenizerSource, of checkpoint: Checkpoint, to format: CheckpointFormat) throws {
        (self.checkpoint, self.source, tokens, notes) = (checkpoint, source, source.tokens, source.notes)
        switch format {
        case .meta, .metaSafetensors:
            companions = source.files
            try completeMeta()
        case .huggingFace:
            companions = source.files
            if checkpoint.format != .huggingFace || source.isGiven { try completeHuggingFace() }
        case .gguf: try embed()
        case .llama2c: try addLlama2c()
        }
    }

    private func has(_ name: String) -> Bool { companions.contains { $0.name == name } }

    private mutating func add(_ name: String, _ bytes: [UInt8]) {
        companions.append(CompanionFile(name: name, content: .bytes(bytes)))
    }

    /// Writes a missing file from the vocabulary, or notes why that is impossible.
    private mutating func make(_ name: String, _ bytes: (EmbeddedVocabulary) throws -> [UInt8]) throws {
        do {
            guard !has(name), let vocabulary = try source.vocabulary() else { return }
            add(name, try bytes(vocabulary))
        } catch let error as TokenizerError {
            notes.append("there will be no \(name): \(error)")
        }
    }

    /// Meta's code reads `tokenizer.model` only.
    private mutating func completeMeta() throws {
        let path = source.path
        try make("tokenizer.model") { vocabulary in
            vocabulary.model == .sentencePiece
                ? try vocabulary.tokenizerModelFile(file: path) : try vocabulary.tiktokenFile(file: path)
        }
        if !has("tokenizer.model") {
            try make("tokenizer.json") { try $0.tokenizerJSONFile(file: path) }
        }
        if let template = source.chatTemplates.standard,
            !["chat_template.jinja", "chat_template.json", "tokenizer_config.json"].contains(where: has)
        {
            add("chat_template.jinja", Array(template.utf8))
        }
        try stateTokens()
    }

    /// Writes the special tokens that the tokenizer's file does not name into `generation_config.json`: Meta's own
    /// files have no field for them.
    private mutating func stateTokens() throws {
        let name = "generation_config.json"
        let index = companions.firstIndex { $0.name == name }
        do throws(JSONError) {
            let bytes = index.map { try? companions[$0].bytes } ?? nil
            let stated = try bytes.map { bytes throws(JSONError) in
                try SpecialTokenIDs(generationConfig: bytes)
            }
            if namesAllTokens(with: stated ?? SpecialTokenIDs()) { return }
            let revised = try bytes.map { bytes throws(JSONError) in
                try tokens.revising(generationConfig: bytes)
            }
            if let index { companions.remove(at: index) }
            add(name, revised ?? tokens.generationConfigFile)
        } catch {
            throw CheckpointError.invalid(
                checkpoint.folder + "/" + name, error.location ?? "the text", expected: error.expected,
                found: error.found)
        }
    }

    /// Whether the tokenizer's file and `generation_config.json`, which names `stated`, name every special token.
    private func namesAllTokens(with stated: SpecialTokenIDs) -> Bool {
        let tokenizer = source.tokenizer
        let named = source.spellsStopTokens ? tokenizer?.stopTokens ?? [] : []
        let stops = named.union(stated.stops).union(tokenizer?.eosID.map { [$0] } ?? [])
        return stops.isSuperset(of: tokens.stops)
            && [stated.bos, tokenizer?.bosID].contains(tokens.bos)
            && (tokens.pad == nil || [stated.pad, tokenizer?.padID].contains(tokens.pad))
    }

    /// transformers needs no more than a `tokenizer.json` and its configuration; from a `tokenizer.model` it would
    /// have to guess the rest.
    private mutating func completeHuggingFace() throws {
        let path = source.path
        try make("tokenizer.json") { try $0.tokenizerJSONFile(file: path) }
        guard has("tokenizer.json") else { return }
        let templates = source.chatTemplates
        try make("tokenizer_config.json") { $0.tokenizerConfigFile(chatTemplates: templates) }
    }

    private mutating func embed() throws {
        if !source.isGiven, let metadata = checkpoint.gguf {
            vocabulary = metadata.entries.filter { EmbeddedFiles.isOfTokenizer($0.key) }
        } else if let embedded = try source.vocabulary() {
            vocabulary = try padded(embedded).metadata
            vocabulary += source.chatTemplates.entries
            vocabulary += try EmbeddedFiles.entries(source.files)
        } else {
            vocabulary = try EmbeddedFiles.entries(source.files)
        }
        let none = GGUFMetadata.noVocabulary
        guard !vocabulary.contains(where: { $0.key == none.key }) else { return }
        vocabulary.append((none.key, .text(none.value)))
        let ids = [("bos_token_id", tokens.bos), ("padding_token_id", tokens.pad)]
        for case (let key, let id?) in ids {
            vocabulary.append(("tokenizer.ggml." + key, .uint32(UInt32(bitPattern: id))))
        }
    }

    private mutating func addLlama2c() throws {
        if let file = try source.llama2cFile() {
            companions = [CompanionFile(name: "tokenizer.bin", content: .bytes(file.bytes))]
        } else if let embedded = try source.vocabulary() {
            companions = []
            add("tokenizer.bin", try padded(embedded).llama2cFile(file: source.path))
        }
        let lost = tokens.stops.filter { $0 != 1 && $0 != 2 }
        if !lost.isEmpty {
            notes.append(
                "llama2.c's files do not name tokens that end a text; \(lost.map(String.init).joined(separator: ", ")) "
                    + "\(lost.count == 1 ? "is" : "are") left out")
        }
        if !source.chatTemplates.isEmpty {
            notes.append("llama2.c's files have no chat templates; they are left out")
        }
    }

    /// The vocabulary padded to the rows of the embedding, as llama.cpp requires.
    private func padded(_ embedded: EmbeddedVocabulary) throws -> EmbeddedVocabulary {
        let size = checkpoint.configuration.vocabularySize
        try checkVocabulary(
            size: embedded.tokens.count, file: source.path, rows: size, naming: checkpoint.naming,
            model: checkpoint.folder, allowsFewer: true)
        var embedded = embedded
        let lowest = embedded.scores.min() ?? 0
        while embedded.tokens.count < size {
            if !embedded.scores.isEmpty { embedded.scores.append(lowest) }
            embedded.kinds.append(.unused)
            embedded.tokens.append(Array("[PAD\(embedded.tokens.count)]".utf8))
        }
        return embedded
    }
}
