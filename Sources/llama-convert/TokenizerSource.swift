import LlamaConversion
import LlamaCheckpoints
import LlamaCommands
import LlamaTokenizers

/// A checkpoint's tokenizer, with all that lies beside it for its sake.
struct TokenizerSource {
    /// Where the vocabulary is.
    private enum Origin {
        case none
        case embedded(GGUFMetadata)
        case file(String)
    }

    /// What Hugging Face's and Meta's checkpoints have beside their weights for the tokenizer's sake.
    static let fileNames = [
        "tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
        "added_tokens.json", "chat_template.jinja", "chat_template.json", "generation_config.json",
    ]

    /// The files, under the names they have in a folder.
    let files: [CompanionFile]
    /// Templates of conversations.
    let chatTemplates: ChatTemplates
    /// Nil where there is none, or none that is understood.
    let tokenizer: (any Tokenizer)?
    /// The special tokens, by the tokenizer and by the configuration.
    let tokens: SpecialTokenIDs
    /// What is amiss, a line each.
    let notes: [String]

    /// Whether it was given in the place of the checkpoint's own.
    let isGiven: Bool

    private let origin: Origin

    /// The tokenizer in a checkpoint, or beside it.
    ///
    /// - Parameter mustBeKnown: whether it has to be understood, and not only copied.
    init(of checkpoint: Checkpoint, mustBeKnown: Bool) throws {
        if let metadata = checkpoint.gguf {
            let hasVocabulary = try metadata.hasVocabulary()
            let embedded = try EmbeddedFiles(
                metadata, vocabulary: hasVocabulary ? EmbeddedVocabulary(metadata) : nil)
            try self.init(
                hasVocabulary ? .embedded(metadata) : .none, files: embedded.files,
                chatTemplates: ChatTemplates(metadata), of: checkpoint,
                notes: embedded.notes + (hasVocabulary ? [] : ["\(metadata.file) has no tokenizer"]))
            return
        }
        let folder = checkpoint.folder
        // A file that stands alone, such as llama2.c's, has no business with what lies around it.
        if checkpoint.format == .llama2c {
            let path = folder + "/tokenizer.bin"
            let exists = TokenizerPath.isFile(path)
            try self.init(
                exists ? .file(path) : .none, of: checkpoint,
                notes: exists
                    ? [] : ["there is no tokenizer.bin beside the weights, so no tokenizer goes along"])
            return
        }
        let files = Self.fileNames.filter { TokenizerPath.isFile(folder + "/" + $0) }
            .map { CompanionFile(name: $0, content: .copy(folder + "/" + $0)) }
        let path = TokenizerPath.file(in: folder)
        if let path, !mustBeKnown, let reason = Self.reasonNotToKnow(path) {
            try self.init(
                .none, files: files, chatTemplates: ChatTemplates(folder: folder), of: checkpoint,
                notes: ["the tokenizer is only copied: \(reason)"])
            return
        }
        try self.init(
            path.map { .file($0) } ?? .none, files: files, chatTemplates: ChatTemplates(folder: folder),
            of: checkpoint,
            notes: path == nil ? ["there is no tokenizer beside the weights, so none goes along"] : [])
    }

    /// Why a file is no tokenizer that is understood here; nil where it may be one.
    private static func reasonNotToKnow(_ path: String) -> TokenizerError? {
        do { _ = try loadTokenizer(at: path) } catch {
            if case .notATokenizer = error { return error }
            return error.isUnsupported ? error : nil
        }
        return nil
    }

    /// A tokenizer that the user gives, in the place of the checkpoint's own; templates and the model's own
    /// configuration stay.
    init(at path: String, for checkpoint: Checkpoint) throws {
        let path = try TokenizerPath.resolve(path)
        let name =
            switch try TokenizerFile(path: path).kind {
            case .huggingFaceJSON: "tokenizer.json"
            case .llama2cBin: nil as String?
            default: "tokenizer.model"
            }
        let own = try Self.ofModel(checkpoint)
        try self.init(
            .file(path),
            files: (name.map { [CompanionFile(name: $0, content: .copy(path))] } ?? []) + own.files,
            chatTemplates: own.templates, of: checkpoint, notes: [], isGiven: true)
        let size = checkpoint.configuration.vocabularySize
        guard let tokenizer, tokenizer.vocabularySize > size else { return }
        throw Failure(
            Failure.badData,
            "\(path): expected a tokenizer of at most the model's \(size) tokens, "
                + "found \(tokenizer.vocabularySize); take the model's own")
    }

