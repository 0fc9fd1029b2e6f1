/// Why the kernels could not be set up.
package enum KernelError: Error, Equatable, Sendable {
    /// This processor cannot run the instruction set.
    case unsupported(InstructionSet)
    /// The thread count is not between 1 and ``KernelContext/maximumThreads``.
    case invalidThreadCount(Int)
    /// The system gave no memory or no threads.
    case outOfResources(threads: Int)
    /// The system gave no memory for a buffer.
    case outOfMemory(byteCount: Int)
    /// The named weights are not a matrix of one weight type with dense rows.
    case unsuitableWeights(String)
    /// OpenBLAS, which training needs, could not be loaded, for the given reason.
    case openBLASUnavailable(String)
}

extension KernelError: CustomStringConvertible {
    /// One line for a person.
    package var description: String {
        switch self {
        case .unsupported(let set): "this processor cannot run the \(set.rawValue) kernels"
        case .invalidThreadCount(let count):
            "expected 1 to \(KernelContext.maximumThreads) threads, found \(count)"
        case .outOfResources(let threads): "the system gave no memory or no room for \(threads) threads"
        case .outOfMemory(let byteCount):
            "the system gave no memory: \(byteCount >> 20) MB were asked for; ask for shorter sequences or smaller batches, or keep the weights as they are stored"
        case .unsuitableWeights(let name):
            "\(name): expected a matrix in F32, F16 or BF16, found something else"
        case .openBLASUnavailable(let reason):
            "training needs OpenBLAS; install it with: apt-get install libopenblas0 (\(reason))"
        }
    }
}
