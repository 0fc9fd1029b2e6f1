import LlamaFiles
import LlamaTensors
import Logging

/// llama2.c's format: one `.bin` file that begins with the model's shape. Its tensors get Meta's names here.
struct Llama2cFormat: FormatDefinition {
    var container: any TensorContainer.Type { Llama2cFile.self }
    var naming: TensorNaming { .meta }
    var singleFileSuffix: String? { ".bin" }

    func holds(_ dtype: DType) -> Bool { dtype == .float32 }

    /// Never found in a folder: many other files are called `.bin`.
    func weightFiles(in folder: CheckpointFolder) -> WeightFiles? { nil }

    func weightFiles(with file: FilePath, container: (any TensorContainer.Type)?) -> WeightFiles? {
        container == self.container ? .files([file.name], self.container) : nil
    }

    func configuration(
        of files: [TensorFile], in folder: CheckpointFolder, logger: Logger
    ) throws(CheckpointError) -> StatedConfiguration {
        guard let configuration = files.first?.configuration else {
            throw .invalid(folder.path, expected: "a llama2.c .bin file", found: "another file")
        }
        return StatedConfiguration(configuration: configuration, sources: configuration.llama2cSources)
    }
}

extension ModelConfiguration {
    /// Where each value of a configuration that a llama2.c header gave came from.
    fileprivate var llama2cSources: [ConfigurationSource] {
        ConfigurationField.allCases.map { field in
            switch field {
            case .dim, .nLayers, .nHeads, .nKVHeads, .hiddenDim, .vocabularySize, .contextLength,
                .tiesEmbeddings:
                source(field, "header")
            case .headDim: source(field, "dim / n_heads")
            case .normEpsilon, .ropeTheta, .ropeScaling, .hasAttentionBias, .hasFeedForwardBias:
                source(field, "the format")
            case .stopTokens: source(field, "nowhere")
            }
        }
    }
}
