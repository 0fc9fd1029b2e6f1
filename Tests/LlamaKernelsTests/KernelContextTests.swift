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
        let avxvnni = avx2 && flags.contains("avx_vnni")
        let avx512vnni = avx512 && flags.contains("avx512_vnni")
        #expect(InstructionSet.avxvnni.isSupported == avxvnni)
        #expect(InstructionSet.avx512vnni.isSupported == avx512vnni)
        let fastest: [(Bool, InstructionSet)] = [
            (avx512vnni, .avx512vnni), (avx512, .avx512), (avxvnni, .avxvnni), (avx2, .avx2),
        ]
        #expect(InstructionSet.best == (fastest.first { $0.0 }?.1 ?? .reference))
        #expect(lk_isa_best() == InstructionSet.best.isa)
    }

    @Test(.requires(.avx2)) func avx2GivesTheReferencesBits() throws { try expectTheReferencesBits(.avx2) }
    @Test(.requires(.avxvnni)) func avxvnniGivesTheReferencesBits() throws {
        try expectTheReferencesBits(.avxvnni)
    }
    @Test(.requires(.avx512)) func avx512GivesTheReferencesBits() throws {
        try expectTheReferencesBits(.avx512)
    }
    @Test(.requires(.avx512vnni)) func avx512vnniGivesTheReferencesBits() throws {
        try expectTheReferencesBits(.avx512vnni)
    }

    private func expectTheReferencesBits(_ set: InstructionSet) throws {
        var numbers = SeededGenerator(seed: 1)
        for dtype in [LK_F16, LK_Q8_0, LK_Q4_K] {
            let weights = Weights(dtype, rows: 64, columns: dtype.columns(1000))
            let x = numbers.floats(weights.columns)
            let context = try KernelContext(instructionSet: set, threads: 1)
            #expect(context.instructionSet == set)
            try expectOwnKernels(context)
            let reference = try KernelContext(instructionSet: .reference, threads: 1)
            let expected = bits(weights.apply(reference, x, tokens: 1))
            #expect(bits(weights.apply(context, x, tokens: 1)) == expected)
        }
    }

    /// AVX-512 without VNNI multiplies integers as AVX2 does, and AVX-VNNI floats.
    private func expectOwnKernels(_ context: KernelContext) throws {
        let names: (floats: String, integers: String) =
            switch context.instructionSet {
            case .reference: ("reference", "reference")
            case .avx2: ("avx2", "avx2")
            case .avxvnni: ("avx2", "avxvnni")
            case .avx512: ("avx512", "avx2")
            case .avx512vnni: ("avx512", "avx512vnni")
            }
        #expect(String(cString: try #require(lk_context_kernels(context.handle))) == names.floats)
        #expect(String(cString: try #require(lk_context_integer_kernels(context.handle))) == names.integers)
    }

    @Test func float32ActivationsNeedNoKernelsForIntegers() throws {
        let context = try KernelContext(instructionSet: .reference, activations: .float32, threads: 1)
        #expect(lk_context_integer_kernels(context.handle) == nil)
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
