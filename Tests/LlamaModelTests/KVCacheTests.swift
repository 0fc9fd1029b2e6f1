@testable import LlamaCheckpoints
import LlamaKernels
import Testing

@testable import LlamaModel

struct KVCacheTests {
    @Test func roundsItsCapacityUpToWholeBlocks() throws {
        let configuration = try ReferenceModel.fixture("hf-tied-f32").checkpoint.configuration
        #expect(try KVCache(configuration, slots: 1, length: 1).capacity == 16)
        #expect(try KVCache(configuration, slots: 1, length: 16).capacity == 16)
        #expect(try KVCache(configuration, slots: 1, length: 17).capacity == 32)
    }

    @Test func refusesWhatMemoryCannotHold() throws {
        let configuration = try ReferenceModel.fixture("hf-tied-f32").checkpoint.configuration
        #expect(throws: KernelError.self) { try KVCache(configuration, slots: 1 << 30, length: 1 << 40) }
    }

    @Test func tellsWhatAPositionTakes() throws {
        let configuration = try ReferenceModel.fixture("hf-biased-bf16").checkpoint.configuration
        // Two layers, keys and values, two heads of 16 floats.
        #expect(KVCache.bytesPerPosition(configuration) == 2 * 2 * 2 * 16 * 4)
        #expect(KVCache.bytesPerPosition(configuration, type: .float16) == 2 * 2 * 2 * 16 * 2)
    }
}
