import CLlamaKernels
import Glibc

/// The instruction sets the kernels are written for. All of them give the same bits.
package enum InstructionSet: String, CaseIterable, Sendable {
    /// Plain C, the contract that the others reproduce.
    case reference
    /// x86-64 with AVX2, FMA and F16C.
    case avx2
    /// ``avx2`` with AVX-VNNI's integer dot products.
    case avxvnni
    /// x86-64 with AVX-512 F, BW, VL and DQ.
    case avx512
    /// ``avx512`` with AVX-512 VNNI's integer dot products.
    case avx512vnni

    var isa: lk_isa {
        switch self {
        case .reference: LK_REFERENCE
        case .avx2: LK_AVX2
        case .avxvnni: LK_AVX_VNNI
        case .avx512: LK_AVX512
        case .avx512vnni: LK_AVX512_VNNI
        }
    }

    /// Whether this processor and operating system can run it.
    package var isSupported: Bool { lk_isa_supported(isa) }

    /// Whether it can multiply numbers of bfloat16 here.
    package var multipliesBFloat16: Bool { lk_bfloat16_supported(isa) }

    /// The fastest one supported.
    package static var best: InstructionSet {
        allCases.last { $0.isSupported } ?? .reference
    }

    /// The one that the environment variable `LLAMA_KERNELS` names (to compare, or for a bug report), or ``best`` if it is
    /// empty or not set.
    package static func fromEnvironment() throws(KernelError) -> InstructionSet {
        let name = getenv("LLAMA_KERNELS").map { String(cString: $0) } ?? ""
        guard !name.isEmpty else { return .best }
        guard let set = InstructionSet(rawValue: name) else { throw .unknownInstructionSet(name) }
        return set
    }
}

/// How the activations of linear layers are multiplied by weights in block formats (Q8_0, Q4_K, …) and in BF16. Other
/// weights are always multiplied by 32-bit floats.
package enum ActivationType: String, CaseIterable, Sendable {
    /// By weights in block formats, quantized to 8-bit integers in blocks like the weights', as llama.cpp computes: faster.
    case int8
    /// As ``int8``; by BF16 weights, rounded to bfloat16, as llama.cpp computes: faster. The results are those of the
    /// processor, and may differ from another one's.
    case bfloat16
    /// As they are: the weights' exact values times the activations'.
    case float32

    fileprivate var kind: lk_activations {
        switch self {
        case .int8: LK_ACTIVATIONS_INT8
        case .bfloat16: LK_ACTIVATIONS_BFLOAT16
        case .float32: LK_ACTIVATIONS_FLOAT32
        }
    }
}

/// An instruction set, a persistent team of threads and their scratch memory.
///
/// One call at a time may use a context. The thread that makes the call is a member of the team.
package final class KernelContext {
    /// The most threads a context may have.
    package static let maximumThreads = 1024

    /// The instruction set the context computes with.
    package let instructionSet: InstructionSet
    /// How activations are multiplied by weights.
    package let activations: ActivationType
    let handle: OpaquePointer

    /// Starts a team of `threads` threads, the caller included.
    package init(
        instructionSet: InstructionSet = .best, activations: ActivationType = .int8, threads: Int
    ) throws(KernelError) {
        guard instructionSet.isSupported else { throw .unsupported(instructionSet) }
        guard (1...Self.maximumThreads).contains(threads) else { throw .invalidThreadCount(threads) }
        guard activations != .bfloat16 || instructionSet.multipliesBFloat16 else {
            throw .unsupportedBFloat16(instructionSet)
        }
        guard let handle = lk_context_create(instructionSet.isa, activations.kind, Int32(threads)) else {
            throw .outOfResources(threads: threads)
        }
        self.instructionSet = instructionSet
        self.activations = activations
        self.handle = handle
    }

    deinit { lk_context_destroy(handle) }

    /// The number of processors that this process may run on.
    package static var processorCount: Int { Int(lk_processor_count()) }

    /// The number of threads in the team.
    package var threads: Int { Int(lk_context_threads(handle)) }
}
