import CLlamaKernels

/// The operations of a training step. Buffers are row-major float32, one row per token, sequences one after
/// another.
///
/// None of them allocates, and results do not depend on the number of threads.
extension KernelContext {
    /// Runs products that do not depend on each other in one parallel region.
    package func multiply(_ products: [MatrixProduct], with blas: OpenBLAS) {
        products.withUnsafeBufferPointer { products in
            products.withMemoryRebound(to: lk_gemm_op.self) {
                lk_gemm(handle, blas.sgemm, $0.baseAddress, $0.count)
            }
        }
    }

    /// RMSNorm of `[rows, dim]` that keeps `1 / rms` of each row in `rstd [rows]`.
    package func rmsNormForward(
        _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>, epsilon: Float,
        out: UnsafeMutablePointer<Float>,
        rstd: UnsafeMutablePointer<Float>, rows: Int, dim: Int
    ) {
        lk_rms_norm_forward(handle, x, weight, epsilon, out, rstd, rows, dim)
    }

    /// Floats of scratch that ``rmsNormBackward(dout:x:weight:rstd:dx:dweight:scratch:rows:dim:)`` needs.
    package static func normScratchCount(dim: Int) -> Int { lk_norm_scratch(dim) }

    /// Adds to `dx [rows, dim]` and to `dweight [dim]`.
    package func rmsNormBackward(
        dout: UnsafePointer<Float>, x: UnsafePointer<Float>, weight: UnsafePointer<Float>,
        rstd: UnsafePointer<Float>,
        dx: UnsafeMutablePointer<Float>, dweight: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>,
        rows: Int, dim: Int
    ) {
        lk_rms_norm_backward(handle, dout, x, weight, rstd, dx, dweight, scratch, rows, dim)
    }

    /// Rotates `x [rows, heads * headDim]` in place by position (neighbouring pairs), or, backward, rotates back.
    package func ropeRows(
        _ x: UnsafeMutablePointer<Float>, rows: Int, length: Int, heads: Int, headDim: Int,
        cosines: UnsafePointer<Float>, sines: UnsafePointer<Float>, backward: Bool
    ) {
        lk_rope_rows(handle, x, rows, length, heads, headDim, cosines, sines, backward)
    }

    /// `out = silu(gate) * up` over `count` floats.
    package func swiGLUForward(
        gate: UnsafePointer<Float>, up: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, count: Int
    ) {
        lk_swiglu_forward(handle, gate, up, out, count)
    }

    /// `dgate` and `dup` from `dout`; `dgate` may be `dout`.
    package func swiGLUBackward(
        dout: UnsafePointer<Float>, gate: UnsafePointer<Float>, up: UnsafePointer<Float>,
        dgate: UnsafeMutablePointer<Float>, dup: UnsafeMutablePointer<Float>, count: Int
    ) {
        lk_swiglu_backward(handle, dout, gate, up, dgate, dup, count)
    }

    /// `losses [rows]` from `logits [rows, classes]`, which become the gradient of `scale * sum(losses)`.
    package func crossEntropy(
        _ logits: UnsafeMutablePointer<Float>, targets: UnsafePointer<Int32>, scale: Float,
        losses: UnsafeMutablePointer<Float>, rows: Int, classes: Int
    ) {
        lk_cross_entropy(handle, logits, targets, scale, losses, rows, classes)
    }

    /// `losses [rows]` alone.
    package func crossEntropyLoss(
        _ logits: UnsafePointer<Float>, targets: UnsafePointer<Int32>, losses: UnsafeMutablePointer<Float>,
        rows: Int,
        classes: Int
    ) {
        lk_cross_entropy_loss(handle, logits, targets, losses, rows, classes)
    }

    /// `out[row] = weight[ids[row]]`.
    package func embeddingRows(
        _ weight: UnsafePointer<Float>, ids: UnsafePointer<Int32>, out: UnsafeMutablePointer<Float>,
        rows: Int, dim: Int
    ) {
        lk_embedding_rows(handle, weight, ids, out, rows, dim)
    }

