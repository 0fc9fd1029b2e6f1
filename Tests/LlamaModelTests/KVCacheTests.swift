@testable import LlamaCheckpoints
import LlamaKernels
import Testing

@testable import LlamaModel

struct KVCacheTests {
    @Test func roundsItsCapacityUpToWholePages() throws {
        let configuration = try ReferenceModel.fixture("hf-tied-f32").checkpoint.configuration
        #expect(try KVCache(configuration, slots: 1, length: 1).capacity == 64)
        #expect(try KVCache(configuration, slots: 1, length: 64).capacity == 64)
        #expect(try KVCache(configuration, slots: 1, length: 65).capacity == 128)
    }

    @Test func refusesWhatMemoryCannotHold() throws {
        let configuration = try ReferenceModel.fixture("hf-tied-f32").checkpoint.configuration
        #expect(throws: KernelError.self) { try KVCache(configuration, slots: 1 << 30, length: 1 << 40) }
    }

    /// Beyond a block of keys, in the middle of one.
    @Test func aCopiedSequenceContinuesLikeTheFirst() throws {
        let model = try ReferenceModel.fixture("hf-tied-f32")
        let kernels = try KernelContext(threads: 2)
        let state = try InferenceState(
            model.transformer.configuration, slots: 3, length: 64, kernels: kernels)
        let ids = model.greedyIDs
        func continued(_ slot: Int) throws -> [Float] {
            state.batch.removeAll()
            try state.batch.append(token: 5, position: ids.count, slot: slot)
            var result: [Float] = []
            try model.transformer.forward(state, logitsFor: [0]) { _, logits in
                result = logits.withUnsafeBufferPointer(Array.init)
            }
            return result
        }
        #expect(ids.count % CacheLayer.positionBlock != 0 && ids.count > CacheLayer.positionBlock)
        _ = try state.logits(model.transformer, ids)
        #expect(throws: KernelError.self) { try continued(2) }
        try state.cache.copySequence(0, to: 2)
        let expected = try continued(0)
        #expect(try continued(2) == expected)
        #expect(throws: KernelError.self) { try state.cache.copySequence(0, to: 3) }
        #expect(throws: KernelError.self) { try state.cache.copySequence(-1, to: 0) }
    }

    @Test func tellsWhatAPositionTakes() throws {
        let configuration = try ReferenceModel.fixture("hf-biased-bf16").checkpoint.configuration
        // Two layers, keys and values, two heads of 16 floats.
        #expect(KVCache.bytesPerPosition(configuration) == 2 * 2 * 2 * 16 * 4)
        #expect(KVCache.bytesPerPosition(configuration, type: .float16) == 2 * 2 * 2 * 16 * 2)
    }
}
