import LlamaCheckpoints
import LlamaFiles
import LlamaTensors

/// Writes checkpoints in Meta's layout with safetensors weights: `params.json` and `consolidated.safetensors`.
package enum MetaCheckpointWriter {
    /// Writes `params.json`.
    ///
    /// - Parameter multipleOf: The rounding by which `hiddenDim` follows from `dim`.
    package static func writeParams(
        _ configuration: ModelConfiguration, multipleOf: Int, folder: String
    ) throws(AtomicFile.Failure) {
        let text = MetaParamsText(configuration, multipleOf: multipleOf).text
        try AtomicFile.write(text, to: folder + "/params.json")
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
