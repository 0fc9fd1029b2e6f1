@testable import LlamaCheckpointTestSupport
@testable import LlamaFiles
import Foundation
import Testing

@testable import LlamaCheckpoints

@Suite struct CheckpointPathTests {
    @Test(arguments: ["", "/", "consolidated.00.pth", "consolidated.01.pth", "params.json"])
    func opensMetaShardsByAnyOfTheirFiles(name: String) throws {
        let folder = try TemporaryFolder.metaShards(2)
        #expect(try folder.open(name).files == ["00", "01"].map { "\(folder.path)/consolidated.\($0).pth" })
    }

    @Test(arguments: ["", "/", "model.safetensors", "config.json"])
    func opensAHuggingFaceFolderByAnyOfItsFiles(name: String) throws {
        let folder = try TemporaryFolder.huggingFace()
        #expect(try folder.open(name).files == ["\(folder.path)/model.safetensors"])
    }

    @Test(arguments: ["", "config.json", "model.safetensors.index.json", shardName(1), shardName(2)])
    func opensHuggingFaceShardsByAnyOfTheirFiles(name: String) throws {
        #expect(try TemporaryFolder.huggingFaceShards().open(name).files.count == 2)
    }

    @Test func opensAFileOfAnotherName() throws {
        let folder = try TemporaryFolder.meta()
        try folder.write("mine.pth", TorchBuilder(TinyModel().tensors(.meta)).bytes)
        #expect(try folder.open("mine.pth").files == ["\(folder.path)/mine.pth"])
    }

    @Test func followsLinks() throws {
        let folder = try TemporaryFolder.meta()
        let other = try TemporaryFolder()
        for name in ["params.json", "consolidated.00.pth"] {
            try FileManager.default.createSymbolicLink(
                atPath: other.path + "/" + name, withDestinationPath: folder.path + "/" + name)
        }
        #expect(try other.open().configuration == folder.open().configuration)
    }

    @Test(arguments: [
        ("nowhere", "DIR/nowhere: no such file or directory"),
        (
            "notes.txt",
            "DIR/notes.txt: this kind of file is not supported; give a folder, a .pth, a .safetensors or a .gguf file"
        ),
        ("params.json/", "DIR/params.json/: no such file or directory"),
    ])
    func refusesOtherPaths(name: String, expected: String) throws {
        let folder = try TemporaryFolder.meta()
        try folder.write("notes.txt", "hello")
        #expect(folder.message(name) == expected)
    }

    @Test func refusesFoldersWithoutWeights() throws {
        let folder = try TemporaryFolder()
        let advice =
            "; expected consolidated.*.pth, consolidated.safetensors, model.safetensors, pytorch_model.bin or one .gguf"
        #expect(folder.message() == "DIR: no checkpoint here: found an empty folder" + advice)
        try folder.write("params.json", TinyModel().params())
        #expect(folder.message() == "DIR: no checkpoint here: found params.json" + advice)
        for index in 0..<5 { try folder.write("photo\(index).jpg", "") }
        let found = "params.json photo0.jpg photo1.jpg photo2.jpg photo3.jpg …"
        #expect(folder.message() == "DIR: no checkpoint here: found \(found)" + advice)
    }

    @Test func asksForTheIndexOfShards() throws {
        let folder = try TemporaryFolder.huggingFaceShards()
        try folder.remove("model.safetensors.index.json")
        let expected =
            "DIR/model.safetensors.index.json: no such file or directory; "
            + "model-00001-of-00002.safetensors is one of several: fetch the index that names them"
        #expect(folder.message() == expected)
        #expect(folder.message(shardName(1)) == expected)
        try folder.remove(shardName(2))
        #expect(folder.message() == expected)
    }

    @Test func needsNoIndexForOneOfOne() throws {
        let folder = try TemporaryFolder.huggingFace()
        try FileManager.default.moveItem(
            atPath: folder.path + "/model.safetensors",
            toPath: folder.path + "/model-00001-of-00001.safetensors")
        #expect(folder.message() == "no error")
        #expect(folder.message("model-00001-of-00001.safetensors") == "no error")
    }

    @Test func refusesWeightsWithoutConfiguration() throws {
        let meta = try TemporaryFolder.meta()
        try meta.remove("params.json")
        let missing = "no such file or directory; tensors with"
        #expect(meta.message() == "DIR/params.json: \(missing) Meta names need it beside them")
        let huggingFace = try TemporaryFolder.huggingFace()
        try huggingFace.remove("config.json")
        #expect(huggingFace.message() == "DIR/config.json: \(missing) Hugging Face names need it beside them")
    }

    @Test func saysWhichErrorsMeanThatNothingIsThere() throws {
        let folder = try TemporaryFolder()
        for name in ["", "nowhere"] {
            #expect(throws: CheckpointError.self) { try folder.open(name) }
            do { _ = try folder.open(name) } catch { #expect(error.isMissingInput) }
        }
        try folder.write("params.json", "<html>")
        try folder.write("consolidated.00.pth", "<html>")
        do { _ = try folder.open() } catch { #expect(!error.isMissingInput) }
    }

    @Test func refusesFoldersAndPipesInPlaceOfFiles() throws {
        let folder = try TemporaryFolder.meta()
        try folder.remove("params.json")
        try FileManager.default.createDirectory(
            atPath: folder.path + "/params.json", withIntermediateDirectories: false)
        #expect(folder.message() == "DIR/params.json: cannot be read: Is a directory")
        try folder.remove("params.json")
        try #require(mkfifo(folder.path + "/params.json", 0o600) == 0)
        #expect(folder.message() == "DIR/params.json: cannot be read: it is a pipe, not a regular file")
    }

    @Test(arguments: ["pipe", "pipe.pth", "pipe.gguf", "pipe.bin"])
    func saysThatAPipeIsOne(name: String) throws {
        let folder = try TemporaryFolder()
        try #require(mkfifo(folder.path + "/" + name, 0o600) == 0)
        #expect(folder.message(name) == "DIR/\(name): cannot be read: it is a pipe, not a regular file")
    }

    /// A name that is not UTF-8 is never taken for another, and does not disturb the files beside it.
    @Test func leavesOutNamesThatAreNotUTF8() throws {
        let folder = try TemporaryFolder()
        let name = [UInt8](folder.path.utf8) + [UInt8]("/caf\u{0}.gguf".utf8)
        let path = name.map { CChar(bitPattern: $0 == 0 ? 0xE9 : $0) } + [0]
        let file = try #require(fopen(path, "w"))
        fclose(file)
        #expect(
            folder.message().hasPrefix(
                "DIR: no checkpoint here: found caf\\xE9.gguf (not UTF-8: rename it); expected "))
        #expect(throws: FileError.self) { try FilePath(folder.path).entries() }
        try folder.write("params.json", TinyModel().params())
        try folder.write("consolidated.00.pth", TorchBuilder(TinyModel().tensors(.meta)).bytes)
        #expect(folder.message() == "no error")
        unlink(path)
    }
}
