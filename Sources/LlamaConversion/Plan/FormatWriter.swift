import LlamaCheckpoints
import LlamaTensors

/// Plans the files of a checkpoint in one format. Each folder in `Formats` has its own.
protocol FormatWriter: Sendable {
    /// Why the format cannot express the model; empty where it can.
    func obstacles(to model: OutputModel) -> [String]

    /// The files of the model, those with weights first.
    func files(of model: OutputModel) throws(CheckpointError) -> [PlannedFile]

    /// The dtype in which the format stores a tensor that should be `dtype`.
    ///
    /// - Parameter rank: The tensor's number of dimensions: 1 for norms and biases.
    func storedDType(for dtype: DType, rank: Int) -> DType
}

extension FormatWriter {
    func storedDType(for dtype: DType, rank: Int) -> DType { dtype }
}
