import CLlamaKernels
import Glibc

/// The instruction sets the kernels are written for.
package enum InstructionSet: String, CaseIterable, Sendable {
    /// Plain C, the contract the others are tested against.
    case reference
    /// x86-64 with AVX2, FMA and F16C.
    case avx2
    /// x86-64 with AVX-512 F, BW, VL and DQ.
    case avx512

    var isa: lk_isa {
        switch self {
        case .reference: LK_REFERENCE
        case .avx2: LK_AVX2
        case .avx512: LK_AVX512
        }
    }

    /// Whether this processor and operating system can run it.
    package var isSupported: Bool { lk_isa_supported(isa) }

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

/// An instruction set, a persistent team of threads and their scratch memory.
///
/// One call at a time may use a context. The thread that makes the call is a member of the team.
package final class KernelContext {
    /// The most threads a context may have.
    package static let maximumThreads = 1024

    /// The instruction set the context computes with.
    package let instructionSet: InstructionSet
    let handle: OpaquePointer

    /// Starts a team of `threads` threads, the caller included.
    package init(
        instructionSet: InstructionSet = .best, threads: Int
    ) throws(KernelError) {
        guard instructionSet.isSupported else { throw .unsupported(instructionSet) }
        guard (1...Self.maximumThreads).contains(threads) else { throw .invalidThreadCount(threads) }
        guard let handle = lk_context_create(instructionSet.isa, Int32(threads)) else {
            throw .outOfResources(threads: threads)
        }
        self.instructionSet = instructionSet
        self.handle = handle
    }

    deinit { lk_context_destroy(handle) }

    /// The number of processors that this process may run on.
    package static var processorCount: Int { Int(lk_processor_count()) }

    /// The number of threads in the team.
    package var threads: Int { Int(lk_context_threads(handle)) }
}
