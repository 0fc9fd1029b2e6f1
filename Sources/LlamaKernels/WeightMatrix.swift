import CLlamaKernels
import LlamaTensors

/// A weight matrix `[rows, columns]` in the form that the kernels read: one tensor, or several side by side.
package final class WeightMatrix: Sendable {
    /// How several tensors make up one matrix.
    package enum Arrangement: Sendable {
        /// One below the other.
        case rows
        /// Side by side.
        case columns
    }

    /// Number of outputs.
    package let rows: Int
    /// Number of inputs.
    package let columns: Int
    // Written only in `init` and freed in `deinit`; the blocks point into `parts`, which never move or change.
    nonisolated(unsafe) let matrix: UnsafeMutablePointer<lk_matrix>
    private nonisolated(unsafe) let blocks: UnsafeMutablePointer<lk_block>
    private let parts: [Tensor]

    /// Borrows the tensors; nothing is copied.
    ///
    /// - Parameters:
    ///   - name: For errors.
    ///   - parts: Two-dimensional, with dense rows, of one weight dtype and one shape.
    /// - Throws: ``KernelError/unsuitableWeights(_:)`` for other parts.
    package init(_ name: String, parts: [Tensor], arrangement: Arrangement) throws(KernelError) {
        guard let first = parts.first, let dtype = first.dtype.kernelType,
            parts.allSatisfy({ $0.shape.count == 2 && $0.dtype == first.dtype && $0.hasDenseRows })
        else { throw .unsuitableWeights(name) }
        // The kernels find a row's part by division: parts are equal in both dimensions.
        guard parts.allSatisfy({ $0.shape == first.shape }) else { throw .unsuitableWeights(name) }
        rows = arrangement == .rows ? parts.count * first.shape[0] : first.shape[0]
        columns = arrangement == .rows ? first.shape[1] : parts.count * first.shape[1]
        blocks = .allocate(capacity: parts.count)
        for (index, part) in parts.enumerated() {
            let block = lk_block(
                data: part.baseAddress, row_stride: part.strides[0], rows: part.shape[0],
                columns: part.shape[1])
            (blocks + index).initialize(to: block)
        }
        matrix = .allocate(capacity: 1)
        matrix.initialize(
            to: lk_matrix(
                dtype: dtype, rows: rows, columns: columns, row_parts: arrangement == .rows ? parts.count : 1,
                column_parts: arrangement == .rows ? 1 : parts.count, blocks: blocks))
        self.parts = parts
    }

    deinit {
        matrix.deallocate()
        blocks.deallocate()
    }

    /// How the weights are stored.
    package var dtype: DType { parts[0].dtype }

    /// Bytes of the weights as stored.
    package var byteCount: Int { parts.reduce(0) { $0 + $1.byteCount } }

    /// The memory of each part, from its first element to its last.
    var regions: [lk_region] {
        parts.map { part in
            let elements = Tensor.extent(shape: part.shape, strides: part.strides) ?? 0
            return lk_region(
                data: part.baseAddress, bytes: elements / part.dtype.blockCount * part.dtype.blockSize)
        }
    }
}

extension DType {
    /// The kernels' number for a type they compute with.
    var kernelType: lk_dtype? {
        switch self {
        case .float32: LK_F32
        case .float16: LK_F16
        case .bfloat16: LK_BF16
        case .q4_0: LK_Q4_0
        case .q4_1: LK_Q4_1
        case .q5_0: LK_Q5_0
        case .q5_1: LK_Q5_1
        case .q8_0: LK_Q8_0
        case .q2_K: LK_Q2_K
        case .q3_K: LK_Q3_K
        case .q4_K: LK_Q4_K
        case .q5_K: LK_Q5_K
        case .q6_K: LK_Q6_K
        case .float64, .int64, .int32, .int16, .int8, .uint8, .bool: nil
        }
    }
}
