import CLlamaKernels

/// The operations of a training step, besides ``CausalAttention`` and ``AdamWUpdate``.
///
/// Activations are row-major float32, one row per token, the sequences of a batch one after another. None of these
/// allocates on the heap per row, and results do not depend on the number of threads. Each throws
/// ``KernelError/shapeMismatch(operand:expected:found:)`` for operands that do not fit together.
extension KernelContext {
    /// Runs products that do not depend on each other in one parallel region.
    package func multiply(_ products: [MatrixProduct], with blas: OpenBLAS) {
        lk_gemm(handle, blas.sgemm, products.map(\.operation), products.count)
    }

    /// RMSNorm of `x [rows, dim]` with the gain `weight [1, dim]`; keeps `1 / rms` of each row in `rstd [rows, 1]`.
    package func rmsNormForward(
        _ x: FloatMatrix, weight: FloatMatrix, epsilon: Float, out: FloatMatrix, rstd: FloatMatrix
    ) throws(KernelError) {
        try weight.requireShape(1, x.columns, "gain of a norm")
        try out.requireShape(x.rows, x.columns, "output of a norm")
        try rstd.requireShape(x.rows, 1, "reciprocals of a norm")
        lk_rms_norm_forward(
            handle, x.base, weight.base, epsilon, out.base, rstd.base, x.rows, x.columns)
    }

    /// Floats of scratch that the backward pass of a norm of such rows needs.
    package static func normScratchCount(dim: Int) -> Int { lk_norm_scratch(dim) }

    /// Adds to `dx [rows, dim]` and to `dweight [1, dim]` what flows back through a norm from `dout [rows, dim]`.
    package func rmsNormBackward(
        dout: FloatMatrix, x: FloatMatrix, weight: FloatMatrix, rstd: FloatMatrix, dx: FloatMatrix,
        dweight: FloatMatrix, scratch: FloatMatrix
    ) throws(KernelError) {
        for matrix in [dout, dx] { try matrix.requireShape(x.rows, x.columns, "gradient of a norm") }
        for matrix in [weight, dweight] {
            try matrix.requireShape(1, x.columns, "gain of a norm, or its gradient")
        }
        try rstd.requireShape(x.rows, 1, "reciprocals of a norm")
        try scratch.requireCount(Self.normScratchCount(dim: x.columns), "scratch of a norm")
        lk_rms_norm_backward(
            handle, dout.base, x.base, weight.base, rstd.base, dx.base, dweight.base, scratch.base, x.rows,
            x.columns)
    }

    /// Rotates `x [rows, heads * headDim]` in place by position (neighboring pairs), or, backward, rotates back.
    ///
    /// - Parameters:
    ///   - length: Tokens of a sequence; row r is at position r modulo `length`.
    ///   - rotations: Filled for `length` positions.
    package func ropeRows(
        _ x: FloatMatrix, length: Int, heads: Int, rotations: RotaryTable, backward: Bool
    ) throws(KernelError) {
        let headDim = 2 * rotations.cosines.columns
        try x.requireShape(x.rows, heads * headDim, "rotated heads")
        guard length > 0, length <= rotations.positions else {
            throw .shapeMismatch(
                operand: "table of rotations", expected: [length, headDim / 2],
                found: [rotations.positions, headDim / 2])
        }
        lk_rope_rows(
            handle, x.base, x.rows, length, heads, headDim, rotations.cosines.base, rotations.sines.base,
            backward)
    }

    /// `out = silu(gate) * up`, element by element.
    package func swiGLUForward(
        gate: FloatMatrix, up: FloatMatrix, out: FloatMatrix
    ) throws(KernelError) {
        for matrix in [up, out] { try matrix.requireShape(gate.rows, gate.columns, "operand of SwiGLU") }
        lk_swiglu_forward(handle, gate.base, up.base, out.base, gate.count)
    }

    /// `dgate` and `dup` from `dout`; either may be `dout`.
    package func swiGLUBackward(
        dout: FloatMatrix, gate: FloatMatrix, up: FloatMatrix, dgate: FloatMatrix, dup: FloatMatrix
    ) throws(KernelError) {
        for matrix in [dout, up, dgate, dup] {
            try matrix.requireShape(gate.rows, gate.columns, "operand of SwiGLU's gradient")
        }
        lk_swiglu_backward(handle, dout.base, gate.base, up.base, dgate.base, dup.base, gate.count)
    }

    /// `losses [rows, 1]` from `logits [rows, classes]`.
    ///
    /// - Parameters:
    ///   - targets: A class for each row; a negative one is not counted, and its loss is 0.
    ///   - gradientScale: Where given, the logits become the gradient of `gradientScale * sum(losses)`.
    package func crossEntropy(
        _ logits: FloatMatrix, targets: ArraySlice<Int32>, gradientScale: Float?, losses: FloatMatrix
    ) throws(KernelError) {
        try losses.requireShape(logits.rows, 1, "losses")
        try require(targets, count: logits.rows, below: logits.columns, allowingNegative: true, "target")
        targets.withUnsafeBufferPointer { targets in
            if let gradientScale {
                lk_cross_entropy(
                    handle, logits.base, targets.baseAddress, gradientScale, losses.base, logits.rows,
                    logits.columns)
            } else {
                lk_cross_entropy_loss(
                    handle, logits.base, targets.baseAddress, losses.base, logits.rows, logits.columns)
            }
        }
    }

    /// `out [rows, dim] = weight[ids]`, rows of `weight [vocabulary, dim]`.
    package func embeddingRows(
        _ weight: FloatMatrix, ids: [Int32], out: FloatMatrix
    ) throws(KernelError) {
        try out.requireShape(ids.count, weight.columns, "output of the embedding")
        try require(ids[...], count: ids.count, below: weight.rows, allowingNegative: false, "token")
        lk_embedding_rows(handle, weight.base, ids, out.base, out.rows, out.columns)
    }

    /// `dweight[ids] += dx [rows, dim]`, in order of the rows.
    package func embeddingBackward(
        dx: FloatMatrix, ids: [Int32], dweight: FloatMatrix
    ) throws(KernelError) {
        try dx.requireShape(ids.count, dweight.columns, "gradient of the embedding's output")
        try require(ids[...], count: ids.count, below: dweight.rows, allowingNegative: false, "token")
        lk_embedding_backward(handle, dx.base, ids, dweight.base, dx.rows, dx.columns)
    }

    /// Sum of squares, in double precision.
    package func sumOfSquares(_ x: FloatMatrix) -> Double { lk_sum_of_squares(handle, x.base, x.count) }

    private func require(
        _ ids: ArraySlice<Int32>, count: Int, below end: Int, allowingNegative: Bool, _ what: StaticString
    ) throws(KernelError) {
        guard ids.count == count else {
            throw .shapeMismatch(operand: "\(what)s", expected: [count], found: [ids.count])
        }
        if let id = ids.first(where: { Int($0) >= end || ($0 < 0 && !allowingNegative) }) {
            throw .invalidBatch(what: "\(what)", expected: "an id below \(end)", found: "\(id)")
        }
    }
}
