@testable import LlamaCheckpoints
@testable import LlamaCheckpointTestSupport
import Testing

/// What a failed download or a mix-up leaves under the name of each file.
@Suite struct ImpostorTests {
    private static let page = "\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>"
    private static let pointer =
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a21\nsize 13476939516\n"

    @Test(arguments: [
        ("params.json", "DIR/params.json: expected JSON, found"),
        ("consolidated.00.pth", "DIR/consolidated.00.pth: expected a torch checkpoint (ZIP), found"),
    ])
    func namesThemInMetaCheckpoints(file: String, prefix: String) throws {
        let folder = try TemporaryFolder.meta()
        try expectNamed(file, prefix, in: folder)
    }

    @Test(arguments: [
        ("config.json", "DIR/config.json: expected JSON, found"),
        ("model.safetensors.index.json", "DIR/model.safetensors.index.json: expected JSON, found"),
        (shardName(2), "DIR/\(shardName(2)): expected safetensors, found"),
    ])
    func namesThemInHuggingFaceCheckpoints(file: String, prefix: String) throws {
        let folder = try TemporaryFolder.huggingFaceShards()
        try expectNamed(file, prefix, in: folder)
    }

    private func expectNamed(_ file: String, _ prefix: String, in folder: TemporaryFolder) throws {
        try #require(folder.message() == "no error")
        for page in [ImpostorTests.page, "<html>", "<?xml version=\"1.0\"?>"] {
            try folder.write(file, page)
            #expect(
                folder.message() == "\(prefix) a web page (HTML); the download failed: fetch the file again")
        }
        try folder.write(file, ImpostorTests.pointer)
        #expect(
            folder.message() == "\(prefix) a Git LFS pointer; run `git lfs pull` to fetch the file itself")
        try folder.write(file, "")
        #expect(folder.message() == "\(prefix) an empty file; the download failed: fetch the file again")
    }

    @Test(arguments: [
        BadInput(
            "legacy torch.save",
            """
            DIR/consolidated.00.pth: the torch.save format from before torch 1.6 (2020) is \
            not supported; load it in a current torch and save it again
            """
        ) {
            try .torch([0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E])
        },
        BadInput(
            "GGUF as .pth",
            "DIR/consolidated.00.pth: the GGUF format is not supported; take the checkpoint it was made from: .pth or .safetensors"
        ) {
            try .torch(Array("GGUF".utf8) + [3, 0, 0, 0])
        },
        BadInput(
            "GGUF as safetensors",
            """
            DIR/model.safetensors: header length: expected at most 100000000 bytes, found \
            14064895815; this is not a safetensors file, or it is damaged: fetch it again
            """
        ) { try .safetensors(Array("GGUF".utf8) + [3, 0, 0, 0]) },
        BadInput(
            "ZIP as safetensors",
            """
            DIR/model.safetensors: header length: expected at most 100000000 bytes, found \
            85966670672; this is not a safetensors file, or it is damaged: fetch it again
            """
        ) {
            try .safetensors(TorchBuilder(TinyModel().tensors(.meta)).bytes)
        },
        BadInput(
            "safetensors as .pth",
            """
            DIR/consolidated.00.pth: expected a torch checkpoint (ZIP, begins with PK), \
            found bytes 27 07 00 00
            """
        ) {
            try .torch(SafetensorsBuilder.bytes(TinyModel().tensors(.meta)))
        },
        BadInput(
            "one byte as .pth",
            """
            DIR/consolidated.00.pth: expected a torch checkpoint (ZIP, begins with PK), \
            found bytes 07
            """
        ) { try .torch([7]) },
        BadInput(
            "text as .pth",
            """
            DIR/consolidated.00.pth: expected a torch checkpoint (ZIP, begins with PK), \
            found bytes 6e 6f 74 20
            """
        ) { try .torch(Array("not found".utf8)) },
        BadInput(
            "text as params.json",
            """
            DIR/params.json: byte 3: expected valid JSON, found an unexpected character
            """
        ) { try .meta(TinyModel(), "404: Not Found") },
        BadInput(
            "NUL bytes as params.json",
            """
            DIR/params.json: byte 0: expected valid JSON, found the end of the text
            """
        ) { try .meta(TinyModel(), "\0\0\0\0") },
    ])
    func namesOtherFormats(input: BadInput) throws { try input.check() }
}
