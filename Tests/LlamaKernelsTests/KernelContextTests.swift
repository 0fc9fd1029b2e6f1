import CLlamaKernels
import Foundation
import LlamaTensors
import LlamaTestSupport
import Testing

@testable import LlamaKernels

@Suite struct KernelContextTests {
    /// What Linux says of the first processor; nil where it lists no flags (other architectures).
    private static let flags = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        .split(separator: "\n").first { $0.hasPrefix("flags") }?
        .split(separator: " ").map(String.init)

    @Test func supportsWhatTheProcessorHas() {
        let flags = Set(Self.flags ?? [])
        let avx2 = flags.isSuperset(of: ["avx2", "fma", "f16c"])
        let avx512 = avx2 && flags.isSuperset(of: ["avx512f", "avx512bw", "avx512vl", "avx512dq"])
        #expect(InstructionSet.reference.isSupported)
        #expect(InstructionSet.avx2.isSupported == avx2)
        #expect(InstructionSet.avx512.isSupported == avx512)
        #expect(InstructionSet.best == (avx512 ? .avx512 : avx2 ? .avx2 : .reference))
        #expect(lk_isa_best() == InstructionSet.best.isa)
    }

    @Test(.requires(.avx2))
    func avx2ComputesWithItsOwnKernels() throws {
        try expectTheReferencesProduct(.avx2)
    }

    @Test(.requires(.avx512))
    func avx512ComputesWithItsOwnKernels() throws {
        try expectTheReferencesProduct(.avx512)
    }

    /// Close to the reference but not the same: vectors add in another order than its doubles.
    private func expectTheReferencesProduct(_ set: InstructionSet) throws {
        let weights = Weights(LK_F16, rows: 64, columns: 1000)
        var numbers = SeededGenerator(seed: 1)
        let x = numbers.floats(weights.columns)
        let reference = weights.apply(try KernelContext(instructionSet: .reference, threads: 1), x, tokens: 1)
        let context = try KernelContext(instructionSet: set, threads: 1)
        #expect(context.instructionSet == set)
        let out = weights.apply(context, x, tokens: 1)
        expectClose(out, doubles(reference), steps: Double(weights.columns) / 8)
        #expect(bits(out) != bits(reference))
    }

    @Test(arguments: instructionSets, [1, 2, 5])
    func hasTheThreadsAskedFor(_ set: InstructionSet, threads: Int) throws {
        let context = try KernelContext(instructionSet: set, threads: threads)
        #expect(context.threads == threads)
    }

    @Test(arguments: [0, -1, 100_000])
    func refusesImpossibleThreadCounts(threads: Int) {
        #expect(throws: KernelError.invalidThreadCount(threads)) {
            try KernelContext(instructionSet: .reference, threads: threads)
        }
    }
}

/// What Swift and C both know.
@Suite struct KernelLayoutTests {
    @Test(arguments: lk_dtype.allCases) func blocksHaveTheTensorsSizes(_ dtype: lk_dtype) {
        #expect(lk_dtype_block_count(dtype) == dtype.dtype.blockCount)
        #expect(lk_dtype_block_size(dtype) == dtype.dtype.blockSize)
    }

    @Test func everyWeightTypeOfTheTensorsHasAKernelType() {
        #expect(Set(lk_dtype.allCases.map(\.rawValue)) == Set(LK_F32.rawValue...LK_Q6_K.rawValue))
        let others = DType.allCases.filter { $0.kernelType == nil }
        #expect(!others.contains { $0.isBlockFormat || $0 == .float32 || $0 == .float16 || $0 == .bfloat16 })
    }

    @Test func thePositionBlockIsAWholeNumberOfVectors() {
        #expect(CacheLayer.positionBlock % 16 == 0)
    }
}
