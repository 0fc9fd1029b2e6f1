import LlamaCheckpoints
import LlamaTensors

/// Plans the file of a llama2.c checkpoint.
struct Llama2cCheckpointWriter: FormatWriter {
    func obstacles(to model: OutputModel) -> [String] {
        do throws(CheckpointError) {
            _ = try Llama2cWriter.layout(configuration: model.configuration)
            return []
        } catch { return [error.description] }
    }

    func storedDType(for dtype: DType, rank: Int) -> DType { .float32 }

    /// One `.bin` file.
    func files(of model: OutputModel) throws(CheckpointError) -> [PlannedFile] {
        let layout = try Llama2cWriter.layout(configuration: model.configuration)
        let roles = Llama2cSection.legacy(model.configuration).compactMap(\.role)
        let tensors = try roles.map { role throws(CheckpointError) in try model.tensor(role) }
        return [try PlannedFile(name: "model.bin", content: .weights(layout, tensors))]
    }
}
