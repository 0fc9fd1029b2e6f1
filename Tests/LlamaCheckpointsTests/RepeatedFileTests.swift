import Foundation
import LlamaTensors
import Testing

@testable import LlamaCheckpointTestSupport
@testable import LlamaCheckpoints

/// Two files of a checkpoint with the same contents.
@Suite struct RepeatedFileTests {
    private func message(_ original: String, _ copy: String) -> String {
        """
        DIR/\(copy): expected a shard of its own, found the contents of \(original) again; \
        one of the two is a copy under a wrong name: fetch both again
        """
    }

    private func copy(_ original: String, over name: String, in folder: TemporaryFolder) throws {
        let bytes = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/" + original))
        try folder.write(name, [UInt8](bytes))
    }

    @Test(arguments: [DType.float32, .float16, .bfloat16]) func isRefusedOfMetasShards(dtype: DType) throws {
        let folder = try TemporaryFolder.metaShards(2, TinyModel(nKVHeads: 2, dtype: dtype))
        #expect(folder.message() == "no error")
        try copy("consolidated.00.pth", over: "consolidated.01.pth", in: folder)
        #expect(folder.message() == message("consolidated.00.pth", "consolidated.01.pth"))
    }

    @Test func isRefusedOfALink() throws {
        let folder = try TemporaryFolder.metaShards(2)
        try folder.remove("consolidated.01.pth")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/consolidated.01.pth", withDestinationPath: "consolidated.00.pth")
        #expect(folder.message() == message("consolidated.00.pth", "consolidated.01.pth"))
    }

    /// The same weights in another archive: the bytes of the files differ.
    @Test func isRefusedWhateverSurroundsTheTensors() throws {
        let folder = try TemporaryFolder.metaShards(2)
        var builder = TorchBuilder(TinyModel(nKVHeads: 2).shard(0, of: 2))
        builder.root = "another"
        try folder.write("consolidated.01.pth", builder.bytes)
        #expect(folder.message() == message("consolidated.00.pth", "consolidated.01.pth"))
    }

    @Test func isRefusedOfHuggingFacesShards() throws {
        let folder = try TemporaryFolder.huggingFaceShards()
        try copy(shardName(1), over: shardName(2), in: folder)
        #expect(folder.message() == message(shardName(1), shardName(2)))
    }

    /// Matrices of constants may be the same in every shard, and norms are.
    @Test func isNoShardOfConstants() throws {
        let model = TinyModel(nKVHeads: 2)
        let folder = try TemporaryFolder.metaShards(2, model)
        for index in 0..<2 {
            var shard = model.shard(index, of: 2)
            for position in shard.indices {
                let count = shard[position].count
                shard[position].bytes = (0..<count).flatMap { _ in [0, 0, 0x80, 0x3F] as [UInt8] }
            }
            try folder.write("consolidated.0\(index).pth", TorchBuilder(shard).bytes)
        }
        #expect(folder.message() == "no error")
    }

    /// One matrix that differs tells two shards apart.
    @Test func isNoShardThatDiffersInOneMatrix() throws {
        let model = TinyModel(nKVHeads: 2)
        let folder = try TemporaryFolder.metaShards(2, model)
        var shard = model.shard(0, of: 2)
        let index = try #require(shard.firstIndex { $0.name == "layers.1.feed_forward.w2.weight" })
        shard[index].bytes.reverse()
        try folder.write("consolidated.01.pth", TorchBuilder(shard).bytes)
        #expect(folder.message() == "no error")
    }
}
