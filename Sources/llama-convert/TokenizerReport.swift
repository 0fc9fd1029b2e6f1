import LlamaConversion
import LlamaCheckpoints
import LlamaCommands
import Glibc
import LlamaTokenizers

/// The tokenizer that lies beside a checkpoint.
struct TokenizerReport {
    /// A token that means something by its id.
    struct Token {
        let id: Int32
        let name: String

        init(_ id: Int32, _ tokenizer: any Tokenizer) {
            self.id = id
            name = String(decoding: tokenizer.spelling(of: id), as: UTF8.self)
        }
    }

    /// The file's name; nil where there is none.
    let file: String?
    /// Its size.
    let byteCount: Int
    /// What it is, by its content.
    let kind: String?
    /// Number of ids; nil where it could not be loaded.
    let vocabularySize: Int?
    /// The token that begins a text.
    let begin: Token?
    /// The token that ends a text.
    let end: Token?
    /// The tokens that end a completion: the tokenizer's and those of the checkpoint's configuration.
    let stop: [Token]
    /// What is wrong with it.
    let problems: [String]

    /// - Parameter report: of a checkpoint that has a tokenizer in it, or beside it.
    init(of report: CheckpointReport) {
        if let metadata = report.gguf, metadata.contains("tokenizer.ggml.model") {
            self.init(
                name: "in the file", byteCount: 0, configuration: report.configuration,
                kind: (try? metadata.string("tokenizer.ggml.model")).map {
                    "a GGUF vocabulary of model \($0)"
                },
                loaded: Result { try EmbeddedVocabulary(metadata).makeTokenizer(file: metadata.file) })
            return
        }
        guard let path = TokenizerPath.file(in: report.folder) else {
            self.init(
                name: nil, byteCount: 0, configuration: nil, kind: nil,
                loaded: .failure(
                    Failure(
                        Failure.noInput,
                        "no tokenizer beside the weights (\(TokenizerPath.names.joined(separator: ", ")))")))
            return
        }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        var status = stat()
        self.init(
            name: name, byteCount: stat(path, &status) == 0 ? Int(status.st_size) : 0,
            configuration: report.configuration, kind: nil, loaded: Result { try loadTokenizer(at: path) })
    }

    /// - Parameter kind: nil to say what the tokenizer's own type tells.
    private init(
        name: String?, byteCount: Int, configuration: ModelConfiguration?, kind: String?,
        loaded: Result<any Tokenizer, any Error>
    ) {
        file = name
        self.byteCount = byteCount
        switch loaded {
        case .success(let tokenizer):
            self.kind = kind ?? TokenizerReport.kind(of: tokenizer)
            vocabularySize = tokenizer.vocabularySize
            begin = tokenizer.bosID.map { Token($0, tokenizer) }
            end = tokenizer.eosID.map { Token($0, tokenizer) }
            stop = tokenizer.stopTokens.union(configuration?.stopTokens ?? []).sorted()
                .map { Token($0, tokenizer) }
            problems = TokenizerReport.problems(tokenizer, name ?? "it", configuration)
        case .failure(let error):
            self.kind = kind
            (vocabularySize, begin, end, stop) = (nil, nil, nil, [])
            problems = [(error as? Failure)?.message ?? "\(error)"]
        }
    }

    private static func kind(of tokenizer: any Tokenizer) -> String {
        let kind: TokenizerKind =
            switch tokenizer {
            case is SentencePieceTokenizer: .sentencePiece
            case is TiktokenTokenizer: .tiktoken
            default: .huggingFaceJSON
            }
        return kind.description
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
