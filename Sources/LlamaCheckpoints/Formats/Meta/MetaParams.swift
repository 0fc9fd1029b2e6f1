import Logging

/// Meta's `params.json`, together with what only the tensors' shapes tell.
struct MetaParams {
    private let reader: ConfigurationReader
    let dim: Int
    let nLayers: Int
    let nHeads: Int
    let nKVHeads: Int
    let headDim: Int
    let hiddenDim: Int
    /// Nil where the file says −1, "ask the tokenizer".
    let vocabularySize: Int?
    let normEpsilon: Float
    let contextLength: Int?

    init(_ path: String) throws(CheckpointError) {
        reader = try ConfigurationReader(path)
        dim = try reader.int("dim", in: .width)
        nLayers = try reader.int("n_layers", in: .modelCount)
        nHeads = try reader.int("n_heads", in: .modelCount)
        nKVHeads = try reader.optionalInt("n_kv_heads", in: .modelCount) ?? nHeads
        let explicitHeadDim = try reader.optionalInt("head_dim", in: .modelCount)
        guard explicitHeadDim != nil || dim.isMultiple(of: nHeads) else {
            throw reader.invalid("n_heads", expected: "a divisor of dim \(dim)", found: "\(nHeads)")
        }
        headDim = explicitHeadDim ?? dim / nHeads
        try reader.checkHeads(
            nHeads: nHeads, nKVHeads: nKVHeads, headDim: headDim, keys: ("n_kv_heads", "n_heads"))
        let size = try reader.optionalInt("vocab_size", in: -1...ClosedRange.vocabulary.upperBound) ?? -1
        guard size != 0 else { throw reader.invalid("vocab_size", expected: "-1 or a count", found: "0") }
        vocabularySize = size == -1 ? nil : size
        normEpsilon = try reader.required("norm_eps", try reader.normEpsilon("norm_eps"))
        contextLength = try reader.optionalInt("max_seq_len", in: .context)
        try reader.check(NeutralKey.meta(contextLength: contextLength))
        if let explicit = try reader.optionalInt("hidden_dim", in: .width) {
            hiddenDim = explicit
        } else {
            hiddenDim = try MetaParams.hiddenDim(reader, dim: dim)
        }
    }

    private static func hiddenDim(_ reader: ConfigurationReader, dim: Int) throws(CheckpointError) -> Int {
        let multiple = try reader.int("multiple_of", in: .width)
        let multiplier = try reader.optionalPositive("ffn_dim_multiplier")
        guard multiplier ?? 1 <= 64 else {
            throw reader.invalid("ffn_dim_multiplier", expected: "at most 64", found: "\(multiplier ?? 1)")
        }
        let rounded = ModelConfiguration.hiddenDim(dim: dim, multipleOf: multiple, multiplier: multiplier)
        guard ClosedRange.width.contains(rounded) else {
            throw reader.invalid(
                "ffn_dim_multiplier",
                expected: "a feed-forward width of 1 to \(ClosedRange.width.upperBound)",
                found: "\(rounded)")
        }
        return rounded
    }

    /// The full configuration; the vocabulary and the tying are read off the tensors.
    ///
    /// - Parameters:
    ///   - generation: A `generation_config.json`, which may name tokens that end a text.
    func configuration(
        vocabularySize: Int, tiesEmbeddings: Bool, generation: ConfigurationReader?,
        logger: Logger
    ) throws(CheckpointError) -> StatedConfiguration {
        if let stated = self.vocabularySize, stated != vocabularySize {
            throw reader.invalid(
                "vocab_size", expected: "the \(vocabularySize) rows of tok_embeddings.weight",
                found: "\(stated)")
        }
        let configuration = ModelConfiguration(
            dim: dim, nLayers: nLayers, nHeads: nHeads, nKVHeads: nKVHeads, headDim: headDim,
            hiddenDim: hiddenDim, vocabularySize: vocabularySize, normEpsilon: normEpsilon,
            rope: try rope(vocabularySize: vocabularySize, logger: logger), ropeLayout: .interleaved,
            tiesEmbeddings: tiesEmbeddings, hasAttentionBias: false, hasFeedForwardBias: false,
            contextLength: contextLength,
            stopTokens: MetaParams.familyStopTokens(vocabularySize: vocabularySize)
                .union(try generation?.stopTokens(vocabularySize: vocabularySize, logger: logger) ?? []))
        return StatedConfiguration(
            configuration: configuration, sources: sources(of: configuration, generation))
    }