    /// `dweight[ids[row]] += dx[row]`.
    package func embeddingBackward(
        dx: UnsafePointer<Float>, ids: UnsafePointer<Int32>, dweight: UnsafeMutablePointer<Float>, rows: Int,
        dim: Int
    ) {
        lk_embedding_backward(handle, dx, ids, dweight, rows, dim)
    }

    /// Sum of squares, in double precision.
    package func sumOfSquares(_ x: UnsafePointer<Float>, count: Int) -> Double {
        lk_sum_of_squares(handle, x, count)
    }
}

/// Causal grouped-query attention over whole sequences, for training.
package struct CausalAttention {
    private var shape: lk_causal_shape

    /// - Parameters:
    ///   - batch: Number of sequences.
    ///   - length: Tokens of each.
    package init(batch: Int, length: Int, nHeads: Int, nKVHeads: Int, headDim: Int) {
        shape = lk_causal_shape(
            batch: batch, length: length, n_heads: nHeads, n_kv_heads: nKVHeads, head_dim: headDim,
            scale: 1 / Float(headDim).squareRoot())
    }

    /// Floats of scratch that both passes need.
    package func scratchCount(on kernels: KernelContext) -> Int {
        withUnsafePointer(to: shape) { lk_causal_scratch(kernels.handle, $0) }
    }

    /// `out [rows, nHeads * headDim]` from rotated `q`, `k` and `v`; `lse [batch, nHeads, length]` is kept.
    package func forward(
        q: UnsafePointer<Float>, k: UnsafePointer<Float>, v: UnsafePointer<Float>,
        out: UnsafeMutablePointer<Float>,
        lse: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>, on kernels: KernelContext,
        with blas: OpenBLAS
    ) {
        withUnsafePointer(to: shape) {
            lk_causal_forward(kernels.handle, blas.sgemm, $0, q, k, v, out, lse, scratch)
        }
    }

    /// Writes `dq`, `dk` and `dv`.
    package func backward(
        dout: UnsafePointer<Float>, q: UnsafePointer<Float>, k: UnsafePointer<Float>, v: UnsafePointer<Float>,
        out: UnsafePointer<Float>, lse: UnsafePointer<Float>, dq: UnsafeMutablePointer<Float>,
        dk: UnsafeMutablePointer<Float>, dv: UnsafeMutablePointer<Float>,
        scratch: UnsafeMutablePointer<Float>,
        on kernels: KernelContext, with blas: OpenBLAS
    ) {
        withUnsafePointer(to: shape) {
            lk_causal_backward(kernels.handle, blas.sgemm, $0, dout, q, k, v, out, lse, dq, dk, dv, scratch)
        }
    }
}

/// One AdamW update (Loshchilov and Hutter 2019).
package struct AdamWUpdate {
    private var parameters: lk_adamw

    /// - Parameters:
    ///   - step: Number of this update, from 1, for the bias corrections.
    ///   - gradientScale: Multiplies the gradients first (clipping).
    package init(
        learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double, step: Int,
        gradientScale: Double
    ) {
        parameters = lk_adamw(
            learning_rate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
            weight_decay: weightDecay,
            correction1: 1 - power(beta1, step), correction2: 1 - power(beta2, step),
            gradient_scale: gradientScale)
    }

    /// Updates `count` weights and their moments.
    package func apply(
        weights: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>, m: UnsafeMutablePointer<Float>,
        v: UnsafeMutablePointer<Float>, count: Int, on kernels: KernelContext
    ) {
        withUnsafePointer(to: parameters) {
            lk_adamw_step(kernels.handle, $0, weights, gradients, m, v, count)
        }
    }
}

/// `base` to the power of a whole number, by squaring: the same bits everywhere.
private func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, factor, rest) = (1.0, base, exponent)
    while rest > 0 {
        if rest & 1 == 1 { result *= factor }
        factor *= factor
        rest >>= 1
    }
    return result
}
