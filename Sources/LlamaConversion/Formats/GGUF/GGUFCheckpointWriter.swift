import LlamaCheckpoints
import LlamaFiles
import LlamaTensors

/// Plans the file of a GGUF checkpoint.
struct GGUFCheckpointWriter: FormatWriter {
    func obstacles(to model: OutputModel) -> [String] { [] }

    /// llama.cpp computes with norms and biases in float32 only.
    func storedDType(for dtype: DType, rank: Int) -> DType { rank < 2 ? .float32 : dtype }

    /// One `.gguf` file.
    func files(of model: OutputModel) throws(CheckpointError) -> [PlannedFile] {
        var tensors: [OutputTensor] = []
        var widened: [(name: String, dtype: DType)] = []
        for role in model.roles {
            let tensor = try model.tensor(role)
            tensors.append(tensor)
            let original = try model.dtypes.original(of: tensor.source)
            if tensor.spec.dtype == .float32, original != .float32, original.isFloat {
                widened.append((tensor.spec.name, original))
            }
        }
        let stated =
            model.assumesContextLength ? model.configuration.withContextLength(nil) : model.configuration
        let metadata =
            GGUFWriter.metadata(
                for: stated, name: FilePath(model.checkpoint.folder).name, dtype: try model.mainDType,
                isQuantizedHere: model.options.dtype != nil)
            + model.options.vocabulary + GGUFWidenedTensors.metadata(widened)
        let digests = tensors.map(\.digestEntry)
        guard let factors = GGUFWriter.ropeFactors(for: model.configuration) else {
            let layout = try GGUFWriter.layout(
                metadata: metadata, tensors: tensors.map(\.spec), digests: digests)
            return [try PlannedFile(name: "model.gguf", content: .weights(layout, tensors))]
        }
        let layout = try GGUFWriter.layout(
            metadata: metadata, tensors: tensors.map(\.spec) + [factors.tensor], digests: digests)
        let bytes = factors.values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
        return [
            try PlannedFile(
                name: "model.gguf", content: .weights(layout.replacingLastSlot(with: bytes), tensors))
        ]
    }
}

extension FileLayout {
    /// The layout with the last slot's bytes known.
    fileprivate func replacingLastSlot(with bytes: [UInt8]) -> FileLayout {
        guard let slot = slots.last else { return self }
        return FileLayout(
            slots: slots.dropLast(), pieces: pieces + [(slot.offset, bytes)], byteCount: byteCount,
            digests: digests)
    }
}
