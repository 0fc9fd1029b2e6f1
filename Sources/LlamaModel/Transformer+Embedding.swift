import LlamaCheckpoints
import LlamaKernels

extension Transformer {
    /// The rows of the token embedding.
    ///
    /// - Parameter tokens: Ids below the size of the vocabulary.
    /// - Returns: `[tokens, dim]`.
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)`` for other ids, and
    ///   ``KernelError/changedWeights(_:)``.
    package func embedding(of tokens: [Int32]) throws(KernelError) -> [[Float]] {
        let batch = RowBatch(capacity: tokens.count)
        for token in tokens { try batch.append(token: token, position: 0, slot: 0) }
        let arena = FloatArena()
        // x [tokens, dim]
        let x = try arena.matrix(rows: tokens.count, columns: configuration.dim)
        try KernelContext(threads: 1).embedding(tokEmbeddings, batch, out: x)
        try checkUnchanged()
        let elements = withExtendedLifetime(arena) { x.elements }
        return tokens.indices.map { row in
            Array(elements[row * configuration.dim..<(row + 1) * configuration.dim])
        }
    }
}
