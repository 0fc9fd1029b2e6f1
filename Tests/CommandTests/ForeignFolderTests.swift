import Foundation
import LlamaTestSupport
import Testing

/// Checkpoints in folders and files as people have them, through the commands.
struct ForeignFolderTests {
    private func convert(_ arguments: [String], in folder: URL) throws -> Command {
        try Command.run(arguments, folder: folder, program: "llama-convert")
    }

    private func makeFolder(_ url: URL) throws {
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    private func edit(_ file: URL, _ old: String, _ new: String) throws {
        let text = try String(contentsOf: file, encoding: .utf8)
        try #require(text.contains(old))
        try Data(text.replacing(old, with: new).utf8).write(to: file)
    }

    /// Found beneath the folder, and said so; the first line of a prompt's ids as output.
    @Test func originalAndSnapshotsAreFound() throws {
        try withTemporaryFolder { folder in
            let source = try Fixtures.checkpoint("meta-2shards-f16")
            let prompt = folder.appending(path: "prompt.jsonl")
            try Data(#"{"prompt_ids": [1, 17, 40]}"#.utf8).write(to: prompt)
            func run(_ path: String) throws -> Command {
                try Command.run(
                    [
                        "--checkpoints", path, "--prompts", prompt.path, "--max-gen-len", "4",
                        "--temperature", "0", "--output", "-",
                    ], folder: folder)
            }
            let expected = try run(source.path)
            #expect(expected.code == 0)
            for (name, inside) in [("download", "original"), ("models--a--b", "snapshots/c0ffee")] {
                try makeFolder(folder.appending(path: name + "/" + inside).deletingLastPathComponent())
                try FileManager.default.copyItem(
                    at: source, to: folder.appending(path: name + "/" + inside))
                let found = try run(name)
                #expect(found.code == 0 && found.output == expected.output)
                #expect(
                    found.error.contains("\(name)/\(inside): read, as \(name) itself has no weights"),
                    "\(found.error)")
                let report = try convert(["inspect", name], in: folder)
                #expect(report.code == 0 && report.output.contains("format      Meta .pth\n"))
                #expect(try convert(["diff", source.path, name], in: folder).code == 0)
            }
        }
    }

    /// Whether or not the snapshot has weights.
    @Test func theTokenizerOfASnapshotIsFound() throws {
        try withTemporaryFolder { folder in
            let snapshot = folder.appending(path: "models--a--b/snapshots/c0ffee")
            try makeFolder(snapshot)
            try FileManager.default.copyItem(
                at: Fixtures.tokenizer("bpe.model"), to: snapshot.appending(path: "tokenizer.model"))
            func encode() throws -> Command {
                try Command.run(
                    ["--tokenizer", "models--a--b", "encode"], input: "\"a\"\n", folder: folder,
                    program: "llama-tokenize")
            }
            let alone = try encode()
            #expect(alone.code == 0 && alone.output.hasPrefix("["), "\(alone.error)")
            for file in ["config.json", "model.safetensors"] {
                try FileManager.default.copyItem(
                    at: Fixtures.checkpoint("hf-tied-f32").appending(path: file),
                    to: snapshot.appending(path: file))
            }
            #expect(try encode().output == alone.output)
        }
    }

    @Test func aStoredHeadIsKeptAndSaid() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.copyItem(
                at: Fixtures.checkpoint("hf-biased-bf16"), to: folder.appending(path: "source"))
            try edit(
                folder.appending(path: "source/config.json"), "\"vocab_size\"",
                "\"tie_word_embeddings\": true, \"vocab_size\"")
            let note = """
                tie_word_embeddings is true, but lm_head.weight is stored and differs from the embedding: \
                it is used, and not the embedding
                """
            let result = try convert(["source", "out", "--to", "huggingface", "--verify"], in: folder)
            #expect(result.code == 0 && result.error.contains("source/config.json: " + note))
            let config = try String(contentsOf: folder.appending(path: "out/config.json"), encoding: .utf8)
            #expect(config.contains("\"tie_word_embeddings\":false"))
            #expect(try convert(["source", "x.gguf", "--to", "gguf"], in: folder).code == 0)
            for copy in ["out", "x.gguf"] {
                #expect(
                    try convert(["diff", Fixtures.checkpoint("hf-biased-bf16").path, copy], in: folder).code
                        == 0)
            }
        }
    }

    @Test func aShardTwiceIsRefused() throws {
        try withTemporaryFolder { folder in
            let copy = folder.appending(path: "source")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("meta-2shards-f16"), to: copy)
            try FileManager.default.removeItem(at: copy.appending(path: "consolidated.01.pth"))
            try FileManager.default.copyItem(
                at: copy.appending(path: "consolidated.00.pth"),
                to: copy.appending(path: "consolidated.01.pth"))
            let line = """
                error: source/consolidated.01.pth: expected a shard of its own, found the contents of \
                consolidated.00.pth again; one of the two is a copy under a wrong name: fetch both again\n
                """
            for arguments in [["inspect", "source"], ["source", "out", "--to", "huggingface"]] {
                let result = try convert(arguments, in: folder)
                #expect(result.code == 65 && result.error.hasSuffix(line), "\(result.error)")
            }
        }
    }

    @Test(arguments: ["pipe", "pipe.pth"]) func aPipeIsNoCheckpoint(name: String) throws {
        try withTemporaryFolder { folder in
            try #require(mkfifo(folder.appending(path: name).path, 0o600) == 0)
            let result = try Command.run(["--checkpoints", name, "--prompt", "x"], folder: folder)
            #expect(result.code == 66 && result.output == "")
            #expect(
                result.error.contains("\(name): cannot be read: it is a pipe, not a regular file"),
                "\(result.error)")
        }
    }

    @Test func aByteOrderMarkIsIgnoredAndLongNumbersAreShown() throws {
        try withTemporaryFolder { folder in
            let copy = folder.appending(path: "source")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: copy)
            let config = copy.appending(path: "config.json")
            try (Data([0xEF, 0xBB, 0xBF]) + Data(contentsOf: config)).write(to: config)
            #expect(try convert(["inspect", "source"], in: folder).code == 0)
            try edit(config, "\"vocab_size\": 96", "\"vocab_size\": 123456789012345678901234567890")
            let result = try convert(["inspect", "source"], in: folder)
            #expect(result.code == 65)
            #expect(
                result.error.hasSuffix(
                    """
                    source/config.json: vocab_size: expected a whole number of 64 bits, \
                    found 123456789012345678901234567890\n
                    """))
        }
    }

    /// A GGUF file states its own configuration, so an error about its tensors names it.
    @Test func missingTensorsNameTheGGUFFile() throws {
        try withTemporaryFolder { folder in
            let source = try Fixtures.checkpoint("hf-tied-f32").path
            #expect(try convert([source, "x.gguf", "--to", "gguf"], in: folder).code == 0)
            let file = folder.appending(path: "x.gguf")
            var bytes = try Data(contentsOf: file)
            let name = try #require(bytes.range(of: Data("blk.1.ffn_up.weight".utf8), options: .backwards))
            // The digests hold the name, too: the last one is the tensor's.
            bytes.replaceSubrange(name, with: Data("blk.1.ffn_XX.weight".utf8))
            try bytes.write(to: file)
            let result = try convert(["inspect", "x.gguf"], in: folder)
            #expect(result.code == 65)
            #expect(
                result.error.hasSuffix(
                    """
                    x.gguf: the tensors are not those of this Llama: missing blk.1.ffn_up.weight, \
                    unexpected blk.1.ffn_XX.weight\n
                    """), "\(result.error)")
        }
    }
}