    /// What is the model's, whatever its tokenizer.
    private static func ofModel(
        _ checkpoint: Checkpoint
    ) throws -> (files: [CompanionFile], templates: ChatTemplates) {
        let name = "generation_config.json"
        if let metadata = checkpoint.gguf {
            let files = try EmbeddedFiles(metadata, vocabulary: nil).files
            return (files.filter { $0.name == name }, try ChatTemplates(metadata))
        }
        if checkpoint.format == .llama2c { return ([], ChatTemplates()) }
        let path = checkpoint.folder + "/" + name
        let files = TokenizerPath.isFile(path) ? [CompanionFile(name: name, content: .copy(path))] : []
        return (files, try ChatTemplates(folder: checkpoint.folder))
    }

    private init(
        _ origin: Origin, files: [CompanionFile] = [], chatTemplates: ChatTemplates = ChatTemplates(),
        of checkpoint: Checkpoint, notes: [String], isGiven: Bool = false
    ) throws {
        (self.origin, self.files, self.chatTemplates) = (origin, files, chatTemplates)
        self.isGiven = isGiven
        tokenizer =
            switch origin {
            case .none: nil
            case .embedded(let metadata): try EmbeddedVocabulary(metadata).makeTokenizer(file: metadata.file)
            case .file(let path): try loadTokenizer(at: path)
            }
        self.notes = notes
        let stated = try checkpoint.statedTokens()
        let end = tokenizer?.eosID.map { [$0] } ?? []
        let others = Set(stated.stops).union(tokenizer?.stopTokens ?? []).subtracting(end).sorted()
        tokens = SpecialTokenIDs(
            bos: tokenizer?.bosID ?? stated.bos, stops: end + others, pad: tokenizer?.padID ?? stated.pad)
    }

    /// What errors call the vocabulary.
    var place: String {
        switch origin {
        case .none: ""
        case .embedded(let metadata): metadata.file
        case .file(let path): path
        }
    }

    /// The vocabulary, with the special tokens that only the configuration names; nil where there is none.
    func vocabulary() throws -> EmbeddedVocabulary? {
        var vocabulary: EmbeddedVocabulary
        switch origin {
        case .none: return nil
        case .embedded(let metadata): vocabulary = try EmbeddedVocabulary(metadata)
        case .file(let path): vocabulary = try EmbeddedVocabulary(tokenizerFile: path)
        }
        func known(_ id: Int32?) -> Int32? {
            id.flatMap { vocabulary.tokens.indices.contains(Int($0)) ? $0 : nil }
        }
        vocabulary.specialIDs.bos = vocabulary.specialIDs.bos ?? known(tokens.bos)
        vocabulary.specialIDs.eos = vocabulary.specialIDs.eos ?? known(tokens.stops.first)
        vocabulary.specialIDs.pad = vocabulary.specialIDs.pad ?? known(tokens.pad)
        return vocabulary
    }

    /// Whether all tokens that end a text are known by their names, as Llama 3's are; a file of SentencePiece names
    /// the end of the sequence only.
    var spellsStopTokens: Bool {
        switch origin {
        case .none: false
        case .embedded(let metadata): (try? EmbeddedVocabulary(metadata).model) == .byteLevel
        case .file(let path): (try? TokenizerFile(path: path).kind) == .tiktoken
        }
    }

    /// The tokenizer's file, where it is one for llama2.c.
    func llama2cFile() throws -> String? {
        guard case .file(let path) = origin, try TokenizerFile(path: path).kind == .llama2cBin else {
            return nil
        }
        return path
    }
}
