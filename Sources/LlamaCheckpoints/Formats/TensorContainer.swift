/// A kind of file that holds tensors: how to recognize it, open it and describe it.
///
/// Several checkpoint formats may share a container; ``CheckpointFormat/containers`` lists them all.
package protocol TensorContainer: SendableMetatype {
    /// What reports call a file of this kind, such as `safetensors`.
    static var name: String { get }

    /// What the names of such files end in, dots included.
    static var suffixes: [String] { get }

    /// How every file of this kind names its tensors; nil where the names themselves must tell.
    static var naming: TensorNaming? { get }

    /// Whether a file's bytes identify this container. Asked only where several containers share a suffix.
    static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool

    /// Maps a file and views its tensors; reads the header only.
    static func open(_ path: String) throws(CheckpointError) -> TensorFile

    /// Opens the files of one checkpoint, in order, and checks that they belong together.
    static func open(_ names: [String], in folder: String) throws(CheckpointError) -> [TensorFile]
}

extension TensorContainer {
    package static var naming: TensorNaming? { nil }

    package static func open(_ names: [String], in folder: String) throws(CheckpointError) -> [TensorFile] {
        let files = try names.map { name throws(CheckpointError) in try open(folder + "/" + name) }
        try RepeatedFile.check(files)
        return files
    }
}
