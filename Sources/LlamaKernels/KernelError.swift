import LlamaFiles

/// Why an operation could not be set up or run.
package enum KernelError: Error, Equatable, Sendable {
    /// This processor cannot run the instruction set.
    case unsupported(InstructionSet)
    /// Neither this instruction set nor this processor multiplies numbers of bfloat16.
    case unsupportedBFloat16(InstructionSet)
    /// `LLAMA_KERNELS` names none of the instruction sets.
    case unknownInstructionSet(String)
    /// The thread count is not between 1 and ``KernelContext/maximumThreads``.
    case invalidThreadCount(Int)
    /// The system has no memory or no threads left.
    case outOfResources(threads: Int)
    /// The system has no memory left for a buffer.
    case outOfMemory(byteCount: Int)
    /// The named weights are not a matrix of one weight type with dense rows.
    case unsuitableWeights(String)
    /// A file with weights changed while they were being read; nothing was computed with them.
    case changedWeights(FileError)
    /// OpenBLAS, which training needs, could not be loaded, for the given reason.
    case openBLASUnavailable(String)
    /// An operand has other extents than the operation needs.
    case shapeMismatch(operand: String, expected: [Int], found: [Int])
    /// A row of a batch names a token, a position or a slot that does not exist; `what` says which.
    case invalidBatch(what: String, expected: String, found: String)
}

extension KernelError: CustomStringConvertible {
    /// One line for a person.
    package var description: String {
        switch self {
        case .unsupported(let set):
            "LLAMA_KERNELS: expected one that this processor can run "
                + "(\(InstructionSet.allCases.filter(\.isSupported).map(\.rawValue).joined(separator: ", "))), "
                + "found \(set.rawValue)"
        case .unsupportedBFloat16(let set):
            "activations in bfloat16: expected AVX-512 with BF16, found \(set.rawValue); use int8 or float32"
        case .unknownInstructionSet(let name):
            "LLAMA_KERNELS: expected \(InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")), found \(name)"
        case .invalidThreadCount(let count):
            "expected 1 to \(KernelContext.maximumThreads) threads, found \(count)"
        case .outOfResources(let threads): "out of memory or of threads: \(threads) threads were requested"
        case .outOfMemory(let byteCount):
            "out of memory: \(byteCount >> 20) MB were requested; use shorter sequences or smaller batches, or keep the weights in their stored type"
        case .unsuitableWeights(let name):
            "\(name): expected a matrix in a weight type with dense rows, found something else"
        case .changedWeights(let error): error.description
        case .openBLASUnavailable(let reason):
            "training needs OpenBLAS; install it with: apt-get install libopenblas0 (\(reason))"
        case .shapeMismatch(let operand, let expected, let found):
            "\(operand): expected the shape \(expected), found \(found)"
        case .invalidBatch(let what, let expected, let found): "\(what): expected \(expected), found \(found)"
        }
    }
}
