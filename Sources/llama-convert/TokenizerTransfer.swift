import Checkpoints
import CommandSupport
import Glibc
import Tokenizers

/// What of a checkpoint's tokenizer goes along with a conversion.
struct TokenizerTransfer {
    /// Files for a folder.
    private(set) var companions: [CompanionFile] = []
    /// Metadata for a GGUF file.
    private(set) var vocabulary: [(key: String, value: GGUFValue)] = []
    /// The special tokens.
    private(set) var tokens = SpecialTokenIDs()
    /// What could not go along, a line each.
    private(set) var notes: [String] = []

    /// A GGUF file of ours keeps the tokenizer's own file under this name.
    private static let fileKey = "swift-llama.tokenizer_model"
    /// Everything that Hugging Face's and Meta's checkpoints have beside their weights for the tokenizer's sake.
    private static let names = [
        "tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
        "added_tokens.json",
        "chat_template.jinja", "chat_template.json", "generation_config.json",
    ]

    private let checkpoint: Checkpoint
    private let format: CheckpointFormat

    init(_ checkpoint: Checkpoint, to format: CheckpointFormat) throws {
        (self.checkpoint, self.format) = (checkpoint, format)
        if let metadata = checkpoint.gguf {
            try readEmbedded(metadata)
        } else {
            try readFiles()
        }
        if format == .gguf, vocabulary.isEmpty {
            let none = GGUFMetadata.noVocabulary
            vocabulary = [(none.key, .text(none.value))]
        }
    }

    private mutating func readEmbedded(_ metadata: GGUFMetadata) throws {
        guard try metadata.hasVocabulary() else {
            notes.append("\(metadata.file) has no tokenizer")
            return
        }
        let embedded = try EmbeddedVocabulary(metadata)
        take(try embedded.makeTokenizer(file: metadata.file))
        switch format {
        case .gguf: vocabulary = metadata.entries.filter { Self.isOfTokenizer($0.key) }
        case .llama2c: try addLlama2c(embedded, file: metadata.file)
        case .meta, .metaSafetensors, .huggingFace: try addModelFile(embedded, metadata)
        }
    }

    private static func isOfTokenizer(_ key: String) -> Bool { key.hasPrefix("tokenizer.") || key == fileKey }

    /// The tokenizer's file as it was, or one made of the vocabulary.
    private mutating func addModelFile(_ embedded: EmbeddedVocabulary, _ metadata: GGUFMetadata) throws {
        if case .array(.uint8(let bytes)) = metadata[Self.fileKey] {
            companions.append(CompanionFile(name: "tokenizer.model", content: .bytes(bytes)))
            return
        }
        if embedded.model == .sentencePiece {
            let bytes = try embedded.tokenizerModelFile(file: metadata.file)
            companions.append(CompanionFile(name: "tokenizer.model", content: .bytes(bytes)))
            return
        }
        if format != .huggingFace, let bytes = try? embedded.tiktokenFile(file: metadata.file) {
            companions.append(CompanionFile(name: "tokenizer.model", content: .bytes(bytes)))
        } else {
            let bytes = try embedded.tokenizerJSONFile(file: metadata.file)
            companions.append(CompanionFile(name: "tokenizer.json", content: .bytes(bytes)))
        }
    }

    private mutating func readFiles() throws {
        let folder = checkpoint.folder
        // A file that stands alone, such as llama2.c's, has no business with what lies around it.
        guard checkpoint.files.count != 1 || !checkpoint.files[0].hasSuffix(".bin") else {
            return try readLlama2c()
        }
        if !format.isSingleFile {
            for name in Self.names where TokenizerPath.isFile(folder + "/" + name) {
                companions.append(CompanionFile(name: name, content: .copy(folder + "/" + name)))
            }
        }
        guard let path = TokenizerPath.file(in: folder) else {
            notes.append("there is no tokenizer beside the weights, so none goes along")
            tokens.stops = checkpoint.configuration.stopTokens.sorted()
            return
        }
        take(try loadTokenizer(at: path))
        switch format {
        case .meta, .metaSafetensors, .huggingFace: break
        case .gguf: try addVocabulary(EmbeddedVocabulary(tokenizerFile: path), folder: folder)
        case .llama2c: try addLlama2c(EmbeddedVocabulary(tokenizerFile: path), file: path)
        }
    }

    private mutating func readLlama2c() throws {
        let path = checkpoint.folder + "/tokenizer.bin"
        guard access(path, F_OK) == 0 else {
            notes.append("there is no tokenizer.bin beside the weights, so no tokenizer goes along")
            return
        }
        let embedded = try EmbeddedVocabulary(tokenizerFile: path)
        take(try embedded.makeTokenizer(file: path))
        switch format {
        case .gguf: try addVocabulary(embedded, folder: checkpoint.folder)
        case .llama2c: companions.append(CompanionFile(name: "tokenizer.bin", content: .copy(path)))
        case .meta, .metaSafetensors, .huggingFace:
            let bytes = try embedded.tokenizerModelFile(file: path)
            companions.append(CompanionFile(name: "tokenizer.model", content: .bytes(bytes)))
        }
    }

    private mutating func take(_ tokenizer: any Tokenizer) {
        let end = tokenizer.eosID.map { [$0] } ?? []
        let others = tokenizer.stopTokens.union(checkpoint.configuration.stopTokens).subtracting(end).sorted()
        tokens = SpecialTokenIDs(bos: tokenizer.bosID, stops: end + others, pad: tokenizer.padID)
    }

    private mutating func addLlama2c(_ embedded: EmbeddedVocabulary, file: String) throws {
        let bytes = try padded(embedded, file).llama2cFile(file: file)
        companions.append(CompanionFile(name: "tokenizer.bin", content: .bytes(bytes)))
    }

    /// llama.cpp wants a token for every row of the embedding.
    private mutating func addVocabulary(_ embedded: EmbeddedVocabulary, folder: String) throws {
        let embedded = try padded(embedded, folder)
        vocabulary = embedded.metadata.map { ($0.key, GGUFValue($0.value)) }
        let path = folder + "/tokenizer.model"
        guard access(path, F_OK) == 0 else { return }
        vocabulary.append((Self.fileKey, .array(.uint8(try fileBytes(path)))))
    }

    /// A vocabulary of as many tokens as the model has rows.
    private func padded(_ embedded: EmbeddedVocabulary, _ file: String) throws -> EmbeddedVocabulary {
        let size = checkpoint.configuration.vocabularySize
        guard embedded.tokens.count <= size else {
            throw Failure(
                Failure.badData,
                "\(file): expected a tokenizer of at most the model's \(size) tokens, found \(embedded.tokens.count); "
                    + "take the model's own")
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

    private func fileBytes(_ path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(Failure.noInput, "\(path): cannot be read") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw Failure(Failure.noInput, "\(path): cannot be read") }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }
}

extension GGUFValue {
    /// A value of a vocabulary's metadata.
    fileprivate init(_ value: EmbeddedVocabulary.MetadataValue) {
        self =
            switch value {
            case .string(let text): .text(text)
            case .strings(let strings): .array(.string(GGUFStrings(strings)))
            case .floats(let values): .array(.float32(values))
            case .int32s(let values): .array(.int32(values))
            case .uint32(let value): .uint32(value)
            case .bool(let value): .bool(value)
            }
    }
}
