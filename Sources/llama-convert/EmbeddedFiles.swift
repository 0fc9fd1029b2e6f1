import LlamaConversion
import LlamaCheckpoints
import LlamaJSON
import LlamaTokenizers

/// The files of a tokenizer inside a GGUF file: beside the vocabulary that llama.cpp reads, so that what is written
/// out again is what came in.
struct EmbeddedFiles {
    /// Those that fit the vocabulary.
    private(set) var files: [CompanionFile] = []
    /// What became of the others, a line each.
    private(set) var notes: [String] = []

    private static let prefix = "swift-llama.file."

    /// Whether a key is of the tokenizer: its vocabulary, its templates or its files.
    static func isOfTokenizer(_ key: String) -> Bool {
        key.hasPrefix("tokenizer.") || key.hasPrefix(prefix)
    }

    /// The files in a GGUF file that this program wrote. Other programs may have changed the vocabulary since.
    ///
    /// - Parameter vocabulary: the file's own; nil where it does not matter.
    init(_ metadata: GGUFMetadata, vocabulary: EmbeddedVocabulary?) throws {
        // By the names that are known, so that no file can say where it is written.
        for name in TokenizerSource.fileNames {
            let bytes: [UInt8]
            switch metadata[Self.prefix + name] {
            case .string(let value), .array(.uint8(let value)): bytes = value
            default: continue
            }
            if Self.fits(name, bytes, vocabulary) {
                files.append(CompanionFile(name: name, content: .bytes(bytes)))
            } else {
                notes.append(
                    "\(metadata.file): \(Self.prefix + name) does not fit the vocabulary, and is left out")
            }
        }
    }

    private static func fits(_ name: String, _ bytes: [UInt8], _ vocabulary: EmbeddedVocabulary?) -> Bool {
        if let vocabulary, ["tokenizer.model", "tokenizer.json"].contains(name) {
            // A vocabulary in a GGUF file goes on to the last row of the embedding.
            let made = try? EmbeddedVocabulary(tokenizer: bytes, file: name)
            return made.map { vocabulary.tokens.starts(with: $0.tokens) } ?? false
        }
        guard name.hasSuffix(".json") else { return true }
        let limits = JSONLimits(byteCount: max(16 << 20, bytes.count), allowsDuplicateKeys: true)
        return bytes.withUnsafeBufferPointer {
            (try? JSONValue.parse(UnsafeRawBufferPointer($0), limits: limits).isObject) ?? false
        }
    }

    /// Key-values that hold files: text as a string, which other readers take in one piece.
    static func entries(_ files: [CompanionFile]) throws -> [(key: String, value: GGUFValue)] {
        try files.map { file in
            let bytes = try file.bytes
            let isText = !bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil
            return (prefix + file.name, isText ? .string(bytes) : .array(.uint8(bytes)))
        }
    }
}

extension CompanionFile {
    /// All of it.
    var bytes: [UInt8] {
        get throws {
            switch content {
            case .bytes(let bytes): bytes
            case .copy(let path): try TokenizerFile(path: path).bytes
            }
        }
    }
}

extension ChatTemplates {
    private static let key = "tokenizer.chat_template"

    /// The templates in a GGUF file.
    init(_ metadata: GGUFMetadata) throws {
        self.init(standard: try metadata.string(Self.key))
        for name in try metadata.strings(Self.key + "s") ?? GGUFStrings() {
            let name = String(decoding: name, as: UTF8.self)
            guard let template = try metadata.string(Self.key + "." + name) else { continue }
            named.append(Named(name: name, template: template))
        }
    }

    /// Key-values that hold the templates, as llama.cpp's tools write them.
    var entries: [(key: String, value: GGUFValue)] {
        var entries: [(key: String, value: GGUFValue)] = []
        if let standard { entries.append((Self.key, .text(standard))) }
        if !named.isEmpty {
            entries.append((Self.key + "s", .array(.string(GGUFStrings(named.map(\.name))))))
            entries += named.map { (Self.key + "." + $0.name, .text($0.template)) }
        }
        return entries
    }
}
