import CLlamaKernels

/// One of the three products that a linear layer `out = x weightᵀ` takes part in when it is trained.
///
/// Matrices are row-major and dense: `x [rows, inputs]`, `weight [outputs, inputs]`, `out [rows, outputs]`.
package struct MatrixProduct {
    let operation: lk_gemm_op

    /// The forward product: `out (+)= x weightᵀ`.
    package static func forward(
        x: UnsafePointer<Float>, weight: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>, rows: Int,
        inputs: Int, outputs: Int, accumulate: Bool = false
    ) -> MatrixProduct {
        MatrixProduct(
            operation: lk_gemm_op(
                transpose_a: false, transpose_b: true, accumulate: accumulate, m: rows, n: outputs, k: inputs,
                a: x,
                lda: inputs, b: weight, ldb: inputs, c: out, ldc: outputs))
    }

    /// The gradient with respect to the input: `dx (+)= dout weight`.
    package static func inputGradient(
        dout: UnsafePointer<Float>, weight: UnsafePointer<Float>, dx: UnsafeMutablePointer<Float>, rows: Int,
        inputs: Int, outputs: Int, accumulate: Bool = false
    ) -> MatrixProduct {
        MatrixProduct(
            operation: lk_gemm_op(
                transpose_a: false, transpose_b: false, accumulate: accumulate, m: rows, n: inputs,
                k: outputs,
                a: dout, lda: outputs, b: weight, ldb: inputs, c: dx, ldc: inputs))
    }

    /// The gradient with respect to the weight, added to what is there: `dweight += doutᵀ x`.
    package static func weightGradient(
        dout: UnsafePointer<Float>, x: UnsafePointer<Float>, dweight: UnsafeMutablePointer<Float>, rows: Int,
        inputs: Int, outputs: Int
    ) -> MatrixProduct {
        MatrixProduct(
            operation: lk_gemm_op(
                transpose_a: true, transpose_b: false, accumulate: true, m: outputs, n: inputs, k: rows,
                a: dout,
                lda: outputs, b: x, ldb: inputs, c: dweight, ldc: inputs))
    }
}
