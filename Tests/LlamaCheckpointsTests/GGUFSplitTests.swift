@testable import LlamaCheckpoints
@testable import LlamaCheckpointTestSupport
@testable import LlamaFiles
import Foundation
import Testing

/// Models in several GGUF files, and folders of several models.
@Suite struct GGUFSplitTests {
    private func shardName(_ number: Int) -> String { "tiny-q-0000\(number)-of-00002.gguf" }

    private func split(
        _ model: TinyModel = TinyModel(), edit: (Int, inout GGUFBuilder) -> Void = { _, _ in }
    ) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let tensors = model.tensors(.gguf)
        for number in 0..<2 {
            var builder = number == 0 ? GGUFBuilder(model) : GGUFBuilder()
            (builder.infos, builder.data) = ([], [])
            let half = tensors.count / 2
            for tensor in number == 0 ? tensors[..<half] : tensors[half...] { builder.add(tensor) }
            builder.set("split.no", UInt32(number))
            builder.set("split.count", UInt32(2))
            builder.set("split.tensors.count", UInt32(tensors.count))
            edit(number, &builder)
            try folder.write(shardName(number + 1), builder.bytes)
        }
        return folder
    }

    @Test(arguments: [0, 1, 2]) func opensAllShards(given: Int) throws {
        let checkpoint = try split().open(given == 0 ? "" : shardName(given))
        #expect(checkpoint.files.map { FilePath($0).name } == [shardName(1), shardName(2)])
        try expect(checkpoint, holds: TinyModel().tensors(.gguf))
    }

    @Test func asksForAMissingShard() throws {
        let folder = try split()
        try folder.remove(shardName(2))
        #expect(
            folder.message()
                == "DIR/\(shardName(2)): no such file or directory; \(shardName(1)) is one of 2: fetch the missing shard"
        )
    }

    @Test func refusesShardsOfAnotherModelOrPlace() throws {
        let other = try split { number, builder in
            if number == 1 { builder.set("split.count", UInt32(3)) }
        }
        #expect(
            other.message() == "DIR/\(shardName(2)): split.count: expected 2, the number of files, found 3")
        let swapped = try split { number, builder in builder.set("split.no", UInt32(1 - number)) }
        #expect(swapped.message() == "DIR/\(shardName(1)): split.no: expected 0, by the file's name, found 1")
        let fewer = try split { _, builder in builder.set("split.tensors.count", UInt32(99)) }
        #expect(
            fewer.message()
                == "DIR/\(shardName(1)): split.tensors.count: expected 21, as in all shards together, found 99"
        )
    }

    @Test func refusesAShardUnderAnotherName() throws {
        let folder = try split()
        try FileManager.default.moveItem(
            atPath: folder.path + "/" + shardName(1), toPath: folder.path + "/one.gguf")
        #expect(
            folder.message("one.gguf")
                == "DIR/one.gguf: split.count: expected 1, the number of files, found 2")
    }

    @Test func asksWhichOfSeveralModels() throws {
        let folder = try TemporaryFolder.gguf(GGUFBuilder(TinyModel()).bytes)
        try folder.write("other.gguf", GGUFBuilder(TinyModel()).bytes)
        #expect(
            folder.message()
                == "DIR: expected one GGUF model in the folder, found model.gguf other.gguf; give the file itself"
        )
        #expect(folder.message("other.gguf") == "no error")
    }
}
