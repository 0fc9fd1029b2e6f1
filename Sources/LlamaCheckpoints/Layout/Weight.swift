import LlamaTensors

/// The tensor of one role, whole or in the parts that model-parallel shards hold. Nothing is copied.
package struct Weight: Sendable {
    /// The name in the file.
    package let name: String
    /// Shape of the whole.
    package let shape: [Int]
    /// How ``parts`` join.
    package let cut: ShardCut
    /// The parts, in order and at least one, all of one dtype; rows are dense.
    package let parts: [Tensor]
    /// Path of the file of each part.
    package let files: [String]

    /// Stored type of all parts.
    package var dtype: DType { parts[0].dtype }

    /// All elements as `Float`, `[shape]` row-major; for small tensors such as norms, which are never cut.
    ///
    /// - Throws: for a weight in several parts, or where memory is short.
    package var floats: [Float] {
        get throws(CheckpointError) {
            guard parts.count == 1 else {
                throw .invalid(files[0], name, expected: "a whole tensor", found: "\(parts.count) parts")
            }
            guard let floats = parts[0].floats() else {
                throw CheckpointError(file: files[0], location: name, .unreadable("not enough memory"))
            }
            return floats
        }
    }

    /// Joins the same-named tensors of all shards.
    ///
    /// - Parameters:
    ///   - shards: A tensor of each shard, in order and at least one.
    ///   - files: The path of each shard.
    /// - Throws: for a dtype that no weights have, or shapes that do not join to `shape`.
    init(
        name: String, role: TensorRole, shape: [Int], shards: [Tensor], files: [String]
    ) throws(CheckpointError) {
        guard let first = shards.first, let file = files.first, shards.count == files.count else {
            throw .invalid(name, expected: "a tensor in every shard", found: "\(shards.count)")
        }
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
        // A single shard has nothing to compare with: opening must not read the weights.
        if cut == .whole,
            let odd = shards.indices.dropFirst().first(where: { !shards[$0].hasSameBytes(as: first) })
        {
            throw .invalid(
                file, name, expected: "the same values in every shard",
                found: "other values in shard \(odd)")
        }
        self.name = name
        self.shape = shape
        self.cut = cut
        parts = (cut == .whole ? [first] : shards).map { $0.hasDenseRows ? $0 : $0.contiguous() }
        guard parts.allSatisfy(\.hasDenseRows) else {
            throw CheckpointError(file: file, location: name, .unreadable("not enough memory"))
        }
        self.files = cut == .whole ? [file] : files
    }

    /// The cut by which tensors of these shapes join to `shape`; the first, where several would do.
    private static func cut(of role: TensorRole, shape: [Int], shards: [Tensor]) -> ShardCut? {
        if shards.count == 1 { return shards[0].shape == shape ? .whole : nil }
        return role.shardCuts.first { cut in
            guard let part = cut.partShape(of: shape, count: shards.count) else { return false }
            return shards.allSatisfy { $0.shape == part }
        }
    }
}
