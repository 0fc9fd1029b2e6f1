import Logging

/// Hugging Face's `config.json` of a Llama.
///
/// Source: `LlamaConfig` in transformers, both generations of RoPE keys.
package enum HuggingFaceConfig {
    /// The values of `model_type` that are a Llama's: Mistral's models are the same.
    package static let families = ["llama", "mistral"]

    /// The configuration that the file at `path` states.
    ///
    /// - Parameters:
    ///   - generation: Path of `generation_config.json`, which may name more tokens that end a text; nil where there
    ///     is none.
    ///   - head: What the files hold as the output head. Where `tie_word_embeddings` contradicts it, it is used, as in
    ///     transformers.
    ///   - logger: Told what is left out.
    /// - Throws: for a value that is missing or wrong, or that asks for what a Llama does not do.
    static func read(
        _ path: String, generation: String?, head: StoredHead, logger: Logger
    ) throws(CheckpointError) -> StatedConfiguration {
        let reader = try ConfigurationReader(path)
        let generation =
            if let generation { try ConfigurationReader(generation) } else { nil as ConfigurationReader? }
        try checkFamily(reader)
        let vocabularySize = try reader.int("vocab_size", in: .vocabulary)
        var stopTokens: Set<Int32> = []
        for file in [reader, generation].compactMap(\.self) {
            stopTokens.formUnion(try file.stopTokens(vocabularySize: vocabularySize, logger: logger))
        }
        let dim = try reader.int("hidden_size", in: .width)
        let nHeads = try reader.int("num_attention_heads", in: .modelCount)
        let nKVHeads = try reader.optionalInt("num_key_value_heads", in: .modelCount) ?? nHeads
        let explicitHeadDim = try reader.optionalInt("head_dim", in: .modelCount)
        guard explicitHeadDim != nil || dim.isMultiple(of: nHeads) else {
            throw reader.invalid(
                "num_attention_heads", expected: "a divisor of hidden_size \(dim)", found: "\(nHeads)")
        }
        let headDim = explicitHeadDim ?? dim / nHeads
        try reader.checkHeads(
            nHeads: nHeads, nKVHeads: nKVHeads, headDim: headDim,
            keys: ("num_key_value_heads", "num_attention_heads"))
        let contextLength = try reader.optionalInt("max_position_embeddings", in: .context)
        try checkNeutral(reader, headDim: headDim, contextLength: contextLength)
        let configuration = ModelConfiguration(
            dim: dim, nLayers: try reader.int("num_hidden_layers", in: .modelCount), nHeads: nHeads,
            nKVHeads: nKVHeads, headDim: headDim, hiddenDim: try reader.int("intermediate_size", in: .width),
            vocabularySize: vocabularySize,
            normEpsilon: try reader.normEpsilon("rms_norm_eps") ?? 1e-6,
            rope: try rope(reader), ropeLayout: .halves,
            tiesEmbeddings: try tiesEmbeddings(reader, head, logger: logger),
            hasAttentionBias: try reader.flag("attention_bias"),
            hasFeedForwardBias: try reader.flag("mlp_bias"),
            contextLength: contextLength, stopTokens: stopTokens)
        return StatedConfiguration(
            configuration: configuration, sources: try sources(of: configuration, reader, generation))
    }

    /// Whether the output head is the embedding.
    ///
    /// Source: `tie_weights` in transformers' `modeling_utils.py` (pull request 44497): where the file has both tensors,
    /// and they differ, they are not tied.
    private static func tiesEmbeddings(
        _ reader: ConfigurationReader, _ head: StoredHead, logger: Logger
    ) throws(CheckpointError) -> Bool {
        guard try reader.flag("tie_word_embeddings") else { return false }
        guard let problem = head.difference else { return true }
        logger.notice(
            "\(reader.file): tie_word_embeddings is true, but \(problem): it is used, and not the embedding")
        return false
    }

    private static func sources(
        of configuration: ModelConfiguration, _ reader: ConfigurationReader,
        _ generation: ConfigurationReader?
    ) throws(CheckpointError) -> [ConfigurationSource] {
        let keys: [(ConfigurationField, key: String, otherwise: String)] = [
            (.dim, "hidden_size", ""), (.nLayers, "num_hidden_layers", ""),
            (.nHeads, "num_attention_heads", ""),
            (.nKVHeads, "num_key_value_heads", "default: num_attention_heads"),
            (.headDim, "head_dim", "default: hidden_size / num_attention_heads"),
            (.hiddenDim, "intermediate_size", ""), (.vocabularySize, "vocab_size", ""),
            (.normEpsilon, "rms_norm_eps", "default"), (.tiesEmbeddings, "tie_word_embeddings", "default"),
            (.hasAttentionBias, "attention_bias", "default"), (.hasFeedForwardBias, "mlp_bias", "default"),
            (.contextLength, "max_position_embeddings", "nowhere"),
        ]
        let rope = try reader.object("rope_parameters")
        let older = try reader.object("rope_scaling")
        let scaling = rope ?? older
        let theta = [rope, older].compactMap(\.self).first { $0.has("rope_theta") } ?? reader
        let scalingKey = scaling?.has("rope_type") == true ? "rope_type" : "type"
        let stops = [reader, generation].compactMap(\.self).filter { $0.has("eos_token_id") }
            .map { $0.source("eos_token_id") }
        let ties = try reader.flag("tie_word_embeddings")
        return keys.map { field, key, otherwise in
            let source = reader.source(key, otherwise: otherwise)
            let isContradicted = field == .tiesEmbeddings && ties != configuration.tiesEmbeddings
            return configuration.source(
                field, isContradicted ? "lm_head.weight is there, against \(source)" : source)
        } + [
            configuration.source(.ropeTheta, theta.source("rope_theta")),
            configuration.source(.ropeScaling, scaling?.source(scalingKey) ?? "default"),
            configuration.source(.stopTokens, stops.isEmpty ? "nowhere" : stops.joined(separator: ", ")),
        ]
    }

    private static func checkFamily(_ reader: ConfigurationReader) throws(CheckpointError) {
        let family = try reader.optionalString("model_type") ?? "llama"
        guard families.contains(family) else {
            throw reader.invalid("model_type", expected: "llama (or mistral, its twin)", found: family)
        }
        let activation = try reader.optionalString("hidden_act") ?? "silu"
        guard activation == "silu" || activation == "swish" else {
            throw reader.invalid("hidden_act", expected: "silu", found: activation)
        }
    }

    private static func checkNeutral(
        _ reader: ConfigurationReader, headDim: Int, contextLength: Int?
    ) throws(CheckpointError) {
        try reader.check(NeutralKey.huggingFace(headDim: headDim, contextLength: contextLength))
        let isOn = try reader.flag("use_sliding_window")
        if isOn || !reader.has("use_sliding_window") {
            try reader.check([NeutralKey.slidingWindow(contextLength: contextLength)])
        }
    }

    /// The rotations, from the older keys, the newer ones, or both where they agree.
    private static func rope(_ reader: ConfigurationReader) throws(CheckpointError) -> RoPEConfiguration {
        let parameters = try reader.object("rope_parameters")
        let older = try reader.object("rope_scaling")
        let objects = [parameters, older].compactMap(\.self)
        for object in objects + [reader] { try object.check(NeutralKey.huggingFaceRotations) }
        var scaling: RoPEConfiguration.Scaling?
        for object in objects {
            let stated = try self.scaling(object)
            guard stated == scaling ?? stated else {
                throw reader.invalid(
                    "rope_scaling", expected: "\(scaling ?? .none), as in rope_parameters", found: "\(stated)"
                )
            }
            scaling = stated
        }
        return RoPEConfiguration(theta: try theta(objects + [reader]), scaling: scaling ?? .none)
    }

    private static func theta(_ objects: [ConfigurationReader]) throws(CheckpointError) -> Double {
        var first: (theta: Double, key: String)?
        for object in objects {
            guard let theta = try object.ropeTheta() else { continue }
            guard let known = first else {
                first = (theta, object.keyPath(of: "rope_theta"))
                continue
            }
            guard theta == known.theta else {
                throw object.invalid(
                    "rope_theta", expected: "\(known.theta), as in \(known.key)", found: "\(theta)")
            }
        }
        return first?.theta ?? 10000
    }

    private static func scaling(
        _ reader: ConfigurationReader
    ) throws(CheckpointError) -> RoPEConfiguration.Scaling {
        let key = try reader.optionalString("rope_type") == nil ? "type" : "rope_type"
        switch try reader.optionalString(key) ?? "default" {
        case "default": return .none
        case "linear": return .linear(factor: try reader.positive("factor"))
        case "llama3":
            let low = try reader.positive("low_freq_factor")
            let high = try reader.positive("high_freq_factor")
            guard high > low else {
                throw reader.invalid(
                    "high_freq_factor", expected: "more than low_freq_factor \(low)", found: "\(high)")
            }
            return .llama3(
                factor: try reader.positive("factor"), lowFrequencyFactor: low, highFrequencyFactor: high,
                originalLength: try reader.int("original_max_position_embeddings", in: .context))
        case let other:
            throw reader.invalid(key, expected: "default, linear or llama3", found: other)
        }
    }
}
