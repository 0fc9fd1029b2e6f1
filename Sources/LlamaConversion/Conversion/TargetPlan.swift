import LlamaCheckpoints
import LlamaTensors

/// The files that a checkpoint becomes in a format, and what stands against it.
struct TargetPlan {
    let checkpoint: Checkpoint
    let options: ConversionOptions
    let dtypes: DTypePlan
    /// The model as the output describes it.
    let configuration: ModelConfiguration
    /// Whether the context length of ``configuration`` is an assumption, of this conversion or of an earlier one.
    let assumesContextLength: Bool
    /// Whether the source's `config.json` says all, so that it is copied.
    let keepsConfig: Bool
    /// What the output leaves out or adds, a line each.
    let notes: [String]

    init(_ checkpoint: Checkpoint, _ options: ConversionOptions, _ dtypes: DTypePlan) {
        (self.checkpoint, self.options, self.dtypes) = (checkpoint, options, dtypes)
        let source = checkpoint.configuration
        let (tied, note) = Self.tie(checkpoint, for: options.format)
        let wasAssumed = ConversionRecord.assumedContextLength(of: checkpoint)
        let stated = wasAssumed ? nil : source.contextLength
        keepsConfig =
            checkpoint.naming == .huggingFace && options.format == .huggingFace && options.dtype == nil
            && tied == source
        if keepsConfig || options.format.isMeta || stated != nil {
            configuration = keepsConfig ? source : tied.withContextLength(stated)
            assumesContextLength = keepsConfig && wasAssumed
            notes = [note].compactMap(\.self)
        } else {
            let assumed = AssumedContextLength(tied.withContextLength(nil))
            configuration = tied.withContextLength(assumed.length)
            assumesContextLength = true
            notes = [note, assumed.note].compactMap(\.self)
        }
    }

    /// The model with its output head tied to the embedding or not, as the format can have it, and what to say of that.
    private static func tie(
        _ checkpoint: Checkpoint, for format: CheckpointFormat
    ) -> (ModelConfiguration, note: String?) {
        let source = checkpoint.configuration
        if source.tiesEmbeddings, format.isMeta {
            return (
                source.tyingEmbeddings(false),
                "output.weight is written as a copy of the embedding that it is tied to"
            )
        }
        if !format.isMeta, !source.tiesEmbeddings, ConversionRecord.untiedOutput(of: checkpoint) {
            return (
                source.tyingEmbeddings(true),
                "output.weight, a copy of the embedding that an earlier conversion made, is tied to it again"
            )
        }
        return (source, nil)
    }

    /// Why the format cannot express the checkpoint; empty where it can.
    func obstacles() -> [String] {
        switch options.format {
        case .meta, .metaSafetensors: return metaObstacles() + shardObstacles()
        case .huggingFace:
            if case .factors = configuration.rope.scaling {
                return ["config.json has no name for RoPE factors of each frequency"] + noShards()
            }
            return noShards()
        case .gguf: return noShards() + quantizationObstacles()
        case .llama2c:
            do {
                _ = try Llama2cWriter.layout(configuration: configuration)
                return noShards()
            } catch { return [error.description] + noShards() }
        }
    }

    private func noShards() -> [String] {
        options.shards ?? 1 == 1 ? [] : ["shards are for Meta's formats"]
    }

    private func metaObstacles() -> [String] {
        var reasons: [String] = []
        if configuration.hasAttentionBias || configuration.hasFeedForwardBias {
            reasons.append("Meta's Llama has no biases")
        }
        if configuration.headDim * configuration.nHeads != configuration.dim {
            reasons.append(
                "params.json has no head_dim, and \(configuration.headDim) is not dim \(configuration.dim) / n_heads \(configuration.nHeads)"
            )
        }
        switch configuration.rope.scaling {
        case .none: break
        case .linear, .factors: reasons.append("params.json knows no RoPE scaling but Llama 3's")
        case .llama3(_, let low, _, let length):
            if low != 1 || length != 8192 {
                reasons.append(
                    "params.json knows RoPE scaling from 8192 positions with a low factor of 1 only")
            }
        }
        return reasons
    }