    private func sources(
        of configuration: ModelConfiguration, _ generation: ConfigurationReader?
    ) -> [ConfigurationSource] {
        let isLlama3 = configuration.vocabularySize == ModelConfiguration.llama3VocabularySize
        let stops = [
            isLlama3 ? "vocabulary of \(configuration.vocabularySize): Llama 3's" : "",
            generation?.source("eos_token_id", otherwise: "") ?? "",
        ].filter { !$0.isEmpty }
        let hidden = ["dim", "multiple_of", "ffn_dim_multiplier"].filter(reader.has).joined(separator: ", ")
        let scaled = reader.source("use_scaled_rope")
        let factor = reader.source(
            "rope_scaling_factor", otherwise: "\(scaled), whose constants are those of Llama 3.1 or 3.2")
        let noKey = "nowhere: Meta's files have none"
        return [
            configuration.source(.dim, reader.source("dim")),
            configuration.source(.nLayers, reader.source("n_layers")),
            configuration.source(.nHeads, reader.source("n_heads")),
            configuration.source(.nKVHeads, reader.source("n_kv_heads", otherwise: "default: n_heads")),
            configuration.source(.headDim, reader.source("head_dim", otherwise: "default: dim / n_heads")),
            configuration.source(
                .hiddenDim, reader.source("hidden_dim", otherwise: "params.json: \(hidden); shape of w1")),
            configuration.source(
                .vocabularySize,
                vocabularySize == nil
                    ? "shape of tok_embeddings.weight" : reader.source("vocab_size")),
            configuration.source(.normEpsilon, reader.source("norm_eps")),
            configuration.source(
                .tiesEmbeddings,
                configuration.tiesEmbeddings
                    ? "no output.weight of its own, and the shape of Llama 3.2 1B/3B"
                    : "output.weight is there"),
            configuration.source(.hasAttentionBias, noKey), configuration.source(.hasFeedForwardBias, noKey),
            configuration.source(.contextLength, reader.source("max_seq_len", otherwise: "nowhere")),
            configuration.source(.ropeTheta, reader.source("rope_theta")),
            configuration.source(.ropeScaling, configuration.rope.scaling == .none ? scaled : factor),
            configuration.source(.stopTokens, stops.isEmpty ? "nowhere" : stops.joined(separator: ", ")),
        ]
    }

    /// Whether it is Llama 3.2 1B or 3B: ``ModelConfiguration/isSmallLlama32(dim:vocabularySize:)``.
    func isSmallLlama32(vocabularySize: Int) -> Bool {
        ModelConfiguration.isSmallLlama32(dim: dim, vocabularySize: vocabularySize)
    }

    /// `<|end_of_text|>`, `<|eom_id|>` and `<|eot_id|>`: they end a text, and `params.json` does not say so.
    private static let llama3StopTokens: Set<Int32> = [128_001, 128_008, 128_009]

    private static func familyStopTokens(vocabularySize: Int) -> Set<Int32> {
        vocabularySize == ModelConfiguration.llama3VocabularySize ? llama3StopTokens : []
    }

    /// The rotations. `use_scaled_rope` implies constants that `params.json` need not hold.
    ///
    /// Source: `apply_scaling` in `models/llama3/model.py` and `models/llama4/model.py` of llama-models, and `ModelArgs` in
    /// `models/llama4/args.py` for the keys (its defaults are those of Llama 4); issues 166 and 241 there for the factor of
    /// 32.
    private func rope(vocabularySize: Int, logger: Logger) throws(CheckpointError) -> RoPEConfiguration {
        let theta = try reader.ropeTheta() ?? 10000
        let highKey = try highFrequencyKey()
        guard try reader.flag("use_scaled_rope") else {
            for key in ["rope_scaling_factor", highKey] where reader.has(key) {
                logger.notice("\(reader.file): \(key) has no effect without use_scaled_rope")
            }
            return RoPEConfiguration(theta: theta, scaling: .none)
        }
        let stated = try reader.optionalPositive("rope_scaling_factor")
        let isSmall = isSmallLlama32(vocabularySize: vocabularySize)
        let factor = stated ?? (isSmall ? 32 : 8)
        let why =
            stated != nil
            ? "as rope_scaling_factor says"
            : isSmall ? "as in Llama 3.2 1B/3B, by the shape" : "as in Llama 3.1"
        let high = try reader.optionalPositive(highKey) ?? 4
        guard high > 1 else { throw reader.invalid(highKey, expected: "more than 1", found: "\(high)") }
        logger.notice(
            "\(reader.file): use_scaled_rope: factor \(factor) (\(why)), low 1, high \(high), length 8192")
        return RoPEConfiguration(
            theta: theta,
            scaling: .llama3(
                factor: factor, lowFrequencyFactor: 1, highFrequencyFactor: high, originalLength: 8192))
    }

    /// The key under which the file states the factor of high frequencies: Meta's, or the one that earlier versions of
    /// this program wrote.
    private func highFrequencyKey() throws(CheckpointError) -> String {
        let (key, older) = ("rope_high_freq_factor", "high_freq_factor")
        guard reader.has(older) else { return key }
        if let one = try reader.optionalPositive(key), let other = try reader.optionalPositive(older),
            one != other
        {
            throw reader.invalid(older, expected: "\(one), as in \(key)", found: "\(other)")
        }
        return reader.has(key) ? key : older
    }
}
