import LlamaTensors
import LlamaTestSupport
import Testing

@testable import LlamaKernels

/// That the measurements of limits do what they count.
@Suite struct PeakTests {
    @Test(arguments: instructionSets, Arithmetic.allCases)
    func everyCountedMultiplyAddIsDone(_ set: InstructionSet, _ arithmetic: Arithmetic) throws {
        for (threads, rounds) in [(1, 1), (2, 3)] {
            let kernels = try KernelContext(
                instructionSet: set, activations: set.multipliesBFloat16 ? .bfloat16 : .int8, threads: threads
            )
            let (operations, sum) = kernels.multiply(arithmetic, rounds: rounds)
            #expect(operations > 0)
            #expect(sum == operations / 2)
        }
    }

    @Test func theTimeIsProportionalToTheRounds() throws {
        let kernels = try KernelContext(threads: 2)
        let one = kernels.multiply(.int8, rounds: 1).operations
        #expect(kernels.multiply(.int8, rounds: 5).operations == 5 * one)
        #expect(kernels.multiply(.int8, rounds: 0).operations == one)
    }

    /// Of two matrices at any address, of lengths that are no multiple of a word, beyond the chunks that threads take.
    @Test(arguments: [1, 3, 4, 30_840, 30_841, 92_530], [0, 3])
    func readsEveryByte(blocks: Int, offset: Int) throws {
        var numbers = SeededGenerator(seed: blocks)
        let sizes = [blocks, 2].map { $0 * DType.q8_0.blockSize }
        let bytes = (0..<offset + sizes[0] + sizes[1]).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }
        let buffer = try #require(OwnedBuffer(reserving: bytes.count) { $0.copyBytes(from: bytes) })
        var (matrices, expected, begin): ([WeightMatrix], UInt64, Int) = ([], 0, offset)
        for size in sizes {
            let shape = [1, size / DType.q8_0.blockSize * DType.q8_0.blockCount]
            let tensor = try #require(
                Tensor(dtype: .q8_0, shape: shape, storage: buffer, byteOffset: begin))
            matrices.append(try WeightMatrix("w", parts: [tensor], arrangement: .rows))
            for (index, byte) in bytes[begin..<begin + size].enumerated() {
                expected ^= UInt64(byte) << UInt64(index % 8 * 8)
            }
            begin += size
        }
        let memory = WeightMemory(matrices)
        #expect(memory.byteCount == sizes[0] + sizes[1])
        for threads in [1, 3] { #expect(try KernelContext(threads: threads).read(memory) == expected) }
    }
}
