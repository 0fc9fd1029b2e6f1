import Dispatch
import Glibc
import LlamaCheckpoints
import LlamaCommands
import LlamaKernels
import LlamaTensors

/// Random weights in memory: the same bytes on every machine and with any number of threads.
enum RandomWeights {
    /// Standard deviation of the weights of matrices, about that of trained models.
    private static let deviation: Float = 0.02
    /// Bytes that a thread fills at a time, about.
    private static let pieceSize = 1 << 20

    /// A tensor to make: its type and shape, and where it begins in the memory.
    private struct Plan {
        let dtype: DType
        let shape: [Int]
        let offset: Int
        var byteCount: Int { shape.reduce(1, *) / dtype.blockCount * dtype.blockSize }
    }

    /// The type in which a tensor is stored: vectors as F32, and matrices whose rows are not whole blocks as F16, as
    /// conversion does.
    static func storedType(of shape: [Int], _ dtype: DType) -> DType {
        guard shape.count > 1 else { return .float32 }
        return shape[shape.count - 1].isMultiple(of: dtype.blockCount) ? dtype : .float16
    }

    /// Bytes of tensors of these shapes.
    static func byteCount(of shapes: [[Int]], _ dtype: DType) -> Int { plan(shapes, dtype).byteCount }

    /// A checkpoint of random weights; norms are 1.
    ///
    /// - Throws: ``KernelError/outOfMemory(byteCount:)``, or a ``Failure`` where it was interrupted.
    static func checkpoint(
        _ configuration: ModelConfiguration, _ dtype: DType, named name: String
    ) throws -> Checkpoint {
        let roles = TensorRole.all(of: configuration)
        let tensors = try Self.tensors(roles.map { $0.shape(in: configuration) }, dtype)
        let byRole = Dictionary(zip(roles, tensors)) { first, _ in first }
        return try Checkpoint(configuration, named: name) { role in
            guard let tensor = byRole[role] else { throw KernelError.unsuitableWeights(name) }
            return tensor
        }
    }

    /// Tensors of random numbers, one after another in memory; vectors are ones.
    static func tensors(_ shapes: [[Int]], _ dtype: DType) throws -> [Tensor] {
        let (plans, byteCount) = Self.plan(shapes, dtype)
        let pieces = plans.indices.flatMap { index in Self.pieces(of: plans[index], seed: index) }
        let buffer = OwnedBuffer(reserving: byteCount) { memory in
            // In pages of the usual size, as mapped files are.
            madvise(memory.baseAddress, memory.count, MADV_NOHUGEPAGE)
            // Each piece is another part of the memory.
            nonisolated(unsafe) let memory = memory
            DispatchQueue.concurrentPerform(iterations: pieces.count) { index in
                guard !Interrupt.isRequested else { return }
                pieces[index].fill(memory)
            }
        }
        try Interruption.check()
        guard let buffer else { throw KernelError.outOfMemory(byteCount: byteCount) }
        return try plans.map { plan in
            guard
                let tensor = Tensor(
                    dtype: plan.dtype, shape: plan.shape, storage: buffer, byteOffset: plan.offset)
            else { throw KernelError.unsuitableWeights("random weights") }
            return tensor
        }
    }

    private static func plan(_ shapes: [[Int]], _ dtype: DType) -> (plans: [Plan], byteCount: Int) {
        var end = 0
        let plans = shapes.map { shape in
            let plan = Plan(dtype: storedType(of: shape, dtype), shape: shape, offset: end)
            // On a cache line, as GGUF files align tensors at least to half of one.
            end += (plan.byteCount + 63) / 64 * 64
            return plan
        }
        return (plans, end)
    }

    /// Whole blocks that one call fills.
    private struct Piece {
        let dtype: DType
        let range: Range<Int>
        let seed: UInt64
        let isVector: Bool

        func fill(_ memory: UnsafeMutableRawBufferPointer) {
            let part = UnsafeMutableRawBufferPointer(rebasing: memory[range])
            if isVector {
                part.withMemoryRebound(to: Float.self) { $0.update(repeating: 1) }
            } else {
                dtype.fillRandom(part, deviation: RandomWeights.deviation, seed: seed)
            }
        }
    }

    private static func pieces(of plan: Plan, seed: Int) -> [Piece] {
        // Four elements that are not blocks come from one random number.
        let unit = plan.dtype.blockSize * 4
        let size = max(1, pieceSize / unit) * unit
        return stride(from: 0, to: plan.byteCount, by: size).enumerated().map { index, begin in
            let range = plan.offset + begin..<plan.offset + min(begin + size, plan.byteCount)
            return Piece(
                dtype: plan.dtype, range: range, seed: UInt64(seed) << 32 | UInt64(index),
                isVector: plan.shape.count == 1)
        }
    }
}
