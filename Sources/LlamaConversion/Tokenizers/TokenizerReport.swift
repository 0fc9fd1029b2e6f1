import LlamaCheckpoints
import LlamaFiles
import LlamaTokenizers

/// The tokenizer that goes with an inspected checkpoint.
package struct TokenizerReport {
    /// A special token.
    package struct Token {
        /// Its id.
        package let id: Int32
        /// Its spelling.
        package let name: String

        init(_ id: Int32, _ tokenizer: any Tokenizer) {
            self.id = id
            name = String(decoding: tokenizer.spelling(of: id), as: UTF8.self)
        }
    }

    /// The file's name; nil where there is none.
    package let file: String?
    /// The file's size; 0 for a vocabulary inside a GGUF file.
    package let byteCount: Int
    /// What kind of tokenizer it is, by its content; nil where that is unknown.
    package let kind: String?
    /// Number of ids; nil where it could not be loaded.
    package let vocabularySize: Int?
    /// The token that begins a text.
    package let begin: Token?
    /// The token that ends a text.
    package let end: Token?
    /// The tokens that end a completion: see ``StopTokens``.
    package let stop: [Token]
    /// Problems with it, one line each.
    package let problems: [String]

    /// Describes the tokenizer in a checkpoint, or beside it.
    package init(of report: CheckpointReport) {
        do {
            let isLlama2c = report.container == Llama2cFile.self
            let location = try TokenizerLocation.of(
                gguf: report.gguf, folder: report.folder, isLlama2c: isLlama2c)
            guard let location else {
                self.init(
                    nothingWith:
                        "no tokenizer beside the weights (\(TokenizerPath.names.joined(separator: ", ")))")
                return
            }
            self.init(location, configuration: report.configuration)
        } catch {
            self.init(nothingWith: "\(error)")
        }
    }

    /// A report of no tokenizer.
    private init(nothingWith problem: String) {
        (file, byteCount, kind, vocabularySize, begin, end, stop) = (nil, 0, nil, nil, nil, nil, [])
        problems = [problem]
    }

    private init(_ location: TokenizerLocation, configuration: ModelConfiguration?) {
        let name: String
        var kind: String?
        switch location {
        case .embedded(let metadata):
            (name, byteCount) = ("in the file", 0)
            kind = (try? metadata.string(GGUFMetadata.noVocabulary.key)).map {
                "a GGUF vocabulary of model \($0)"
            }
        case .file(let path):
            (name, byteCount) = (FilePath(path).name, FilePath(path).byteCount ?? 0)
        case .stream(let file):
            (name, byteCount) = (FilePath(file.path).name, file.bytes.count)
        }
        file = name
        do {
            let tokenizer = try location.load()
            self.kind = try kind ?? TokenizerKind(ofFile: location.path).description
            vocabularySize = tokenizer.vocabularySize
            begin = tokenizer.bosID.map { Token($0, tokenizer) }
            end = tokenizer.eosID.map { Token($0, tokenizer) }
            stop = StopTokens.of(tokenizer, configuration).sorted().map { Token($0, tokenizer) }
            problems = TokenizerReport.problems(tokenizer, name, configuration)
        } catch {
            self.kind = kind
            (vocabularySize, begin, end, stop) = (nil, nil, nil, [])
            problems = ["\(error)"]
        }
    }

    private static func problems(
        _ tokenizer: any Tokenizer, _ name: String, _ configuration: ModelConfiguration?
    ) -> [String] {
        guard let size = configuration?.vocabularySize, size != tokenizer.vocabularySize else { return [] }
        let counts = "\(name) has \(tokenizer.vocabularySize) ids, the model \(size)"
        return [
            size > tokenizer.vocabularySize ? "\(counts): its last ones are padding" : "\(counts): too few"
        ]
    }
}
