import LlamaKernels
import Testing

@testable import LlamaModel

/// A model and some tokens, whose logits are to be the same bits however they are computed.
struct LogitsRun {
    let model: Transformer
    let ids: [Int32]
    let set: InstructionSet
    var activations = ActivationType.int8

    /// A cache for eight sequences.
    func state(threads: Int = 2) throws -> InferenceState {
        try InferenceState(
            model.configuration, slots: 8, length: ids.count, rows: 512,
            kernels: KernelContext(instructionSet: set, activations: activations, threads: threads))
    }

    /// Logits of all tokens in one pass.
    func logits(threads: Int = 2) throws -> [[Float]] { try state(threads: threads).logits(model, ids) }

    func expectTheSameOfThreads() throws {
        let alone = try logits(threads: 1)
        for threads in [2, 3] {
            #expect(try logits(threads: threads) == alone, "\(set) \(threads)")
        }
    }

    func expectTheSameOfChunks() throws {
        let whole = try logits()
        for chunks in [[1, 2, 3, 5, 8], [7, 1, 7, 1], Array(repeating: 1, count: ids.count)] {
            #expect(try state().logits(model, ids, chunks: chunks) == whole, "\(set) \(chunks)")
        }
    }

    /// Of eight sequences, each a token shorter than the one before, in one pass.
    func expectTheSameOfBatches() throws {
        let sequences = (0..<8).map { Array(ids.dropFirst($0)) }
        let together = try state()
        var results = [[[Float]]](repeating: [], count: sequences.count)
        together.batch.removeAll()
        var owners: [Int] = []
        for (slot, ids) in sequences.enumerated() {
            for (position, id) in ids.enumerated() {
                try together.batch.append(token: id, position: position, slot: slot)
                owners.append(slot)
            }
        }
        try model.forward(together, logitsFor: Array(owners.indices)) { row, logits in
            results[owners[row]].append(logits.withUnsafeBufferPointer(Array.init))
        }
        for (ids, result) in zip(sequences, results) {
            #expect(try state().logits(model, ids) == result, "\(set) \(ids.count)")
        }
    }
}
