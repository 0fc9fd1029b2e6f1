import LlamaCheckpoints
import LlamaFiles
import LlamaTensors

/// One tensor in one file: a whole one, or the part of it that a model-parallel shard holds.
package struct TensorRecord: Sendable, Equatable {
    /// Its name in the file.
    package let name: String
    /// Its role; nil for a name that no Llama's tensor has.
    package let role: TensorRole?
    /// How it is stored.
    package let dtype: DType
    /// Extent of each dimension here, outermost first.
    package let shape: [Int]
    /// The file's name.
    package let file: String
    /// Offset of its first byte in the file; nil for one that had to be copied.
    package let offset: Int?
    /// Bytes of its elements.
    package let byteCount: Int
    /// How it joins with the parts in other files; nil where that is not known.
    package let cut: ShardCut?

    /// - Parameter file: The path of the tensor's file.
    init(name: String, role: TensorRole?, tensor: Tensor, file: String, cut: ShardCut?) {
        self.name = name
        self.role = role
        dtype = tensor.dtype
        shape = tensor.shape
        self.file = FilePath(file).name
        offset = tensor.storage is MappedFile ? tensor.byteOffset : nil
        byteCount = tensor.byteCount
        self.cut = cut
    }

    /// The parts of a weight.
    static func parts(of weight: Weight, role: TensorRole) -> [TensorRecord] {
        zip(weight.parts, weight.files).map { part, file in
            TensorRecord(name: weight.name, role: role, tensor: part, file: file, cut: weight.cut)
        }
    }

    /// The tensors of a file whose checkpoint does not open.
    static func all(of file: TensorFile, naming: TensorNaming?) -> [TensorRecord] {
        file.tensors.map { name, tensor in
            var role: TensorRole?
            if case .role(let known) = naming?.meaning(of: name) { role = known }
            return TensorRecord(name: name, role: role, tensor: tensor, file: file.path, cut: nil)
        }
    }

    /// By file and offset.
    static func sorted(_ records: [TensorRecord]) -> [TensorRecord] {
        records.sorted { ($0.file, $0.offset ?? .max, $0.name) < ($1.file, $1.offset ?? .max, $1.name) }
    }
}
