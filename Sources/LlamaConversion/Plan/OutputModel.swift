import LlamaCheckpoints
import LlamaTensors

/// The model as a conversion writes it: its configuration, roles and tensors in the format chosen.
struct OutputModel: Sendable {
    /// The source.
    let checkpoint: Checkpoint
    /// What was asked for.
    let options: ConversionOptions
    /// The dtypes of the tensors.
    let dtypes: DTypePlan
    /// The model as the output describes it.
    let configuration: ModelConfiguration
    /// Whether the context length of ``configuration`` is an assumption, of this conversion or of an earlier one.
    let assumesContextLength: Bool
    /// Whether the source's `config.json` is right for the output as it is, so that it is copied.
    let keepsConfig: Bool
    /// What the output leaves out or adds, a line each.
    let notes: [String]

    /// - Throws: where the source's weights cannot be read.
    init(_ checkpoint: Checkpoint, _ options: ConversionOptions, _ dtypes: DTypePlan) throws(CheckpointError)
    {
        (self.checkpoint, self.options, self.dtypes) = (checkpoint, options, dtypes)
        let source = checkpoint.configuration
        let (tied, note) = try Self.tie(checkpoint, for: options.format)
        let wasAssumed = AssumedContextLength.isWritten(in: checkpoint)
        let stated = wasAssumed ? nil : source.contextLength
        let statesItself = try checkpoint.statesTiedEmbeddings == source.tiesEmbeddings
        keepsConfig =
            checkpoint.naming == .huggingFace && options.format == .huggingFace && options.dtype == nil
            && tied == source && statesItself
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

    /// The model with its output head tied to the embedding or not, as the format allows, and a note about it.
    private static func tie(
        _ checkpoint: Checkpoint, for format: CheckpointFormat
    ) throws(CheckpointError) -> (ModelConfiguration, note: String?) {
        let source = checkpoint.configuration
        if source.tiesEmbeddings, format.isMeta {
            return (
                source.tyingEmbeddings(false),
                "output.weight is written as a copy of the embedding that it is tied to"
            )
        }
        if !format.isMeta, try checkpoint.storesTiedOutput {
            return (
                source.tyingEmbeddings(true),
                "output.weight, a copy of the embedding, is tied to it"
            )
        }
        return (source, nil)
    }

    /// The tensor of a role, or the part of it that one of `count` shards holds.
    func tensor(
        _ role: TensorRole, cut: ShardCut = .whole, part index: Int = 0, of count: Int = 1
    ) throws(CheckpointError) -> OutputTensor {
        let source: TensorRole =
            role == .output && checkpoint.configuration.tiesEmbeddings ? .tokEmbeddings : role
        let shape = role.shape(in: configuration)
        let (rows, columns) = cut.range(ofPart: index, of: count, shape: shape)
        let spec = TensorSpec(
            name: options.format.naming.name(of: role),
            dtype: try dtypes.dtype(of: role, from: source, by: rule),
            shape: shape.count > 1 ? [rows.count, columns.count] : [columns.count])
        return OutputTensor(
            spec: spec, role: role, source: source, rows: rows, columns: columns,
            fallback: rule.flatMap { QuantizationRule.Fallback(spec.name, role, shape: shape, by: $0) })
    }

    /// The dtype that was asked for, and what follows from it for each role; nil for the source's dtypes.
    private var rule: QuantizationRule? {
        options.dtype.map { QuantizationRule($0, tiesEmbeddings: configuration.tiesEmbeddings) }
    }

    /// All roles of the output, in the order of the model.
    var roles: [TensorRole] {
        let roles = TensorRole.all(of: configuration)
        return roles.filter { $0 != .norm && $0 != .output } + roles.filter { $0 == .norm || $0 == .output }
    }

    /// The dtype of the largest tensors, or the one asked for.
    var mainDType: DType {
        get throws(CheckpointError) {
            try options.dtype ?? dtypes.dtype(of: .layer(0, .w1), from: .layer(0, .w1), by: nil)
        }
    }
}

extension ModelConfiguration {
    /// The same model with its output head tied to the embedding, or not.
    func tyingEmbeddings(_ ties: Bool) -> ModelConfiguration {
        with(tiesEmbeddings: ties, contextLength: contextLength)
    }

    /// The same model with this context length; nil for one that is not stated.
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