    private func shardObstacles() -> [String] {
        let count = options.shards ?? 1
        guard (1...100).contains(count) else { return ["\(count) shards are not from 1 to 100"] }
        return shardCut.obstacles(configuration)
    }

    private func quantizationObstacles() -> [String] {
        guard let dtype = options.dtype, dtype.isBlockFormat else { return [] }
        var widths = [("dim", configuration.dim), ("hidden_dim", configuration.hiddenDim)]
        let heads = configuration.nHeads * configuration.headDim
        if heads != configuration.dim { widths.append(("n_heads * head_dim", heads)) }
        return widths.filter { !$0.1.isMultiple(of: dtype.blockCount) }
            .map { "\(dtype.rawValue) stores \(dtype.blockCount) weights together, and \($0.0) is \($0.1)" }
    }

    var shardCut: ShardCut {
        // A source that is sharded tells how its family cuts; else Llama 3's vocabulary does.
        let embedding = try? checkpoint.weight(.tokEmbeddings)
        let byRows = embedding.map { $0.cut == .whole ? nil : $0.cut == .rows } ?? nil
        return ShardCut(
            count: options.shards ?? 1,
            cutsEmbeddingByRows: byRows ?? (configuration.vocabularySize >= 128_000))
    }

    /// The tensor of a role, whole.
    func tensor(_ role: TensorRole) throws(CheckpointError) -> OutputTensor {
        try tensor(role, shard: 0, of: ShardCut(count: 1, cutsEmbeddingByRows: true))
    }

    /// The part of a role's tensor that a shard holds.
    func tensor(_ role: TensorRole, shard: Int, of cut: ShardCut) throws(CheckpointError) -> OutputTensor {
        let source: TensorRole =
            role == .output && checkpoint.configuration.tiesEmbeddings ? .tokEmbeddings : role
        let shape = role.shape(in: configuration)
        let part = cut.part(shard, of: role, shape: shape)
        let spec = TensorSpec(
            name: options.format.naming.name(of: role), dtype: try dtypes.dtype(of: source),
            shape: shape.count > 1 ? [part.rows.count, part.columns.count] : [part.columns.count])
        return OutputTensor(spec: spec, role: role, source: source, rows: part.rows, columns: part.columns)
    }

    /// All roles of the output, in the order of the model.
    var roles: [TensorRole] {
        let roles = TensorRole.all(of: configuration)
        return roles.filter { $0 != .norm && $0 != .output } + roles.filter { $0 == .norm || $0 == .output }
    }

    /// The files.
    func files() throws(CheckpointError) -> [ConversionPlan.File] {
        switch options.format {
        case .meta, .metaSafetensors: try metaFiles()
        case .huggingFace: try huggingFaceFiles()
        case .gguf: try ggufFiles()
        case .llama2c: try llama2cFiles()
        }
    }
}

extension ModelConfiguration {
    /// The same model with its output head tied to the embedding, or not.
    func tyingEmbeddings(_ ties: Bool) -> ModelConfiguration {
        with(tiesEmbeddings: ties, contextLength: contextLength)
    }

    /// The same model, made for texts of this length; nil where nobody says.
    func withContextLength(_ length: Int?) -> ModelConfiguration {
        with(tiesEmbeddings: tiesEmbeddings, contextLength: length)
    }

    private func with(tiesEmbeddings: Bool, contextLength: Int?) -> ModelConfiguration {
        ModelConfiguration(
            dim: dim, nLayers: nLayers, nHeads: nHeads, nKVHeads: nKVHeads, headDim: headDim,
            hiddenDim: hiddenDim,
            vocabularySize: vocabularySize, normEpsilon: normEpsilon, rope: rope, ropeLayout: ropeLayout,
            tiesEmbeddings: tiesEmbeddings, hasAttentionBias: hasAttentionBias,
            hasFeedForwardBias: hasFeedForwardBias,
            contextLength: contextLength, stopTokens: stopTokens)
    }
}
