import LlamaCheckpoints
import LlamaFiles
import LlamaTensors

/// One tensor as it lies in one file: a whole one, or the part that a model-parallel shard has of it.
package struct TensorRecord: Sendable, Equatable {
    /// Its name in the file.
    package let name: String
    /// What it is for; nil for a name that is no Llama's.
    package let role: TensorRole?
    /// How it is stored.
    package let dtype: DType
    /// Extent of each dimension here, outermost first.
    package let shape: [Int]
    /// The file's name.
    package let file: String
    /// Where it begins in the file, in bytes; nil for one that had to be copied.
    package let offset: Int?
    /// Bytes of its elements.
    package let byteCount: Int
    /// How it joins with its like in other files; nil where that is not known.
    package let cut: Weight.Cut?

    init(name: String, role: TensorRole?, tensor: Tensor, file: String? = nil, cut: Weight.Cut?) {
        let map = tensor.storage as? MappedFile
        self.name = name
        self.role = role
        dtype = tensor.dtype
        shape = tensor.shape
        self.file = FilePath(file ?? map?.path ?? "").name
        offset = map == nil ? nil : tensor.byteOffset
        byteCount = tensor.byteCount
        self.cut = cut
    }

    /// The parts of a weight.
    static func parts(of weight: Weight, role: TensorRole) -> [TensorRecord] {
        weight.parts.map { TensorRecord(name: weight.name, role: role, tensor: $0, cut: weight.cut) }
    }

    /// The tensors of a file whose checkpoint does not open.
    static func all(of file: TensorFile, naming: TensorNaming?) -> [TensorRecord] {
        file.tensors.map { name, tensor in
            var role: TensorRole?
            if case .role(let known) = naming?.meaning(of: name) { role = known }
            return TensorRecord(name: name, role: role, tensor: tensor, file: file.path, cut: nil)
        }
    }

    static func sorted(_ records: [TensorRecord]) -> [TensorRecord] {
        records.sorted { ($0.file, $0.offset ?? .max, $0.name) < ($1.file, $1.offset ?? .max, $1.name) }
    }
}
