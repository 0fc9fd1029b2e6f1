import Tensors

/// The tensor of one role, whole or in the parts that model-parallel shards hold. Nothing is copied.
public struct Weight: Sendable {
    /// How the parts join to the whole.
    public enum Cut: Sendable {
        /// One part.
        case whole
        /// Parts are blocks of rows, one below the other.
        case rows
        /// Parts are blocks of columns, side by side.
        case columns
    }

    /// The name in the file.
    public let name: String
    /// Shape of the whole.
    public let shape: [Int]
    /// How ``parts`` join.
    public let cut: Cut
    /// The parts, in order, all of one dtype; rows are dense.
    public let parts: [Tensor]

    /// Stored type of all parts.
    public var dtype: DType { parts[0].dtype }

    /// All elements as `Float`; for small tensors such as norms.
    ///
    /// Only tensors of one dimension are ever asked for, and those come whole.
    public var floats: [Float] { parts[0].floats() ?? [] }

    /// Joins the same-named tensors of all shards.
    ///
    /// - Parameter file: The first shard's path, for errors.
    init(
        name: String, role: TensorRole, shape: [Int], shards: [Tensor], file: String
    ) throws(CheckpointError) {
        for shard in shards where !shard.dtype.isWeightType {
            throw .unsupported(
                file, at: name, "dtype \(shard.dtype.rawValue) for weights",
                advice: "convert it to F32, F16 or BF16")
        }
        guard Set(shards.map(\.dtype)).count == 1 else {
            throw .invalid(
                file, name, expected: "one dtype in all shards",
                found: shards.map(\.dtype.rawValue).joined(separator: " "))
        }
        guard let cut = Weight.cut(of: role, shape: shape, shards: shards) else {
            let found = shards.map { "\($0.shape)" }.joined(separator: " + ")
            throw .invalid(file, name, expected: "shape \(shape) by the configuration", found: found)
        }
        if cut == .whole, let odd = shards.firstIndex(where: { !$0.hasSameBytes(as: shards[0]) }) {
            throw .invalid(
                file, name, expected: "the same values in every shard", found: "others in shard \(odd)")
        }
        self.name = name
        self.shape = shape
        self.cut = cut
        parts = (cut == .whole ? [shards[0]] : shards).map { $0.hasDenseRows ? $0 : $0.contiguous() }
    }

    /// Source: `ColumnParallelLinear`, `RowParallelLinear` and the two kinds of parallel embedding in Meta's
    /// `llama/model.py`; Llama 3 cut the embedding by rows where Llama 1 and 2 cut it by columns, so shape decides.
    private static func cut(of role: TensorRole, shape: [Int], shards: [Tensor]) -> Cut? {
        guard shards.count > 1 else { return shards[0].shape == shape ? .whole : nil }
        let cuts: [Cut] =
            switch role {
            case .output: [.rows]
            case .tokEmbeddings: [.rows, .columns]
            case .layer(_, .wq), .layer(_, .wk), .layer(_, .wv), .layer(_, .w1), .layer(_, .w3): [.rows]
            case .layer(_, .wo), .layer(_, .w2): [.columns]
            default: [.whole]
            }
        return cuts.first { cut in
            var part = shape
            if cut != .whole {
                let dimension = cut == .rows ? 0 : 1
                guard part[dimension].isMultiple(of: shards.count) else { return false }
                part[dimension] /= shards.count
            }
            return shards.allSatisfy { $0.shape == part }
        }
    }
}
