import LlamaTensors

/// The tensor of one role, whole or in the parts that model-parallel shards hold. Nothing is copied.
package struct Weight: Sendable {
    /// How the parts join to the whole.
    package enum Cut: Sendable {
        /// One part.
        case whole
        /// Parts are blocks of rows, one below the other.
        case rows
        /// Parts are blocks of columns, side by side.
        case columns
    }

    /// The name in the file.
    package let name: String
    /// Shape of the whole.
    package let shape: [Int]
    /// How ``parts`` join.
    package let cut: Cut
    /// The parts, in order, all of one dtype; rows are dense.
    package let parts: [Tensor]

    /// Stored type of all parts.
    package var dtype: DType { parts[0].dtype }

    /// All elements as `Float`; for small tensors such as norms.
    ///
    /// Only tensors of one dimension are ever asked for, and those come whole.
    package var floats: [Float] { parts[0].floats() ?? [] }

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
        // Of one shard this asks nothing: opening must not read the weights.
        if cut == .whole,
            let odd = shards.indices.dropFirst().first(where: { !shards[$0].hasSameBytes(as: shards[0]) })
        {
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
