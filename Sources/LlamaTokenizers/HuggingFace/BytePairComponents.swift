import LlamaJSON

/// What a ``HuggingFaceTokenizer`` is assembled from: its rules, implemented, and its vocabulary.
struct BytePairComponents {
    /// Rules that change a text before it is split, in order.
    var normalizers: [TextNormalizer] = []
    /// Rules that split a text into words, in order.
    var splits: [SplitRule]
    /// How words become ids.
    var model: BytePairModel
    /// Tokens that are found in a text before anything else, with the vocabulary that they extend.
    var addedTokens: AddedTokenList
    /// How ids become text.
    var decoder: DecoderRules
}

extension BytePairComponents {
    /// The components of a `tokenizer.json`.
    ///
    /// - Parameter text: the whole file.
    init(_ file: TokenizerJSON, _ text: UnsafeBufferPointer<UInt8>) throws(ComponentError) {
        let members = file.members
        if let value = members["normalizer"] { normalizers = try TextNormalizer.rules(try Component(value)) }
        var isByteLevel = false
        splits = []
        if let value = members["pre_tokenizer"] {
            (splits, isByteLevel) = try SplitRule.rules(try Component(value))
        }
        model = try BytePairModel(file, text, isByteLevel: isByteLevel)
        decoder = try DecoderRules(
            try members["decoder"].map { value throws(ComponentError) in try Component(value) })
        addedTokens = try AddedTokenList(members["added_tokens"], file.vocabulary, model)
    }
}
