import LlamaCheckpoints
import LlamaFiles
import LlamaTokenizers

/// A checkpoint's tokenizer, or one given in its stead, with the files that belong to it.
struct TokenizerSource {
    /// The files, under their names in a folder.
    let files: [CompanionFile]
    /// Chat templates.
    let chatTemplates: ChatTemplates
    /// Nil where there is none, or none of a supported kind.
    let tokenizer: (any Tokenizer)?
    /// The special tokens, as the tokenizer and the configuration name them.
    let tokens: SpecialTokenIDs
    /// Notes for the user, one line each.
    let notes: [String]
    /// Whether the user gave it, in place of the checkpoint's own.
    let isGiven: Bool

    /// Where the vocabulary is; nil where there is none, or none of a supported kind.
    private let location: TokenizerLocation?

    /// The tokenizer in a checkpoint, or beside it.
    ///
    /// - Parameter mustBeKnown: Whether its vocabulary is needed, rather than only its files.
    init(of checkpoint: Checkpoint, mustBeKnown: Bool) throws {
        let (location, problems) = try Self.location(of: checkpoint)
        let companions = try Self.companions(of: checkpoint, location)
        let (files, templates) = (companions.files, companions.templates)
        let notes = problems.isEmpty ? companions.notes : problems
        if case .file(let path) = location, !mustBeKnown, let reason = Self.reasonToOnlyCopy(path) {
            try self.init(
                nil, files: files, chatTemplates: templates, of: checkpoint,
                notes: ["the tokenizer is only copied: \(reason)"])
            return
        }
        try self.init(location, files: files, chatTemplates: templates, of: checkpoint, notes: notes)
    }

    private static func location(
        of checkpoint: Checkpoint
    ) throws -> (location: TokenizerLocation?, notes: [String]) {
        guard let location = try TokenizerLocation(of: checkpoint) else { return (nil, []) }
        // A `tokenizer.model` in the folder of a llama2.c file may belong to another model there.
        guard checkpoint.format == .llama2c, FilePath(location.path).name != "tokenizer.bin" else {
            return (location, [])
        }
        do throws(TokenizerError) {
            _ = try CheckpointTokenizer(
                location, for: checkpoint, model: checkpoint.files.first ?? checkpoint.folder)
            return (location, [])
        } catch {
            return (nil, ["\(error); it is not converted"])
        }
    }

    /// The files and templates of a checkpoint, and what to tell the user about them.
    private static func companions(
        of checkpoint: Checkpoint, _ location: TokenizerLocation?
    ) throws -> (files: [CompanionFile], templates: ChatTemplates, notes: [String]) {
        let folder = checkpoint.folder
        if let metadata = checkpoint.gguf {
            var vocabulary: EmbeddedVocabulary?
            if case .embedded = location { vocabulary = try location?.vocabulary() }
            let embedded = try EmbeddedFiles(metadata, vocabulary: vocabulary)
            return (
                embedded.files, try ChatTemplates(metadata),
                embedded.notes + (location == nil ? ["\(metadata.file) has no tokenizer"] : [])
            )
        }
        let missing =
            location == nil ? ["there is no tokenizer beside the weights, so none is converted"] : []
        // A llama2.c file may share its folder with other models, so nothing else there belongs to it.
        if checkpoint.format == .llama2c {
            return (try location.map(Self.files) ?? [], ChatTemplates(), missing)
        }
        let files = TokenizerPath.companionNames.filter { FilePath(folder + "/" + $0).isRegularFile }
            .map { CompanionFile(name: $0, content: .copy(folder + "/" + $0)) }
        return (files, try ChatTemplates(folder: folder), missing)
    }

    /// Why a file is not a supported tokenizer; nil if it may be one.
    private static func reasonToOnlyCopy(_ path: String) -> TokenizerError? {
        do { _ = try loadTokenizer(at: path) } catch {
            if case .notATokenizer = error { return error }
            return error.isUnsupported ? error : nil
        }
        return nil
    }

