import LlamaCheckpoints
import LlamaFiles
import LlamaJSON
import LlamaTensors

/// Writes checkpoints in Meta's layout with safetensors weights: `params.json` and `consolidated.safetensors`.
package enum MetaCheckpointWriter {
    /// Writes `params.json`.
    ///
    /// - Parameter multipleOf: The rounding by which `hiddenDim` follows from `dim`.
    package static func writeParams(
        _ configuration: ModelConfiguration, multipleOf: Int, folder: String
    ) throws(AtomicFile.Failure) {
        var members: [(String, JSONText)] = [
            ("dim", .int(configuration.dim)), ("n_layers", .int(configuration.nLayers)),
            ("n_heads", .int(configuration.nHeads)), ("n_kv_heads", .int(configuration.nKVHeads)),
            ("vocab_size", .int(configuration.vocabularySize)), ("multiple_of", .int(multipleOf)),
            ("norm_eps", .float(configuration.normEpsilon)),
            ("rope_theta", .double(configuration.rope.theta)),
        ]
        if let length = configuration.contextLength { members.append(("max_seq_len", .int(length))) }
        try AtomicFile.write(JSONText.object(members).serialized + "\n", to: folder + "/params.json")
    }

    /// Writes `consolidated.safetensors`.
    ///
    /// - Parameter values: The values of each role, `[shape]` row-major, in Meta's row order.
    package static func writeWeights(
        _ configuration: ModelConfiguration, dtype: DType, metadata: [(String, String)] = [], folder: String,
        values: @escaping (TensorRole) -> [Float]
    ) throws(AtomicFile.Failure) {
        var entries: [SafetensorsWriter.Entry] = []
        for role in TensorRole.all(of: configuration) {
            entries.append(
                SafetensorsWriter.Entry(
                    name: TensorNaming.meta.name(of: role), shape: role.shape(in: configuration),
                    dtype: dtype,
                    values: { values(role) }))
        }
        try SafetensorsWriter.write(entries, metadata: metadata, to: folder + "/consolidated.safetensors")
    }
}
