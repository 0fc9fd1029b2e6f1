import LlamaCheckpoints
import LlamaTensors

/// A tensor of the output: a part of a role, or all of it.
struct OutputTensor: Sendable {
    /// What the file says of it.
    let spec: TensorSpec
    /// What it is in the output.
    let role: TensorRole
    /// The role whose values it has: another one only for an output head that is no longer tied to the embedding.
    let source: TensorRole
    /// The rows of the whole that it holds; one for a vector.
    let rows: Range<Int>
    /// The elements of a row that it holds.
    let columns: Range<Int>
}

/// The parts of a role that model-parallel shards hold.
///
/// Source: `ColumnParallelLinear`, `RowParallelLinear` and the parallel embeddings of Meta's `llama/model.py`.
struct ShardCut {
    let count: Int
    /// Llama 1 and 2 cut the embedding by columns, Llama 3 by rows.
    let cutsEmbeddingByRows: Bool

    /// The range of rows and columns that shard `index` holds of a tensor of this shape.
    func part(_ index: Int, of role: TensorRole, shape: [Int]) -> (rows: Range<Int>, columns: Range<Int>) {
        let rows = shape.count > 1 ? shape[0] : 1
        let columns = shape.last ?? 1
        func share(_ total: Int) -> Range<Int> { total / count * index..<total / count * (index + 1) }
        switch role {
        case .output, .layer(_, .wq), .layer(_, .wk), .layer(_, .wv), .layer(_, .w1), .layer(_, .w3):
            return (share(rows), 0..<columns)
        case .tokEmbeddings where cutsEmbeddingByRows: return (share(rows), 0..<columns)
        case .tokEmbeddings, .layer(_, .wo), .layer(_, .w2): return (0..<rows, share(columns))
        default: return (0..<rows, 0..<columns)
        }
    }

    /// Why this model cannot be cut so; empty where it can.
    func obstacles(_ configuration: ModelConfiguration) -> [String] {
        let lengths = [
            ("n_heads", configuration.nHeads), ("n_kv_heads", configuration.nKVHeads),
            ("hidden_dim", configuration.hiddenDim), ("vocab_size", configuration.vocabularySize),
            ("dim", configuration.dim),
        ]
        return lengths.filter { !$0.1.isMultiple(of: count) }.map {
            "\($0.0) \($0.1) does not divide into \(count) shards"
        }
    }
}
