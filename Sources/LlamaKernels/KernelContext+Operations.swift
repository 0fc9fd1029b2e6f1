import CLlamaKernels

/// The operations of a forward pass. Buffers are row-major float32, one row per token of the batch.
///
/// None of them allocates, and each output row depends on its own input row alone (bit for bit), however
/// many rows and threads take part.
extension KernelContext {
    /// `out[count, layer.out] (+)= layer(x[count, layer.in])`.
    package func linear(
        _ layer: Linear, _ x: UnsafePointer<Float>, count: Int, out: UnsafeMutablePointer<Float>,
        accumulate: Bool = false
    ) {
        var operation = layer.operation(out, accumulate: accumulate)
        lk_linear(handle, &operation, 1, x, layer.weight.columns, count)
    }

    /// Three layers over the same input, in one parallel region.
    package func linear(
        _ layers: (Linear, Linear, Linear), _ x: UnsafePointer<Float>, count: Int,
        out: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)
    ) {
        let operations: [3 of lk_linear_op] = [
            layers.0.operation(out.0), layers.1.operation(out.1), layers.2.operation(out.2),
        ]
        operations.span.withUnsafeBufferPointer {
            lk_linear(handle, $0.baseAddress, 3, x, layers.0.weight.columns, count)
        }
    }

    /// `gate = silu(w1 x) * (w3 x)`, each `[count, hidden]`; `up` is scratch.
    package func swiGLU(
        w1: Linear, w3: Linear, _ x: UnsafePointer<Float>, count: Int, gate: UnsafeMutablePointer<Float>,
        up: UnsafeMutablePointer<Float>
    ) {
        var (first, third) = (w1.operation(gate), w3.operation(up))
        lk_swiglu(handle, &first, &third, x, w1.weight.columns, count)
    }

    /// `out[i] = weight[tokens[i]]` for the rows of the batch; tokens are below `weight.rows`.
    package func embedding(_ weight: WeightMatrix, _ batch: RowBatch, out: UnsafeMutablePointer<Float>) {
        lk_embedding(handle, weight.matrix, batch.tokens, batch.count, out)
    }

    /// Root-mean-square norm of rows of width `weight.count`; `out` may be `x`.
    package func rmsNorm(
        _ x: UnsafePointer<Float>, weight: FloatVector, epsilon: Float, count: Int,
        out: UnsafeMutablePointer<Float>
    ) {
        lk_rms_norm(handle, x, weight.base, epsilon, out, count, weight.count)
    }

    /// Rotates queries in place and stores rotated keys, and values, in the cache.
    package func ropeAndStore(
        _ kernel: AttentionKernel, _ batch: RowBatch, q: UnsafeMutablePointer<Float>, k: UnsafePointer<Float>,
        v: UnsafePointer<Float>, cache: CacheLayer
    ) {
        var (shape, layer) = (kernel.shape, cache.layer)
        lk_rope_and_store(handle, &shape, batch.rows, batch.count, q, k, v, &layer)
    }

    /// Causal attention of every row over what the cache holds of its sequence, itself included.
    package func attention(
        _ kernel: AttentionKernel, _ batch: RowBatch, q: UnsafePointer<Float>,
        out: UnsafeMutablePointer<Float>,
        cache: CacheLayer
    ) {
        var (shape, layer) = (kernel.shape, cache.layer)
        lk_attention(handle, &shape, batch.rows, batch.count, q, out, &layer)
    }

    /// `log(sum(exp(logits)))`, in double precision.
    package func logSumExp(_ logits: Span<Float>) -> Double {
        logits.withUnsafeBufferPointer { lk_log_sum_exp(handle, $0.baseAddress, $0.count) }
    }
}
