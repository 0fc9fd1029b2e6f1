import LlamaTensors

/// The tensors of one file, under the names the file gives them.
package struct TensorFile: Sendable {
    /// The file.
    package let path: String
    /// The kind of file it is.
    package let container: any TensorContainer.Type
    /// Its tensors; they keep the file mapped.
    package let tensors: [String: Tensor]
    /// Strings that the file carries beside its tensors (`__metadata__` of safetensors).
    package let metadata: [String: String]
    /// The key-values of a GGUF file; nil for other containers.
    package let gguf: GGUFMetadata?
    /// The model's shape, where the container itself states it.
    let configuration: ModelConfiguration?

    init(
        path: String, container: any TensorContainer.Type, tensors: [String: Tensor],
        metadata: [String: String] = [:], gguf: GGUFMetadata? = nil,
        configuration: ModelConfiguration? = nil
    ) {
        self.path = path
        self.container = container
        self.tensors = tensors
        self.metadata = metadata
        self.gguf = gguf
        self.configuration = configuration
    }
}
