import CLlamaKernels
import Foundation
import LlamaTensors
import LlamaTestSupport
import Testing

@testable import LlamaKernels

/// The instruction sets that parameterized tests run for. One that the processor lacks is a skipped test of
/// ``KernelContextTests``, which says so.
let instructionSets = InstructionSet.allCases.filter(\.isSupported)

extension Trait where Self == ConditionTrait {
    /// Skips a test, and says why, where the processor cannot run the kernels of `set`.
    static func requires(_ set: InstructionSet) -> Self {
        .enabled(
            if: set.isSupported,
            "this processor cannot run the \(set.rawValue) kernels: no test runs for them")
    }
}

extension lk_dtype: @retroactive CaseIterable, @retroactive CustomTestStringConvertible {
    /// Every dtype a weight may have.
    public static var allCases: [lk_dtype] { DType.allCases.compactMap(\.kernelType) }
    /// The dtype as test output names it.
    public var testDescription: String { dtype.rawValue }

    /// The tensors' name for it.
    var dtype: DType { DType.allCases.first { $0.kernelType == self } ?? .float32 }

    /// The columns that a test of dtypes without blocks would ask for, made whole blocks in each of `parts`.
    func columns(_ columns: Int, parts: Int = 1) -> Int {
        guard dtype.isBlockFormat else { return columns }
        let unit = dtype.blockCount * parts
        return (columns + unit - 1) / unit * unit
    }
}

/// A block's random bytes in a dtype, and the values that they encode.
///
/// - Parameter quants: All bytes of a block, except its factors; nil for random ones.
func randomBlock(
    _ dtype: DType, _ numbers: inout SeededGenerator, scale: Float, quants: UInt8? = nil
) -> (bytes: [UInt8], values: [Float]) {
    guard dtype.isBlockFormat else {
        var bytes = [UInt8](repeating: 0, count: dtype.blockSize)
        let value = [numbers.float() * scale]
        value.withUnsafeBufferPointer { value in
            _ = bytes.withUnsafeMutableBytes { dtype.encode(value, into: $0) }
        }
        return (bytes, decode(bytes, dtype))
    }
    var bytes = (0..<dtype.blockSize).map { _ in
        quants ?? UInt8(truncatingIfNeeded: numbers.next() >> 40)
    }
    // The greatest quants, with a run's own scale, are about 2^7 and 2^12.
    let unit: Float = dtype.blockCount == 256 ? 0x1p-12 : 0x1p-7
    for offset in dtype.scaleOffsets {
        let factor = Float16(numbers.float() * scale * unit).bitPattern
        (bytes[offset], bytes[offset + 1]) = (UInt8(factor & 0xFF), UInt8(factor >> 8))
    }
    return (bytes, decode(bytes, dtype))
}

/// What the LlamaTensors module, which has its own loops, decodes.
private func decode(_ bytes: [UInt8], _ dtype: DType) -> [Float] {
    var values = [Float](repeating: .nan, count: bytes.count / dtype.blockSize * dtype.blockCount)
    bytes.withUnsafeBytes { bytes in
        values.withUnsafeMutableBufferPointer { _ = dtype.decode(bytes, into: $0) }
    }
    return values
}

func bits(_ values: some Sequence<Float>) -> [UInt32] { values.map(\.bitPattern) }
