import Foundation
import LlamaFiles
import Testing

@testable import LlamaCheckpointTestSupport
@testable import LlamaCheckpoints

/// Folders as Hugging Face's tools leave them.
@Suite struct DownloadedFolderTests {
    private func makeFolder(_ name: String, in folder: TemporaryFolder) throws {
        try FileManager.default.createDirectory(
            atPath: folder.path + "/" + name, withIntermediateDirectories: true)
    }

    /// `params.json` and one `.pth` of a tiny model.
    private func writeMeta(_ name: String, in folder: TemporaryFolder) throws {
        try makeFolder(name, in: folder)
        try folder.write(name + "/params.json", TinyModel().params())
        try folder.write(name + "/consolidated.00.pth", TorchBuilder(TinyModel().tensors(.meta)).bytes)
    }

    // MARK: pytorch_model.bin

    private func pytorch(_ model: TinyModel = TinyModel()) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("config.json", model.config())
        try folder.write("pytorch_model.bin", TorchBuilder(model.tensors(.huggingFace)).bytes)
        return folder
    }

    private func pytorchShards() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let tensors = TinyModel().tensors(.huggingFace)
        let half = tensors.count / 2
        try folder.write("config.json", TinyModel().config())
        try folder.write(Self.shard(1), TorchBuilder(Array(tensors[..<half])).bytes)
        try folder.write(Self.shard(2), TorchBuilder(Array(tensors[half...])).bytes)
        let map = tensors.enumerated().map { "\"\($1.name)\": \"\(Self.shard($0 < half ? 1 : 2))\"" }
        try folder.write(
            "pytorch_model.bin.index.json", "{\"weight_map\": {\(map.joined(separator: ", "))}}")
        return folder
    }

    private static func shard(_ number: Int) -> String { "pytorch_model-0000\(number)-of-00002.bin" }

    @Test(arguments: ["", "config.json", "pytorch_model.bin"])
    func opensPytorchModel(name: String) throws {
        let folder = try pytorch()
        try folder.write("training_args.bin", "")
        let checkpoint = try folder.open(name)
        #expect(checkpoint.format == .huggingFace && checkpoint.naming == .huggingFace)
        #expect(checkpoint.files == [folder.path + "/pytorch_model.bin"])
        try expect(checkpoint, holds: TinyModel().tensors(.huggingFace))
    }

    @Test(arguments: ["", "config.json", "pytorch_model.bin.index.json", shard(1), shard(2)])
    func opensPytorchShards(name: String) throws {
        let checkpoint = try pytorchShards().open(name)
        #expect(checkpoint.files.map { FilePath($0).name } == [Self.shard(1), Self.shard(2)])
        try expect(checkpoint, holds: TinyModel().tensors(.huggingFace))
    }

    @Test func asksForTheIndexAndForMissingShards() throws {
        let folder = try pytorchShards()
        try folder.remove(Self.shard(2))
        #expect(folder.message().hasPrefix("DIR/\(Self.shard(2)): no such file or directory; "))
        try folder.remove("pytorch_model.bin.index.json")
        let expected = """
            DIR/pytorch_model.bin.index.json: no such file or directory; \
            \(Self.shard(1)) is one of several: fetch the index that names them
            """
        #expect(folder.message() == expected)
        #expect(folder.message(Self.shard(1)) == expected)
    }

    @Test func needsNoIndexForOneOfOne() throws {
        let folder = try pytorch()
        let name = "pytorch_model-00001-of-00001.bin"
        try FileManager.default.moveItem(
            atPath: folder.path + "/pytorch_model.bin", toPath: folder.path + "/" + name)
        try folder.write("part-1-of-2.bin", "another program's")
        #expect(try folder.open().files == [folder.path + "/" + name])
        #expect(try folder.open(name).files == [folder.path + "/" + name])
    }

    /// As in transformers.
    @Test func prefersSafetensors() throws {
        let folder = try pytorch()
        try folder.write("model.safetensors", SafetensorsBuilder.bytes(TinyModel().tensors(.huggingFace)))
        #expect(try folder.open().files == [folder.path + "/model.safetensors"])
    }

    // MARK: Folders beneath

    @Test func findsMetasFilesInOriginal() throws {
        let folder = try TemporaryFolder()
        try folder.write("config.json", TinyModel().config())
        try writeMeta("original", in: folder)
        #expect(try folder.open().files == [folder.path + "/original/consolidated.00.pth"])
        try expect(folder.open(), holds: TinyModel().tensors(.meta))
        // The folder's own files are preferred.
        try folder.write("model.safetensors", SafetensorsBuilder.bytes(TinyModel().tensors(.huggingFace)))
        #expect(try folder.open().files == [folder.path + "/model.safetensors"])
    }

    /// A cache of huggingface_hub with these snapshots, and links to the files as it has them.
    private func cache(_ revisions: [String], main: String?) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try makeFolder("blobs", in: folder)
        try makeFolder("refs", in: folder)
        if let main { try folder.write("refs/main", main) }
        try folder.write("blobs/1", TinyModel().config())
        try folder.write("blobs/2", SafetensorsBuilder.bytes(TinyModel().tensors(.huggingFace)))
        for revision in revisions {
            try makeFolder("snapshots/" + revision, in: folder)
            for (name, blob) in [("config.json", "1"), ("model.safetensors", "2")] {
                try FileManager.default.createSymbolicLink(
                    atPath: folder.path + "/snapshots/\(revision)/\(name)",
                    withDestinationPath: "../../blobs/" + blob)
            }
        }
        return folder
    }

    @Test(
        arguments: [
            (["a1"], "a1", "a1"), (["a1", "b2"], "b2", "b2"), (["a1", "b2"], "a1\n", "a1"),
            (["a1"], nil, "a1"),
            (["a1"], "gone", "a1"), (["a1"], "../a1", "a1"),
        ] as [([String], String?, String)])
    func findsTheSnapshotOfMain(revisions: [String], main: String?, expected: String) throws {
        let folder = try cache(revisions, main: main)
        #expect(try folder.open().folder == folder.path + "/snapshots/" + expected)
        #expect(try folder.open("/").folder == folder.path + "/snapshots/" + expected)
    }

    @Test func asksWhichOfSeveralSnapshots() throws {
        let folder = try cache(["a1", "b2"], main: nil)
        #expect(
            folder.message() == "DIR: no checkpoint here: found 2 snapshots; give one of DIR/snapshots: a1 b2"
        )
        let empty = try cache([], main: "a1")
        try makeFolder("snapshots", in: empty)
        #expect(
            empty.message()
                == "DIR: no checkpoint here: found a cache without snapshots; download the model again")
    }

    @Test func findsOriginalInASnapshot() throws {
        let folder = try TemporaryFolder()
        try writeMeta("snapshots/a1/original", in: folder)
        #expect(try folder.open().folder == folder.path + "/snapshots/a1/original")
    }

    @Test func namesTheSnapshotWithoutWeights() throws {
        let folder = try TemporaryFolder()
        try makeFolder("snapshots/a1", in: folder)
        try folder.write("snapshots/a1/config.json", "{}")
        #expect(folder.message().hasPrefix("DIR/snapshots/a1: no checkpoint here: found config.json; "))
    }
}
