import LlamaCheckpoints
import LlamaFiles
import LlamaKernels
import LlamaTensors
import Synchronization

/// Quantizes the matrices of a checkpoint into memory. The result is that of a conversion to GGUF with the same dtype:
/// ``QuantizationRule`` says what becomes of each matrix.
///
/// Matrices that are in a block format already stay as they are stored.
final class WeightQuantizer: Sendable {
    private let checkpoint: Checkpoint
    private let rule: QuantizationRule
    private let loading: WeightLoading
    /// Whether the embedding is the output head, too: also where the file stores it twice, since a conversion to GGUF
    /// stores it once.
    var tiesEmbeddings: Bool { rule.tiesEmbeddings }
    /// The files whose own bytes are used.
    let borrowedFiles: [MappedFile]
    /// Stored bytes that are quantized.
    private let total: Int
    /// Those of them that are done.
    private let done = Atomic<Int>(0)

    /// Plans it, and tells ``WeightLoading/notice`` about matrices that are treated differently.
    ///
    /// - Throws: ``KernelError/outOfMemory(byteCount:)`` where the physical memory is smaller than the result.
    init(_ checkpoint: Checkpoint, _ dtype: DType, _ loading: WeightLoading) throws {
        self.checkpoint = checkpoint
        self.loading = loading
        let isCopy = try checkpoint.storesTiedOutput
        rule = QuantizationRule(
            dtype, tiesEmbeddings: isCopy || checkpoint.configuration.tiesEmbeddings)
        var fallbacks: [QuantizationRule.Fallback] = []
        var kept: [DType: [String]] = [:]
        var borrowed: [Tensor] = []
        var (read, needed) = (0, 0)
        for role in TensorRole.all(of: checkpoint.configuration) where !(isCopy && role == .output) {
            let weight = try checkpoint.weight(role)
            guard weight.shape.count > 1 else { continue }
            let held = Self.dtype(of: weight, role, rule)
            if Self.isBorrowed(weight, as: held) { borrowed += weight.parts }
            if weight.dtype.isBlockFormat {
                let isAsked = weight.dtype == rule.dtype(of: role, shape: weight.shape)
                if !isAsked { kept[weight.dtype, default: []].append(weight.name) }
                continue
            }
            if let fallback = QuantizationRule.Fallback(weight.name, role, shape: weight.shape, by: rule) {
                fallbacks.append(fallback)
            }
            if Self.isBorrowed(weight, as: held) { continue }
            read += weight.byteCount(as: weight.dtype)
            needed += weight.byteCount(as: held)
        }
        (total, borrowedFiles) = (read, borrowed.mappedFiles)
        guard needed < PhysicalMemory.byteCount else { throw KernelError.outOfMemory(byteCount: needed) }
        QuantizationRule.notes(fallbacks, verb: "held").forEach(loading.notice)
        for (dtype, names) in kept.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            loading.notice(
                "\(QuantizationRule.named(names)) kept as \(dtype.rawValue), as stored: "
                    + "only F32, F16 and BF16 are quantized")
        }
    }

    /// The parts that hold a matrix, and how they join: one in memory, or those of the files where they need no change.
    ///
    /// - Throws: ``CheckpointError`` for a weight that the dtype cannot store, ``KernelError/outOfMemory(byteCount:)``,
    ///   and ``LoadingError/interrupted``.
    func parts(
        of role: TensorRole
    ) throws -> (parts: [Tensor], arrangement: WeightMatrix.Arrangement) {
        let weight = try checkpoint.weight(role)
        let dtype = Self.dtype(of: weight, role, rule)
        guard !Self.isBorrowed(weight, as: dtype) else { return (weight.parts, weight.arrangement) }
        let configuration = checkpoint.configuration
        let rows = try CanonicalRows(
            weight, role: role, configuration: configuration, layout: configuration.ropeLayout)
        let job = QuantizationJob(weight: weight, rows: rows, dtype: dtype)
        var failure: (any Error)?
        let buffer = OwnedBuffer(reserving: job.byteCount) { target in
            do {
                try job.run(into: target, threads: loading.threads) { [self] count in
                    let (_, done) = done.add(count, ordering: .relaxed)
                    return loading.progress(done, total)
                }
            } catch { failure = error }
        }
        if let failure {
            // A file that is being overwritten has bad weights, too.
            try checkpoint.checkUnchanged()
            throw failure
        }
        guard let buffer,
            let tensor = Tensor(dtype: dtype, shape: weight.shape, storage: buffer, byteOffset: 0)
        else { throw KernelError.outOfMemory(byteCount: job.byteCount) }
        return ([tensor], .rows)
    }

    private static func dtype(of weight: Weight, _ role: TensorRole, _ rule: QuantizationRule) -> DType {
        weight.dtype.isBlockFormat ? weight.dtype : rule.dtype(of: role, shape: weight.shape)
    }

    /// Whether the files' own bytes are used. Parts side by side are joined, as a conversion does, so that a product's
    /// terms are added in the same order.
    private static func isBorrowed(_ weight: Weight, as dtype: DType) -> Bool {
        weight.dtype == dtype && (weight.cut != .columns || dtype.isBlockFormat)
    }
}

extension Weight {
    /// How the kernels join ``parts``.
    var arrangement: WeightMatrix.Arrangement { cut == .columns ? .columns : .rows }

    /// Bytes of the whole in a dtype whose blocks its rows consist of.
    fileprivate func byteCount(as dtype: DType) -> Int {
        shape.reduce(1, *) / dtype.blockCount * dtype.blockSize
    }
}
