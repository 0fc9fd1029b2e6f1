import LlamaCheckpoints
import LlamaFiles

/// The weight files that can be read of a checkpoint that does not open.
struct OpenableFiles {
    /// All files with weights, readable or not.
    let paths: [String]
    /// Those that could be read.
    let tensorFiles: [TensorFile]
    /// Why the others could not.
    let problems: [CheckpointError]
    /// The kind of file they are, by the first; nil where there is none.
    let container: (any TensorContainer.Type)?

    /// - Parameters:
    ///   - path: As the user gave it.
    ///   - folder: The folder of the checkpoint.
    /// - Throws: where the folder cannot be listed.
    init(path: String, folder: String) throws(CheckpointError) {
        let location = try? CheckpointLocation(path)
        if let files = try? location?.open() {
            (paths, tensorFiles, problems) = (files.map(\.path), files, [])
            container = files.first?.container
            return
        }
        // Without its files' names, any weights in the folder may be the checkpoint's.
        if let known = location?.paths { paths = known } else { paths = try Self.weightFiles(in: folder) }
        var (files, problems): ([TensorFile], [CheckpointError]) = ([], [])
        var containers: [any TensorContainer.Type] = []
        for path in paths {
            do throws(CheckpointError) {
                guard let container = try CheckpointFormat.container(of: path) else { continue }
                containers.append(container)
                files.append(try container.open(path))
            } catch {
                problems.append(error)
            }
        }
        // Files of several kinds are not one checkpoint: the first kind is described.
        let described = files.first?.container ?? containers.first
        tensorFiles = files.filter { $0.container == described }
        self.problems = problems
        container = described
    }

    private static func weightFiles(in folder: String) throws(CheckpointError) -> [String] {
        do {
            let names = try FilePath(folder).listing().names
            return names.filter(CheckpointFormat.isWeightFile).map { folder + "/" + $0 }
        } catch { throw CheckpointError(error) }
    }
}
