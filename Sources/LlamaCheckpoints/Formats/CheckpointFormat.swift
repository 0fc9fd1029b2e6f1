import LlamaTensors

/// A format that checkpoints are written in.
package enum CheckpointFormat: String, Sendable, CaseIterable {
    /// `params.json` and `consolidated.NN.pth`, as Meta publishes them.
    case meta
    /// `params.json` and `consolidated.safetensors`.
    case metaSafetensors = "meta-safetensors"
    /// `config.json` and `model.safetensors`, with an index where there are several.
    case huggingFace = "huggingface"
    /// One `.gguf` file, as llama.cpp reads it.
    case gguf
    /// One `.bin` file of version 0, as llama2.c reads it.
    case llama2c

    /// Whether a checkpoint is one file rather than a folder.
    package var isSingleFile: Bool { self == .gguf || self == .llama2c }

    /// Whether it is one of Meta's, whose output head is never tied and whose files need say no context length.
    package var isMeta: Bool { self == .meta || self == .metaSafetensors }

    /// What ends the name of a single file, by which its readers know it; empty for a folder.
    package var suffix: String {
        switch self {
        case .gguf: ".gguf"
        case .llama2c: ".bin"
        case .meta, .metaSafetensors, .huggingFace: ""
        }
    }

    /// How the files name tensors.
    package var naming: TensorNaming {
        switch self {
        case .meta, .metaSafetensors, .llama2c: .meta
        case .huggingFace: .huggingFace
        case .gguf: .gguf
        }
    }

    /// Whether weights can be stored in a dtype.
    package func holds(_ dtype: DType) -> Bool {
        switch self {
        case .meta, .metaSafetensors, .huggingFace: dtype.isFloat
        case .gguf: dtype.isFloat || dtype.isBlockFormat
        case .llama2c: dtype == .float32
        }
    }
}