    /// A tokenizer given by the user in place of the checkpoint's own; templates and the model's own configuration
    /// stay.
    init(at path: String, for checkpoint: Checkpoint) throws {
        let location = try TokenizerLocation(at: path)
        let own = try Self.filesOfModel(checkpoint)
        try self.init(
            location, files: try Self.files(of: location) + own.files, chatTemplates: own.templates,
            of: checkpoint, notes: [], isGiven: true)
        guard let tokenizer else { return }
        try checkVocabulary(
            of: tokenizer, file: location.path, fits: checkpoint, model: checkpoint.folder, allowsFewer: true)
    }

    /// The files of a tokenizer without those of a checkpoint around it.
    private static func files(of location: TokenizerLocation) throws -> [CompanionFile] {
        if case .embedded(let metadata) = location {
            return try EmbeddedFiles(metadata, vocabulary: location.vocabulary()).files.filter {
                ["tokenizer.model", "tokenizer.json"].contains($0.name)
            }
        }
        guard let file = try location.file(), file.kind != .llama2cBin else { return [] }
        let name = file.kind == .huggingFaceJSON ? "tokenizer.json" : "tokenizer.model"
        return [CompanionFile(name: name, content: .bytes(file.bytes))]
    }

    /// The files that belong to the model, whatever its tokenizer.
    private static func filesOfModel(
        _ checkpoint: Checkpoint
    ) throws -> (files: [CompanionFile], templates: ChatTemplates) {
        let name = "generation_config.json"
        if let metadata = checkpoint.gguf {
            let files = try EmbeddedFiles(metadata, vocabulary: nil).files
            return (files.filter { $0.name == name }, try ChatTemplates(metadata))
        }
        if checkpoint.format == .llama2c { return ([], ChatTemplates()) }
        let path = checkpoint.folder + "/" + name
        let files = FilePath(path).isRegularFile ? [CompanionFile(name: name, content: .copy(path))] : []
        return (files, try ChatTemplates(folder: checkpoint.folder))
    }

    private init(
        _ location: TokenizerLocation?, files: [CompanionFile], chatTemplates: ChatTemplates,
        of checkpoint: Checkpoint, notes: [String], isGiven: Bool = false
    ) throws {
        (self.location, self.files, self.chatTemplates) = (location, files, chatTemplates)
        (self.notes, self.isGiven) = (notes, isGiven)
        tokenizer = try location?.load()
        let stated = try checkpoint.statedTokens()
        let end = tokenizer?.eosID.map { [$0] } ?? []
        let others = StopTokens.of(tokenizer, checkpoint.configuration).subtracting(end).sorted()
        tokens = SpecialTokenIDs(
            bos: tokenizer?.bosID ?? stated.bos, stops: end + others, pad: tokenizer?.padID ?? stated.pad)
    }

    /// The file with the vocabulary, for errors; empty where there is none.
    var path: String { location?.path ?? "" }

    /// The vocabulary, with the special tokens that only the configuration names; nil where there is none.
    func vocabulary() throws -> EmbeddedVocabulary? {
        guard var vocabulary = try location?.vocabulary() else { return nil }
        func known(_ id: Int32?) -> Int32? {
            id.flatMap { vocabulary.tokens.indices.contains(Int($0)) ? $0 : nil }
        }
        vocabulary.specialIDs.bos = vocabulary.specialIDs.bos ?? known(tokens.bos)
        vocabulary.specialIDs.eos = vocabulary.specialIDs.eos ?? known(tokens.stops.first)
        vocabulary.specialIDs.pad = vocabulary.specialIDs.pad ?? known(tokens.pad)
        return vocabulary
    }

    /// Whether the file itself names every token that ends a text, as Llama 3's does; a SentencePiece
    /// file names the end of the sequence only.
    var spellsStopTokens: Bool {
        switch location {
        case .embedded(let metadata): (try? EmbeddedVocabulary(metadata).model) == .byteLevel
        case let location: (try? location?.file())?.kind == .tiktoken
        }
    }

    /// The tokenizer's file, if it is one of llama2.c; else nil.
    func llama2cFile() throws -> TokenizerFile? {
        try location?.file().flatMap { $0.kind == .llama2cBin ? $0 : nil }
    }
}
