/// How the parts of a weight join to the whole, and how model-parallel shards cut it.
///
/// Source: `ColumnParallelLinear`, `RowParallelLinear` and the two kinds of parallel embedding in Meta's
/// `llama/model.py`.
package enum ShardCut: Sendable {
    /// One part; every shard holds the same.
    case whole
    /// Parts are blocks of rows, one below the other.
    case rows
    /// Parts are blocks of columns, side by side.
    case columns

    /// The shape of one of `count` equal parts; nil where the dimension does not divide.
    ///
    /// - Parameter shape: Of the whole; of two dimensions for ``rows`` and ``columns``.
    package func partShape(of shape: [Int], count: Int) -> [Int]? {
        guard let dimension else { return shape }
        guard shape.count == 2, count > 0, shape[dimension].isMultiple(of: count) else { return nil }
        var part = shape
        part[dimension] /= count
        return part
    }

    /// The shape of the whole that `count` parts of this shape make; nil where it overflows.
    package func wholeShape(of part: [Int], count: Int) -> [Int]? {
        guard let dimension else { return part }
        guard part.count == 2 else { return nil }
        let (extent, overflow) = part[dimension].multipliedReportingOverflow(by: count)
        guard !overflow else { return nil }
        var shape = part
        shape[dimension] = extent
        return shape
    }

    /// The rows and columns that part `index` of `count` holds of a whole of this shape. A vector is one row.
    package func range(
        ofPart index: Int, of count: Int, shape: [Int]
    ) -> (rows: Range<Int>, columns: Range<Int>) {
        let (rows, columns) = shape.count > 1 ? (shape[0], shape[1]) : (1, shape.first ?? 1)
        func share(_ total: Int) -> Range<Int> { total / count * index..<total / count * (index + 1) }
        return switch self {
        case .whole: (0..<rows, 0..<columns)
        case .rows: (share(rows), 0..<columns)
        case .columns: (0..<rows, share(columns))
        }
    }

    /// The dimension that is cut.
    private var dimension: Int? {
        switch self {
        case .whole: nil
        case .rows: 0
        case .columns: 1
        }
    }
}

extension TensorRole {
    /// The cuts that model-parallel shards may make of the tensor. Llama 3 cuts the embedding by rows, Llama 1 and 2
    /// by columns; of every other tensor there is one cut.
    package var shardCuts: [ShardCut] {
        switch self {
        case .output: [.rows]
        case .tokEmbeddings: [.rows, .columns]
        case .layer(_, .wq), .layer(_, .wk), .layer(_, .wv), .layer(_, .w1), .layer(_, .w3): [.rows]
        case .layer(_, .wo), .layer(_, .w2): [.columns]
        case .norm, .layer: [.whole]
        }
    }
}
