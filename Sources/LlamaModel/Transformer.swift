import LlamaCheckpoints
import LlamaFiles
import LlamaKernels

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
    /// The mapped files whose weights are read in place.
    let files: [MappedFile]

    /// Runs the rows of `state.batch` through the model, their keys and values into `state.cache`.
    ///
    /// Rows may belong to different sequences; those of one sequence are in order of position and follow, without gaps,
    /// what the cache already holds.
    ///
    /// - Parameters:
    ///   - rows: Which rows need logits, ascending.
    ///   - visit: Called with each such row and its logits `[vocabularySize]`, valid during the call.
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)`` for a token, position, slot or row that does not
    ///   exist, and for the state of a model of another configuration; nothing is computed then. And
    ///   ``KernelError/changedWeights(_:)`` instead of logits that were computed with bytes that could not be read. Other
    ///   changes of a file are noticed within ``InferenceState/fileCheckInterval``, or by ``checkUnchanged()``.
    package func forward(
        _ state: InferenceState, logitsFor rows: [Int], visit: (_ row: Int, _ logits: Span<Float>) -> Void
    ) throws(KernelError) {
        try check(state, logitsFor: rows)
        let pass = try state.begin()
        let (kernels, a) = (state.kernels, pass.activations)
        // x [rows, dim]
        try kernels.embedding(tokEmbeddings, state.batch, out: a.x)
        for (layer, cache) in zip(layers, state.cache.layers) { try layer(pass, cache) }
        for start in stride(from: 0, to: rows.count, by: state.logits.rows) {
            let chunk = rows[start..<min(start + state.logits.rows, rows.count)]
            // h [chunk, dim], the norms of the rows that need logits
            let h = try a.h.prefix(chunk.count)
            for (index, row) in chunk.enumerated() {
                try norm(a.x.rows(row..<row + 1), out: h.rows(index..<index + 1), on: kernels)
            }
            // logits [chunk, vocabularySize]
            let logits = try state.logits.prefix(chunk.count)
            try kernels.linear(output, h, out: logits)
            try checkFiles(state)
            for (index, row) in chunk.enumerated() {
                try logits.rows(index..<index + 1).withSpan { visit(row, $0) }
            }
        }
    }

    /// Checks that the weights read so far were those of the files, so that no result of others is kept.
    ///
    /// - Throws: ``KernelError/changedWeights(_:)``.
    package func checkUnchanged() throws(KernelError) {
        do { try files.checkUnchanged() } catch { throw .changedWeights(error) }
    }

    /// The same, but asks the system only now and then: it takes as long as 3 % of a pass of a very small model.
    private func checkFiles(_ state: InferenceState) throws(KernelError) {
        if state.isFileCheckDue() { return try checkUnchanged() }
        do throws(FileError) { for file in files { try file.checkReadable() } } catch {
            throw .changedWeights(error)
        }
    }

    private func check(_ state: InferenceState, logitsFor rows: [Int]) throws(KernelError) {
        guard state.configuration == configuration else {
            throw .invalidBatch(
                what: "inference state", expected: "one made for this model's configuration",
                found: "one for another model")
        }
        try state.batch.require(tokens: configuration.vocabularySize)
        if let row = rows.first(where: { !(0..<state.batch.count).contains($0) }) {
            throw .invalidBatch(
                what: "row whose logits are wanted", expected: "one below \(state.batch.count)",
                found: "\(row)")
        }
    }
}
