import CLlamaKernels

/// The six operations of a forward pass. Another backend is another implementation of these.
///
/// Activations are row-major float32, one row per token of the batch. No operation allocates, and each output row
/// depends on its own input row alone, bit for bit, however many rows and threads take part. Each throws
/// ``KernelError/shapeMismatch(operand:expected:found:)`` for operands that do not fit together, and nothing is
/// computed then.
extension KernelContext {
    /// `out [rows, dim] = weight[tokens]`, the rows of the embedding `weight [vocabulary, dim]`.
    package func embedding(_ weight: WeightMatrix, _ batch: RowBatch, out: FloatMatrix) throws(KernelError) {
        try batch.require(tokens: weight.rows)
        try out.requireShape(batch.count, weight.columns, "output of the embedding")
        lk_embedding(handle, weight.matrix, batch.tokens, batch.count, out.base)
    }

    /// `out [rows, dim] = x / sqrt(mean(x^2) + epsilon) * weight`; `out` may be `x`.
    package func rmsNorm(
        _ x: FloatMatrix, weight: FloatVector, epsilon: Float, out: FloatMatrix
    ) throws(KernelError) {
        try x.requireShape(x.rows, weight.count, "input of a norm")
        try out.requireShape(x.rows, weight.count, "output of a norm")
        lk_rms_norm(handle, x.base, weight.base, epsilon, out.base, x.rows, weight.count)
    }

    /// `out [rows, layer.out] (+)= layer(x [rows, layer.in])`.
    package func linear(
        _ layer: Linear, _ x: FloatMatrix, out: FloatMatrix, accumulate: Bool = false
    ) throws(KernelError) {
        var operation = try layer.operation(x, out: out, accumulate: accumulate)
        lk_linear(handle, &operation, 1, x.base, x.columns, x.rows)
    }

    /// Three linear layers over the same input, in one parallel region.
    package func linear(
        _ layers: (Linear, Linear, Linear), _ x: FloatMatrix, out: (FloatMatrix, FloatMatrix, FloatMatrix)
    ) throws(KernelError) {
        let operations: [3 of lk_linear_op] = [
            try layers.0.operation(x, out: out.0), try layers.1.operation(x, out: out.1),
            try layers.2.operation(x, out: out.2),
        ]
        operations.span.withUnsafeBufferPointer {
            lk_linear(handle, $0.baseAddress, 3, x.base, x.columns, x.rows)
        }
    }

    /// `gate = silu(w1 x) * (w3 x)`, each `[rows, hidden]`; `up` is scratch.
    package func swiGLU(
        w1: Linear, w3: Linear, _ x: FloatMatrix, gate: FloatMatrix, up: FloatMatrix
    ) throws(KernelError) {
        try up.requireShape(gate.rows, gate.columns, "up projection")
        var (first, third) = (try w1.operation(x, out: gate), try w3.operation(x, out: up))
        lk_swiglu(handle, &first, &third, x.base, x.columns, x.rows)
    }

    /// Rotates the queries `q [rows, nHeads * headDim]` in place by their positions, and stores the rotated keys and the
    /// values `[rows, nKVHeads * headDim]` in the cache.
    package func ropeAndStore(
        _ shape: AttentionShape, _ batch: RowBatch, q: FloatMatrix, k: FloatMatrix, v: FloatMatrix,
        cache: CacheLayer
    ) throws(KernelError) {
        try cache.require(batch, shape)
        try q.requireShape(batch.count, shape.nHeads * shape.headDim, "queries")
        try k.requireShape(batch.count, shape.nKVHeads * shape.headDim, "keys")
        try v.requireShape(batch.count, shape.nKVHeads * shape.headDim, "values")
        var (kernelShape, layer) = (shape.kernelShape, cache.layer)
        lk_rope_and_store(handle, &kernelShape, batch.rows, batch.count, q.base, k.base, v.base, &layer)
    }

    /// Causal attention of every row over what the cache holds of its sequence, the row itself included:
    /// `out [rows, nHeads * headDim]` from rotated queries of the same shape.
    package func attention(
        _ shape: AttentionShape, _ batch: RowBatch, q: FloatMatrix, out: FloatMatrix, cache: CacheLayer
    ) throws(KernelError) {
        try cache.require(batch, shape)
        try q.requireShape(batch.count, shape.nHeads * shape.headDim, "queries")
        try out.requireShape(batch.count, shape.nHeads * shape.headDim, "output of attention")
        var (kernelShape, layer) = (shape.kernelShape, cache.layer)
        lk_attention(handle, &kernelShape, batch.rows, batch.count, q.base, out.base, &layer)
    }
}

extension KernelContext {
    /// `log(sum(exp(logits)))`, in double precision.
    package func logSumExp(_ logits: Span<Float>) -> Double {
        logits.withUnsafeBufferPointer { lk_log_sum_exp(handle, $0.baseAddress, $0.count) }
    }
}
