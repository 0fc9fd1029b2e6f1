import CLlamaKernels

/// Causal grouped-query attention over whole sequences, for training.
///
/// Rows are `batch * length`, the sequences one after another.
package struct CausalAttention {
    private let shape: lk_causal_shape
    private let rows: Int
    private let queryDim: Int
    private let keyDim: Int
    private let lseRows: Int

    /// - Parameters:
    ///   - batch: Number of sequences.
    ///   - length: Tokens of each.
    package init(batch: Int, length: Int, nHeads: Int, nKVHeads: Int, headDim: Int) {
        shape = lk_causal_shape(
            batch: batch, length: length, n_heads: nHeads, n_kv_heads: nKVHeads, head_dim: headDim,
            scale: 1 / Float(headDim).squareRoot())
        rows = batch * length
        queryDim = nHeads * headDim
        keyDim = nKVHeads * headDim
        lseRows = batch * nHeads
    }

    /// Floats of scratch that both passes need.
    package func scratchCount(on kernels: KernelContext) -> Int {
        withUnsafePointer(to: shape) { lk_causal_scratch(kernels.handle, $0) }
    }

    /// `out [rows, nHeads * headDim]` from rotated `q [rows, nHeads * headDim]`, rotated `k` and `v`
    /// `[rows, nKVHeads * headDim]`.
    ///
    /// - Parameters:
    ///   - lse: `[batch * nHeads, length]`, the softmax's normalizers, kept for the backward pass.
    ///   - scratch: ``scratchCount(on:)`` floats or more.
    /// - Throws: ``KernelError/shapeMismatch(operand:expected:found:)``, like the backward pass.
    package func forward(
        q: FloatMatrix, k: FloatMatrix, v: FloatMatrix, out: FloatMatrix, lse: FloatMatrix,
        scratch: FloatMatrix, on kernels: KernelContext, with blas: OpenBLAS
    ) throws(KernelError) {
        try check(queries: [q, out], keys: [k, v], lse, scratch, kernels)
        withUnsafePointer(to: shape) {
            lk_causal_forward(
                kernels.handle, blas.sgemm, $0, q.base, k.base, v.base, out.base, lse.base, scratch.base)
        }
    }

    /// Writes the gradients `dq`, `dk` and `dv` from `dout` and from what the forward pass read and wrote.
    package func backward(
        dout: FloatMatrix, q: FloatMatrix, k: FloatMatrix, v: FloatMatrix, out: FloatMatrix,
        lse: FloatMatrix, dq: FloatMatrix, dk: FloatMatrix, dv: FloatMatrix, scratch: FloatMatrix,
        on kernels: KernelContext, with blas: OpenBLAS
    ) throws(KernelError) {
        try check(queries: [dout, q, out, dq], keys: [k, v, dk, dv], lse, scratch, kernels)
        withUnsafePointer(to: shape) {
            lk_causal_backward(
                kernels.handle, blas.sgemm, $0, dout.base, q.base, k.base, v.base, out.base, lse.base,
                dq.base, dk.base, dv.base, scratch.base)
        }
    }

    private func check(
        queries: [FloatMatrix], keys: [FloatMatrix], _ lse: FloatMatrix, _ scratch: FloatMatrix,
        _ kernels: KernelContext
    ) throws(KernelError) {
        for matrix in queries { try matrix.requireShape(rows, queryDim, "queries, or their gradient") }
        for matrix in keys { try matrix.requireShape(rows, keyDim, "keys or values, or their gradient") }
        try lse.requireShape(lseRows, shape.length, "normalizers of the softmax")
        try scratch.requireCount(scratchCount(on: kernels), "scratch of attention")
    }
}
