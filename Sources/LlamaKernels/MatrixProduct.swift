import CLlamaKernels

/// One of the three products that a linear layer `out = x weightᵀ` takes part in when it is trained.
///
/// Shapes: `x [rows, inputs]`, `weight [outputs, inputs]`, `out [rows, outputs]`; a gradient has the shape of its matrix.
package struct MatrixProduct {
    let operation: lk_gemm_op

    /// The forward product: `out (+)= x weightᵀ`.
    ///
    /// - Throws: ``KernelError/shapeMismatch(operand:expected:found:)``, like the other two.
    package static func forward(
        x: FloatMatrix, weight: FloatMatrix, out: FloatMatrix, accumulate: Bool = false
    ) throws(KernelError) -> MatrixProduct {
        try check(x: x, weight: weight, out: out)
        return MatrixProduct(
            operation: lk_gemm_op(
                transpose_a: false, transpose_b: true, accumulate: accumulate, m: x.rows, n: weight.rows,
                k: weight.columns, a: x.base, lda: x.columns, b: weight.base, ldb: weight.columns,
                c: out.base, ldc: out.columns))
    }

    /// The gradient with respect to the input: `dx (+)= dout weight`.
    package static func inputGradient(
        dout: FloatMatrix, weight: FloatMatrix, dx: FloatMatrix, accumulate: Bool = false
    ) throws(KernelError) -> MatrixProduct {
        try check(x: dx, weight: weight, out: dout)
        return MatrixProduct(
            operation: lk_gemm_op(
                transpose_a: false, transpose_b: false, accumulate: accumulate, m: dout.rows,
                n: weight.columns, k: weight.rows, a: dout.base, lda: dout.columns, b: weight.base,
                ldb: weight.columns, c: dx.base, ldc: dx.columns))
    }

    /// The gradient with respect to the weight, added to what is there: `dweight += doutᵀ x`.
    package static func weightGradient(
        dout: FloatMatrix, x: FloatMatrix, dweight: FloatMatrix
    ) throws(KernelError) -> MatrixProduct {
        try check(x: x, weight: dweight, out: dout)
        return MatrixProduct(
            operation: lk_gemm_op(
                transpose_a: true, transpose_b: false, accumulate: true, m: dweight.rows, n: dweight.columns,
                k: x.rows, a: dout.base, lda: dout.columns, b: x.base, ldb: x.columns, c: dweight.base,
                ldc: dweight.columns))
    }

    private static func check(
        x: FloatMatrix, weight: FloatMatrix, out: FloatMatrix
    ) throws(KernelError) {
        try x.requireShape(x.rows, weight.columns, "input of a matrix product")
        try out.requireShape(x.rows, weight.rows, "output of a matrix product")
    }
}
