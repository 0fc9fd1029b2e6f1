import LlamaCheckpoints
import LlamaKernels
import LlamaTensors

/// A Llama: configuration and weights, immutable and shared freely. What changes is in ``InferenceState``.
///
/// The structure and the names are those of Meta's `llama/model.py`.
package struct Transformer: Sendable {
    /// The model's shape.
    package let configuration: ModelConfiguration
    let tokEmbeddings: WeightMatrix
    let layers: [TransformerBlock]
    let norm: RMSNorm
    let output: Linear

    /// Runs the rows of `state.batch` through the model, their keys and values into `state.cache`.
    ///
    /// Rows may belong to different sequences; rows of one sequence stand in order of position, without gaps
    /// from what the cache already holds. Tokens are below `vocabularySize`, positions below the cache's
    /// capacity, slots below its count.
    ///
    /// - Parameters:
    ///   - rows: Which rows need logits, ascending.
    ///   - visit: Called with each such row and its logits `[vocabularySize]`, valid during the call.
    package func forward(
        _ state: InferenceState, logitsFor rows: [Int], visit: (_ row: Int, _ logits: Span<Float>) -> Void
    ) {
        state.rope.fill(positions: state.batch.end)
        state.kernels.embedding(tokEmbeddings, state.batch, out: state.x)
        for (index, layer) in layers.enumerated() { layer(state, layer: index) }
        let (dim, size) = (configuration.dim, configuration.vocabularySize)
        for start in stride(from: 0, to: rows.count, by: state.logitsCapacity) {
            let chunk = rows[start..<min(start + state.logitsCapacity, rows.count)]
            for (index, row) in chunk.enumerated() {
                norm(state.x + row * dim, count: 1, out: state.h + index * dim, on: state.kernels)
            }
            state.kernels.linear(output, state.h, count: chunk.count, out: state.logits)
            for (index, row) in chunk.enumerated() {
                visit(row, Span(_unsafeStart: state.logits + index * size, count: size))
            }
        }
    }
}
