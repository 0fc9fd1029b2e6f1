import LlamaConversion
import LlamaCheckpoints
import LlamaCommands
import LlamaJSON
import LlamaTokenizers

/// What of a checkpoint's tokenizer goes along with a conversion.
struct TokenizerTransfer {
    /// Files for a folder.
    private(set) var companions: [CompanionFile] = []
    /// Metadata for a GGUF file.
    private(set) var vocabulary: [(key: String, value: GGUFValue)] = []
    /// The special tokens.
    let tokens: SpecialTokenIDs
    /// What could not go along, a line each.
    private(set) var notes: [String]

    private let checkpoint: Checkpoint
    private let source: TokenizerSource

    init(_ source: TokenizerSource, of checkpoint: Checkpoint, to format: CheckpointFormat) throws {
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

    /// Makes a file that is not there of the vocabulary, or says why it cannot be made.
    private mutating func make(_ name: String, _ bytes: (EmbeddedVocabulary) throws -> [UInt8]) throws {
        do {
            guard !has(name), let vocabulary = try source.vocabulary() else { return }
            add(name, try bytes(vocabulary))
        } catch let error as TokenizerError {
            notes.append("there will be no \(name): \(error)")
        }
    }

    /// Meta's code knows `tokenizer.model` only.
    private mutating func completeMeta() throws {
        let place = source.place
        try make("tokenizer.model") { vocabulary in
            vocabulary.model == .sentencePiece
                ? try vocabulary.tokenizerModelFile(file: place) : try vocabulary.tiktokenFile(file: place)
        }
        if !has("tokenizer.model") {
            try make("tokenizer.json") { try $0.tokenizerJSONFile(file: place) }
        }
        if let template = source.chatTemplates.standard,
            !["chat_template.jinja", "chat_template.json", "tokenizer_config.json"].contains(where: has)
        {
            add("chat_template.jinja", Array(template.utf8))
        }
        try stateTokens()
    }

    /// Meta's files have no place of their own for tokens that the tokenizer's file does not tell.
    private mutating func stateTokens() throws {
        let name = "generation_config.json"
        let index = companions.firstIndex { $0.name == name }
        do throws(JSONError) {
            let bytes = index.map { try? companions[$0].bytes } ?? nil
            let stated = try bytes.map { bytes throws(JSONError) in
                try SpecialTokenIDs(generationConfig: bytes)
            }
            if isTold(beside: stated ?? SpecialTokenIDs()) { return }
            let revised = try bytes.map { bytes throws(JSONError) in
                try tokens.revising(generationConfig: bytes)
            }
            if let index { companions.remove(at: index) }
            add(name, revised ?? tokens.generationConfigFile)
        } catch {
            throw Failure(
                Failure.badData,
                "\(checkpoint.folder)/\(name): \(error.place ?? "the text"): expected \(error.expected), found \(error.found)"
            )
        }
    }

    /// Whether the tokenizer's file, or `generation_config.json`, tells every special token.
    private func isTold(beside stated: SpecialTokenIDs) -> Bool {
        let tokenizer = source.tokenizer
        let named = source.spellsStopTokens ? tokenizer?.stopTokens ?? [] : []
        let stops = named.union(stated.stops).union(tokenizer?.eosID.map { [$0] } ?? [])
        return stops.isSuperset(of: tokens.stops)
            && [stated.bos, tokenizer?.bosID].contains(tokens.bos)
            && (tokens.pad == nil || [stated.pad, tokenizer?.padID].contains(tokens.pad))
    }

    /// transformers takes a `tokenizer.json` at its word; of a `tokenizer.model` it wants to be told, or guesses.
    private mutating func completeHuggingFace() throws {
        let place = source.place
        try make("tokenizer.json") { try $0.tokenizerJSONFile(file: place) }
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
        if let path = try source.llama2cFile() {
            companions = [CompanionFile(name: "tokenizer.bin", content: .copy(path))]
        } else if let embedded = try source.vocabulary() {
            companions = []
            add("tokenizer.bin", try padded(embedded).llama2cFile(file: source.place))
        }
        let lost = tokens.stops.filter { $0 != 1 && $0 != 2 }
        if !lost.isEmpty {
            notes.append(
                "llama2.c's files name no tokens that end a text; \(lost.map(String.init).joined(separator: ", ")) "
                    + "\(lost.count == 1 ? "is" : "are") left out")
        }
        if !source.chatTemplates.isEmpty {
            notes.append("llama2.c's files have no chat templates; they are left out")
        }
    }

    /// A vocabulary of as many tokens as the model has rows: llama.cpp wants one for every row of the embedding.
    private func padded(_ embedded: EmbeddedVocabulary) throws -> EmbeddedVocabulary {
        let size = checkpoint.configuration.vocabularySize
        guard embedded.tokens.count <= size else {
            throw Failure(
                Failure.badData,
                "\(source.place): expected a tokenizer of at most the model's \(size) tokens, "
                    + "found \(embedded.tokens.count); take the model's own")
        }
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
