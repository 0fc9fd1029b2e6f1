import LlamaCheckpoints
import LlamaJSON
import LlamaTokenizers

/// The files of a tokenizer inside a GGUF file, kept beside the vocabulary that llama.cpp reads, so that converting
/// back restores them byte for byte.
struct EmbeddedFiles {
    /// The files that fit the vocabulary.
    private(set) var files: [CompanionFile] = []
    /// Notes on the files that do not, one line each.
    private(set) var notes: [String] = []

    private static let prefix = "swift-llama.file."

    /// Whether a key belongs to the tokenizer: its vocabulary, its templates or its files.
    static func isOfTokenizer(_ key: String) -> Bool {
        key.hasPrefix("tokenizer.") || key.hasPrefix(prefix)
    }

    /// The files in a GGUF file that this project wrote. Other programs may have changed the vocabulary since.
    ///
    /// - Parameter vocabulary: The GGUF file's own, to check them against; nil to skip that check.
    init(_ metadata: GGUFMetadata, vocabulary: EmbeddedVocabulary?) throws {
        // Known names only, so that a GGUF file cannot choose the path of a written file.
        for name in TokenizerPath.companionNames {
            let bytes: [UInt8]
            switch metadata[Self.prefix + name] {
            case .string(let value), .array(.uint8(let value)): bytes = value
            default: continue
            }
            if Self.fits(name, bytes, vocabulary) {
                files.append(CompanionFile(name: name, content: .bytes(bytes)))
            } else {
                notes.append(
                    "\(metadata.file): \(Self.prefix + name) does not fit the vocabulary and is left out")
            }
        }
    }

    private static func fits(_ name: String, _ bytes: [UInt8], _ vocabulary: EmbeddedVocabulary?) -> Bool {
        if let vocabulary, ["tokenizer.model", "tokenizer.json"].contains(name) {
            // The vocabulary of a GGUF file is padded to the last row of the embedding.
            let made = try? EmbeddedVocabulary(tokenizer: bytes, file: name)
            return made.map { vocabulary.tokens.starts(with: $0.tokens) } ?? false
        }
        guard name.hasSuffix(".json") else { return true }
        let limits = JSONLimits(byteCount: max(16 << 20, bytes.count), allowsDuplicateKeys: true)
        return bytes.withUnsafeBufferPointer {
            (try? JSONValue.parse(UnsafeRawBufferPointer($0), limits: limits).isObject) ?? false
        }
    }

    /// Key-values that hold files; text as a string, which other readers read fastest.
    static func entries(_ files: [CompanionFile]) throws -> [(key: String, value: GGUFValue)] {
        try files.map { file in
            let bytes = try file.bytes
            let isText = !bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil
            return (prefix + file.name, isText ? .string(bytes) : .array(.uint8(bytes)))
        }
    }
}

extension CompanionFile {
    /// Its bytes.
    var bytes: [UInt8] {
        get throws {
            switch content {
            case .bytes(let bytes): bytes
            case .copy(let path): try TokenizerFile(path: path).bytes
            }
        }
    }
}
