import LlamaCheckpoints
import LlamaFiles
import LlamaTensors

/// The weight files that can be read of a checkpoint that does not open.
struct OpenableFiles {
    /// All files with weights, readable or not.
    let paths: [String]
    /// Those that could be read.
    let tensorFiles: [TensorFile]
    /// What is wrong with the others.
    let problems: [CheckpointError]

    /// - Parameter path: as the user gave it.
    init(path: String, folder: String) {
        if let files = try? CheckpointLocation(path).open() {
            (paths, tensorFiles, problems) = (files.map(\.path), files, [])
            return
        }
        let entries = (try? FilePath(folder).entries()) ?? []
        paths = entries.filter(FileFormat.isWeightFile).map { folder + "/" + $0 }
        var (files, problems): ([TensorFile], [CheckpointError]) = ([], [])
        for path in paths {
            do throws(CheckpointError) {
                let isSafetensors = path.hasSuffix(".safetensors")
                files.append(try isSafetensors ? SafetensorsFile.open(path) : TorchFile.open(path))
            } catch {
                problems.append(error)
            }
        }
        (tensorFiles, self.problems) = (files, problems)
    }
}
