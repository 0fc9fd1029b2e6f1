import LlamaFiles
import LlamaTensors
import Logging

/// llama.cpp's format: weights, configuration and tokenizer in one `.gguf` file, or in several that `gguf-split` cut.
struct GGUFFormat: FormatDefinition {
    var container: any TensorContainer.Type { GGUFFile.self }
    var naming: TensorNaming { .gguf }
    var singleFileSuffix: String? { ".gguf" }

    func holds(_ dtype: DType) -> Bool { dtype.isFloat || dtype.isBlockFormat }

    func weightFiles(in folder: CheckpointFolder) throws(CheckpointError) -> WeightFiles? {
        try GGUFSplit.files(among: folder.entries(), in: folder.path).map { .files($0, container) }
    }

    func weightFiles(
        with file: FilePath, container: (any TensorContainer.Type)?
    ) throws(CheckpointError) -> WeightFiles? {
        guard container == self.container else { return nil }
        return .files(try GGUFSplit.files(with: file), self.container)
    }

    func configuration(
        of files: [TensorFile], in folder: CheckpointFolder, logger: Logger
    ) throws(CheckpointError) -> StatedConfiguration {
        let keys = GGUFConfiguration(files: files, logger: logger)
        let configuration = try keys.read()
        return StatedConfiguration(
            configuration: configuration, sources: keys.sources(of: configuration))
    }
}
