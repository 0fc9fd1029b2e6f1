import Glibc
import LlamaFiles
import LlamaTensors

/// Recognizes a file of a checkpoint that has the contents of another: a copy under a wrong name, or a download that went
/// wrong. In model-parallel shards it would pass for weights of the right shape.
enum RepeatedFile {
    /// Checks that no two files hold the same tensors.
    ///
    /// Few pages are read: the first matrix of two files differs in the first sample.
    static func check(_ files: [TensorFile]) throws(CheckpointError) {
        for (index, file) in files.enumerated() {
            guard let original = files[..<index].first(where: { haveSameContents($0, file) }) else {
                continue
            }
            throw .invalid(
                file.path, expected: "a shard of its own",
                found: "the contents of \(FilePath(original.path).name) again",
                advice: "one of the two is a copy under a wrong name: fetch both again")
        }
    }

    /// Whether the files have the same tensors, as far as samples tell, and one of them has the same bytes throughout.
    ///
    /// Vectors do not count, as every model-parallel shard has the same norms, nor do samples of a single value, as of
    /// matrices that are filled with a constant.
    private static func haveSameContents(_ one: TensorFile, _ other: TensorFile) -> Bool {
        guard one.tensors.count == other.tensors.count else { return false }
        var smallest: (one: Tensor, other: Tensor)?
        for name in one.tensors.keys.sorted() {
            guard let first = one.tensors[name], let second = other.tensors[name],
                first.dtype == second.dtype, first.shape == second.shape, first.strides == second.strides
            else { return false }
            guard first.shape.count == 2, first.hasDenseRows else { continue }
            switch compareSamples(first, second) {
            case .different: return false
            case .constant: continue
            case .same: break
            }
            if first.byteCount < smallest?.one.byteCount ?? .max { smallest = (first, second) }
        }
        return smallest.map { $0.one.hasSameBytes(as: $0.other) } ?? false
    }

    private enum Samples {
        case different
        /// Equal, and each of them a repetition of one element.
        case constant
        case same
    }

    /// Rows that are sampled of a matrix.
    private static let sampleCount = 8
    /// Bytes of a sample.
    private static let sampleByteCount = 256

    /// Compares the middles of some rows of two matrices of one dtype, shape and strides.
    private static func compareSamples(_ one: Tensor, _ other: Tensor) -> Samples {
        let (rows, size) = (one.shape[0], one.dtype.blockSize)
        guard rows > 0, let first = one.baseAddress, let second = other.baseAddress else { return .constant }
        let width = one.shape[1] / one.dtype.blockCount * size
        let pitch = one.dtype.isBlockFormat ? width : one.strides[0] * size
        let count = min(width, sampleByteCount)
        var isConstant = true
        return withExtendedLifetime((one.storage, other.storage)) {
            for sample in 0..<min(rows, sampleCount) {
                // The first sample is in the middle: the first rows of an embedding are often zero.
                let row = (rows / 2 + sample * rows / min(rows, sampleCount)) % rows
                let offset = row * pitch + (width - count) / 2
                guard memcmp(first + offset, second + offset, count) == 0 else { return .different }
                let repeats =
                    count <= size || memcmp(first + offset, first + offset + size, count - size) == 0
                isConstant = isConstant && repeats
            }
            return isConstant ? .constant : .same
        }
    }
}
