import CLlamaKernels
import LlamaTensors

/// The memory of weight matrices, for reading it as fast as possible.
package final class WeightMemory {
    // Written only in `init`; the regions belong to the tensors of `matrices`.
    fileprivate let regions: UnsafeMutableBufferPointer<lk_region>
    private let matrices: [WeightMatrix]
    /// Bytes of all matrices, as stored.
    package let byteCount: Int

    /// Borrows the matrices' memory.
    package init(_ matrices: [WeightMatrix]) {
        let found = matrices.flatMap(\.regions)
        regions = .allocate(capacity: found.count)
        _ = regions.initialize(from: found)
        byteCount = found.reduce(0) { $0 + $1.bytes }
        self.matrices = matrices
    }

    deinit { regions.deallocate() }
}

/// The arithmetic of linear layers.
package enum Arithmetic: Sendable, CaseIterable {
    /// Fused multiply-adds of 32-bit floats.
    case float32
    /// Products of 8-bit integers and their sums, of weights in block formats by quantized activations.
    case int8
    /// Products of pairs of bfloat16 and their sums, of BF16 weights by rounded activations.
    case bfloat16

    fileprivate var kind: lk_arithmetic {
        switch self {
        case .float32: LK_ARITHMETIC_FLOAT32
        case .int8: LK_ARITHMETIC_INT8
        case .bfloat16: LK_ARITHMETIC_BFLOAT16
        }
    }
}

/// The limits that computation is measured against: of memory, and of multiply-adds.
extension KernelContext {
    /// How the context multiplies a matrix by activations.
    package func arithmetic(of matrix: WeightMatrix) -> Arithmetic {
        if activations != .float32, matrix.dtype.isBlockFormat { return .int8 }
        return activations == .bfloat16 && matrix.dtype == .bfloat16 ? .bfloat16 : .float32
    }

    /// Reads every byte of the weights once, in order, with all threads.
    ///
    /// - Returns: The exclusive or of the bytes as 64-bit words, each tensor's last one filled up with zeros.
    @discardableResult
    package func read(_ memory: WeightMemory) -> UInt64 {
        lk_read(handle, memory.regions.baseAddress, memory.regions.count)
    }

    /// Multiplies and adds numbers in registers with all threads, with the instructions that linear layers use. Where
    /// the context's activations are not those of the arithmetic, it multiplies 32-bit floats.
    ///
    /// - Parameter rounds: At least 1; the time is proportional to it.
    /// - Returns: The number of operations, two for each multiply-add; and the sum of all products, each of which is 1.
    package func multiply(_ arithmetic: Arithmetic, rounds: Int) -> (operations: Double, sum: Double) {
        var sum = 0.0
        let operations = lk_multiply(handle, arithmetic.kind, UInt32(clamping: max(rounds, 1)), &sum)
        return (operations, sum)
    }
}
