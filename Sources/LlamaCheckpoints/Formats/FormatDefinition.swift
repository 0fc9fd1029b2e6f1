import LlamaFiles
import LlamaTensors
import Logging

/// What sets a checkpoint format apart: its files, its tensor names and its configuration.
package protocol FormatDefinition: Sendable {
    /// The kind of file that the format's weights are stored in.
    var container: any TensorContainer.Type { get }

    /// How it names tensors.
    var naming: TensorNaming { get }

    /// The JSON file beside the weights that holds the configuration; nil where the weight file holds it.
    var configurationFile: String? { get }

    /// What the file's name ends in, for a format of one file; nil for a format whose checkpoints are folders.
    var singleFileSuffix: String? { get }

    /// Whether every file holds a part of every matrix, as Meta's model-parallel shards do.
    var isModelParallel: Bool { get }

    /// The JSON files beside the weights that state special tokens.
    var tokenFiles: [String] { get }

    /// Whether weights can be stored in a dtype.
    func holds(_ dtype: DType) -> Bool

    /// The weight files of the checkpoint in a folder; nil where the folder holds none of this format.
    ///
    /// - Throws: where the folder holds part of one.
    func weightFiles(in folder: CheckpointFolder) throws(CheckpointError) -> WeightFiles?

    /// The weight files of the checkpoint that a file belongs to; nil for a file of another format.
    ///
    /// - Parameter container: The file's container; nil for a file that is not one of weights.
    func weightFiles(
        with file: FilePath, container: (any TensorContainer.Type)?
    ) throws(CheckpointError) -> WeightFiles?

    /// The model's configuration.
    ///
    /// - Parameters:
    ///   - files: The open weight files, never empty.
    ///   - folder: Where they are.
    ///   - logger: Told what was ignored or guessed.
    func configuration(
        of files: [TensorFile], in folder: CheckpointFolder, logger: Logger
    ) throws(CheckpointError) -> StatedConfiguration
}

extension FormatDefinition {
    package var configurationFile: String? { nil }
    package var singleFileSuffix: String? { nil }
    package var isModelParallel: Bool { false }
    package var tokenFiles: [String] { [] }
    package func holds(_ dtype: DType) -> Bool { dtype.isFloat }
}

/// A configuration, and where each of its values came from.
package struct StatedConfiguration {
    let configuration: ModelConfiguration
    let sources: [ConfigurationSource]
}

/// The weight files of a checkpoint before they are opened.
package enum WeightFiles {
    /// Files of one container, by name and in order.
    case files([String], any TensorContainer.Type)
    /// Those that an index of this name lists.
    case index(String)
}
