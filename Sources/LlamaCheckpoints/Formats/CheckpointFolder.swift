import LlamaFiles

/// The folder of a checkpoint.
package struct CheckpointFolder: Sendable {
    /// The folder's path, without a trailing slash.
    package let path: String

    package init(_ path: String) { self.path = path }

    /// Names of its entries, sorted. Names that are not UTF-8 are left out: no file of a checkpoint has one.
    func entries() throws(CheckpointError) -> [String] { try listing().names }

    /// Names of its entries, sorted, and those that are not UTF-8.
    func listing() throws(CheckpointError) -> (names: [String], undecodable: [String]) {
        do { return try FilePath(path).listing() } catch { throw CheckpointError(error) }
    }

    /// The path of a file in the folder; nil where the folder has none of that name.
    func existing(_ name: String) -> String? {
        let path = path + "/" + name
        return FilePath(path).exists ? path : nil
    }

    /// The path of the configuration file that tensors with these names need.
    ///
    /// - Throws: ``CheckpointError/Reason/missing`` where it is not there.
    func configurationFile(_ name: String, naming: TensorNaming) throws(CheckpointError) -> String {
        guard let path = existing(name) else {
            throw CheckpointError(
                file: path + "/" + name, .missing,
                advice: "tensors with \(naming.title) names need it beside them")
        }
        return path
    }
}
