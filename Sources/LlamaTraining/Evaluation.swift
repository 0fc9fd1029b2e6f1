import LlamaKernels
import LlamaModel

/// Measures a model's loss with the inference engine.
package struct Evaluation {
    private let model: Transformer
    private let state: InferenceState
    private let length: Int
    /// Sequences evaluated at once.
    private static let slots = 8

    /// - Parameter length: Tokens of a sequence.
    package init(_ model: Transformer, length: Int, kernels: KernelContext) throws(KernelError) {
        self.model = model
        self.length = length
        state = try InferenceState(
            model.configuration, slots: Evaluation.slots, length: length, rows: Evaluation.slots * 64,
            kernels: kernels)
    }

    /// Mean loss in nats per token over all predicted tokens: those within a sequence, and the one that follows it.
    package func loss(of ids: ArraySlice<Int32>) throws(KernelError) -> (loss: Double, tokens: Int) {
        let starts = Array(stride(from: ids.startIndex, to: ids.endIndex - 1, by: length))
        var (sum, count) = (0.0, 0)
        for first in stride(from: 0, to: starts.count, by: Evaluation.slots) {
            let group = starts[first..<min(first + Evaluation.slots, starts.count)]
            for chunk in stride(from: 0, to: length, by: 64) {
                try add(ids, starts: group, positions: chunk..<min(chunk + 64, length), to: &sum, &count)
            }
        }
        try model.checkUnchanged()
        return (sum / Double(max(count, 1)), count)
    }

    private func add(
        _ ids: ArraySlice<Int32>, starts: ArraySlice<Int>, positions: Range<Int>, to sum: inout Double,
        _ count: inout Int
    ) throws(KernelError) {
        state.batch.removeAll()
        var targets: [Int32] = []
        for (slot, start) in starts.enumerated() {
            for position in positions where start + position + 1 < ids.endIndex {
                try state.batch.append(token: ids[start + position], position: position, slot: slot)
                targets.append(ids[start + position + 1])
            }
        }
        guard !targets.isEmpty else { return }
        var losses = 0.0
        try model.forward(state, logitsFor: Array(targets.indices)) { row, logits in
            losses += state.kernels.logSumExp(logits) - Double(logits[Int(targets[row])])
        }
        sum += losses
        count += targets.count
    }
}
