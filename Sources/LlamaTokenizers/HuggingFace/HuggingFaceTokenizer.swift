import LlamaFiles

/// The tokenizer that a `tokenizer.json` describes (Hugging Face's "fast" tokenizers): byte-pair encoding of
/// characters with a fallback to bytes, as Llama 2 has it, or of bytes, as Llama 3 has it.
///
/// The rules of the file are followed, whichever model they belong to; a rule that is not implemented is an error. Ids
/// are those of Hugging Face's tokenizers without the tokens that a post-processor adds, text is theirs without
/// special tokens.
package struct HuggingFaceTokenizer: Tokenizer {
    /// The number of ids, of which a file may leave some without a token.
    package var vocabularySize: Int { table.count }

    /// The token that begins a sequence.
    package let bosID: Int32?
    /// The token that ends a sequence.
    package let eosID: Int32?
    /// The token that fills unused places of a batch.
    package let padID: Int32?
    /// The tokens after which a generation is over.
    package let stopTokens: Set<Int32>
    /// Whether a text that a model is given begins with `bosID`.
    package let addsBOS: Bool

    let normalizers: [TextNormalizer]
    let splits: [SplitRule]
    let model: BytePairModel
    /// The added tokens that are found in the text as it is, and in the normalized text.
    let addedTokens: AddedTokenMatcher
    let normalizedAddedTokens: AddedTokenMatcher
    private let table: TokenTable
    /// The names of the tokens that have no text of their own.
    private let names: [Int32: [UInt8]]
    private let leadingSpace: StreamingDecoder.LeadingSpace
    private let replacement: ByteRun.Replacement

    /// Loads a tokenizer from the bytes of its `tokenizer.json`.
    ///
    /// - Parameters:
    ///   - bytes: the file; not kept.
    ///   - file: what errors call it.
    ///   - settings: what the files beside it say.
    /// - Throws: `.invalidJSON` where the file is malformed or contradicts itself, `.unsupportedComponent` for a rule
    ///   that is not implemented.
    package init(
        bytes: [UInt8], file: String = "tokenizer.json", settings: TokenizerSettings = TokenizerSettings()
    ) throws(TokenizerError) {
        do {
            self = try bytes.withUnsafeBufferPointer { text throws(ComponentError) in
                try HuggingFaceTokenizer(try TokenizerJSON(text), text, settings)
            }
        } catch { throw error.inFile(file) }
    }

    /// Loads a tokenizer from its `tokenizer.json` and the files beside it.
    ///
    /// - Throws: what `init(bytes:file:settings:)` throws, and the errors of a file that cannot be read.
    package init(path: String) throws(TokenizerError) {
        try self.init(
            bytes: try TokenizerFile(path: path).bytes, file: path,
            settings: try TokenizerSettings(folder: FilePath(path).folder))
    }

    private init(
        _ file: TokenizerJSON, _ text: UnsafeBufferPointer<UInt8>, _ settings: TokenizerSettings
    ) throws(ComponentError) {
        let components = try BytePairComponents(file, text)
        let postProcessing = try PostProcessing(
            file.members["post_processor"], vocabularySize: components.addedTokens.idCount)
        try self.init(components, postProcessing, settings)
    }

    /// Assembles a tokenizer from its components.
    ///
    /// - Throws: for decoder rules that make a token longer than any is.
    init(
        _ components: BytePairComponents, _ postProcessing: PostProcessing = PostProcessing(),
        _ settings: TokenizerSettings = TokenizerSettings()
    ) throws(ComponentError) {
        (normalizers, splits, model) = (components.normalizers, components.splits, components.model)
        leadingSpace = components.decoder.leadingSpace
        replacement = components.decoder.isByteLevel ? .maximalSubpart : .wholeRun
        let added = components.addedTokens
        let tokens = added.tokens.map { [normalizers] in ($0, $0.spelling(normalizers)) }
        addedTokens = AddedTokenMatcher(tokens.filter { !$0.0.isNormalized })
        normalizedAddedTokens = AddedTokenMatcher(tokens.filter(\.0.isNormalized))
        (table, names) = try added.table(normalizers, components.decoder)

        func id(_ spelling: String?) -> Int32? { spelling.flatMap { added.id(of: Array($0.utf8)) } }
        bosID = id(settings.bosToken) ?? postProcessing.bosID
        eosID =
            id(settings.eosToken) ?? postProcessing.eosID
            ?? StopTokens.endsOfText.lazy.compactMap { id($0) }.first
        padID = id(settings.padToken)
        let size = Int32(table.count)
        stopTokens = settings.stopTokens.filter { (0..<size).contains($0) }
            .union(StopTokens.spellings.compactMap { id($0) }).union(eosID.map { [$0] } ?? [])
        addsBOS = (settings.addsBOS ?? (postProcessing.bosID != nil)) && bosID != nil
    }

    /// The kind of a token, or nil outside the vocabulary.
    package func kind(of id: Int32) -> TokenKind? { table.kind(of: id) }

    /// What to call a token; see `Tokenizer`.
    package func spelling(of id: Int32) -> [UInt8] { names[id] ?? bytes(of: id) }

    /// The bytes that a token adds to a text, not necessarily whole characters; none for a special token.
    package func bytes(of id: Int32) -> [UInt8] { Array(table.bytes(of: id)) }

    /// A decoder for ids that arrive one after another; see `Tokenizer`.
    ///
    /// A run of byte tokens is returned once the next other token follows: Hugging Face's tokenizers replace the whole
    /// run if it is not UTF-8.
    package func makeStreamingDecoder(prompt: [Int32]) -> StreamingDecoder {
        StreamingDecoder(
            table: table, leadingSpace: leadingSpace, replacement: replacement, skipsControl: true,
            prompt: prompt)
    }
}
