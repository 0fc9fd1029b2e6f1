import LlamaCheckpoints

extension CheckpointFormat {
    /// What writes the format.
    var writer: any FormatWriter {
        switch self {
        case .meta: MetaWriter(container: .torch)
        case .metaSafetensors: MetaWriter(container: .safetensors)
        case .huggingFace: HuggingFaceWriter()
        case .gguf: GGUFCheckpointWriter()
        case .llama2c: Llama2cCheckpointWriter()
        }
    }
}
