import Foundation
import LlamaTestSupport
import Testing

/// `llama-convert SRC DST`.
struct ConvertTests {
    private static let program = "llama-convert"

    private func convert(_ arguments: [String], in folder: URL) throws -> Command {
        try Command.run(arguments, folder: folder, program: Self.program)
    }

    private func entries(_ folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test func saysWhatItWroteAndWhatItCouldNotTake() throws {
        let source = try Fixtures.checkpoint("meta-2shards-f16").path
        try withTemporaryFolder { folder in
            let result = try convert([source, "out", "--to", "huggingface", "--verify"], in: folder)
            #expect(result.code == 0 && result.output == "")
            #expect(
                result.error.hasPrefix(
                    """
                    llama-convert: there is no tokenizer beside the weights, so none is converted
                    llama-convert: the checkpoint does not state its context length; 2048, Meta's default, is written
                    out: 21 tensors, 
                    """))
            #expect(result.error.hasSuffix("\nout: every tensor reads back as it was written\n"))
            #expect(try entries(folder) == ["out"])
            #expect(
                try entries(folder.appending(path: "out"))
                    == ["config.json", "conversion.json", "model.safetensors"])
            #expect(try convert(["diff", source, "out"], in: folder).code == 0)
            let quiet = try convert(["out", "x.gguf", "--to", "gguf", "--quiet"], in: folder)
            #expect(quiet.code == 0 && quiet.error == "" && quiet.output == "")
            #expect(try convert(["diff", source, "x.gguf"], in: folder).code == 0)
        }
    }

    @Test func aDryRunWritesNothing() throws {
        let source = try Fixtures.checkpoint("meta-2shards-f16").path
        try withTemporaryFolder { folder in
            let arguments = [source, "out", "--to", "huggingface", "--dry-run", "--threads", "1"]
            let result = try convert(arguments, in: folder)
            #expect(result.code == 0)
            #expect(
                result.output == """
                    model.safetensors  66,200 bytes, 21 tensors
                    config.json        489 bytes
                    weights            66,200 bytes
                    peak memory        125.84 MB beside the mapped files

                    """)
            #expect(try entries(folder).isEmpty)
        }
    }

    /// A dry run says what the run itself would say of the destination.
    @Test(arguments: [
        (
            "there", 73,
            "there: expected nothing there, or a checkpoint to replace, found a file; choose a new name"
        ),
        ("no/where", 73, "no: expected a folder to write into, found none; create it first"),
        (
            ".", 73,
            ".: expected the name of a checkpoint to create, found `.`; choose one in it, such as ./llama"
        ),
        ("SOURCE", 73, "expected another path than the source's, found the same"),
    ]) func aDryRunLooksAtTheDestination(destination: String, code: Int32, message: String) throws {
        let source = try Fixtures.checkpoint("meta-2shards-f16").path
        try withTemporaryFolder { folder in
            try Data("mine".utf8).write(to: folder.appending(path: "there"))
            let target = destination == "SOURCE" ? source : destination
            for options in [["--dry-run"], []] {
                let result = try convert([source, target, "--to", "huggingface"] + options, in: folder)
                #expect(result.code == code && result.output == "")
                #expect(result.error.contains("llama-convert: error: "))
                #expect(result.error.contains(message), "\(result.error)")
                #expect(try entries(folder) == ["there"])
            }
        }
    }

    /// A limit on files fails as a full disk does: in the weights, or in the journal before.
    @Test(arguments: [(40, "consolidated.00.pth"), (2, "conversion.journal")])
    func aFullDiskLeavesTheOldAndCanBeGoneOnFrom(limit: Int, file: String) throws {
        let source = try Fixtures.checkpoint("meta-2shards-f16").path
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "out").path
            let arguments = [source, path, "--to", "meta", "--shards", "1", "--force"]
            #expect(try convert(arguments, in: folder).code == 0)
            let full = try Command.shell(
                "ulimit -f \(limit); exec \"$@\"", arguments + ["--quiet"], program: Self.program)
            #expect(full.code == 74)
            #expect(
                full.error == """
                    llama-convert: error: \(path).converting/\(file): cannot be written: File too large; \
                    raise the limit on file sizes (ulimit -f), then the same command with --resume continues\n
                    """)
            #expect(try entries(folder) == ["out", "out.converting"])
            #expect(try convert(["diff", source, "out"], in: folder).code == 0)
            #expect(try convert(arguments + ["--resume", "--verify"], in: folder).code == 0)
            #expect(try entries(folder) == ["out"])
        }
    }

    /// One line in all, or one aligned line per tensor that changed on request; values that became zero are reported
    /// even when quiet.
    @Test func saysWhatAChangeOfDTypeLost() throws {
        try withTemporaryFolder { folder in
            let source = folder.appending(path: "source")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: source)
            let weights = source.appending(path: "model.safetensors")
            var bytes = try Data(contentsOf: weights)
            // 70000 and 1e-30, which float16 has not, as the last values of the last tensor.
            let values: [Float] = [70000, 1e-30]
            bytes.replaceSubrange(
                bytes.count - 8..<bytes.count, with: values.withUnsafeBytes { Data($0) })
            try bytes.write(to: weights)
            let arguments = ["source", "out", "--to", "huggingface", "--dtype", "float16", "--force"]
            let loud = try convert(arguments, in: folder)
            #expect(loud.code == 0)
            let lines = loud.error.split(separator: "\n").map(String.init)
            let sums = [
                """
                out: converted 20 tensors to F16 (RMS error 3.74e-05; 1 became infinite in norm.weight; 1 became 0)
                """,
                "out: 20 tensors, 59,888 bytes, written",
            ]
            #expect(lines.suffix(2) == sums && lines.count == 3)
            let verbose = try convert(arguments + ["--verbose"], in: folder)
            #expect(verbose.code == 0)
            let all = verbose.error.split(separator: "\n").map(String.init)
            try #require(all.count == 23)
            #expect(
                Array(all[18...]) == [
                    """
                      layers.1.feed_forward.w2.weight  F16  3,071 of 3,072 changed  RMS error 2.11e-05  \
                    at most 0.000484 of the value
                    """,
                    """
                      layers.1.feed_forward.w3.weight  F16  3,071 of 3,072 changed  RMS error 3.69e-05  \
                    at most 0.00354 of the value
                    """,
                    """
                      norm.weight                      F16  32 of 32 changed        RMS error 0.000256  \
                    at most 1 of the value         1 became infinite  1 became 0
                    """,
                ] + sums)
            let quiet = try convert(arguments + ["--quiet"], in: folder)
            #expect(
                quiet.error == "out: of 27,808 values, 1 became infinite in norm.weight and 1 became 0\n")
            let harmless = try convert(["out", "x.gguf", "--to", "gguf", "--quiet"], in: folder)
            #expect(harmless.code == 0 && harmless.error == "")
        }
    }

    @Test(arguments: [
        (["/nowhere", "out", "--to", "gguf"], 66, "/nowhere"),
        (
            ["SOURCE", "there", "--to", "meta"], 73,
            "found a folder with other things in it, such as file; choose a new name"
        ),
        (
            ["SOURCE", "out", "--to", "onnx"], 64,
            "--to: expected meta, meta-safetensors, huggingface, gguf or llama2c, found onnx"
        ),
        (
            ["SOURCE", "out", "--to", "gguf", "--verify"], 64,
            "--verify: expected a DST ending in .gguf, which identifies its format, found out"
        ),
        (["SOURCE", "out"], 64, "missing expected argument '--to <to>'"),
        (["SOURCE", "out", "--to", "meta", "--shards", "0"], 64, "--shards: expected 1 to 100, found 0"),
        (
            ["SOURCE", "out", "--to", "gguf", "--shards", "2"], 64,
            "--shards: expected with --to meta or meta-safetensors, found gguf"
        ),
        (
            ["SOURCE", "out", "--to", "meta", "--max-shard-size", "1GB"], 64,
            "--max-shard-size: expected with --to huggingface, found meta"
        ),
        (["SOURCE", "out", "--to", "meta", "--dtype", "q4_0"], 65, "it holds no Q4_0 weights"),
        (
            ["SOURCE", "out", "--to", "meta", "--resume"], 73,
            "there is no interrupted conversion; without --resume it starts over"
        ),
        (
            ["SOURCE", "no/where/out", "--to", "meta"], 73,
            "no/where: expected a folder to write into, found none; create it first"
        ),
        (["SOURCE", "/proc/out", "--to", "meta"], 74, "cannot be written"),
    ])
    func refuses(arguments: [String], code: Int32, message: String) throws {
        let source = try Fixtures.checkpoint("meta-2shards-f16").path
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(
                at: folder.appending(path: "there"), withIntermediateDirectories: false)
            try Data("mine".utf8).write(to: folder.appending(path: "there/file"))
            let result = try convert(arguments.map { $0 == "SOURCE" ? source : $0 }, in: folder)
            #expect(result.code == code, "\(result.error)")
            #expect(result.error.contains(message), "\(result.error)")
            #expect(try entries(folder) == ["there"])
        }
    }

    /// Killed at some moment or other, it leaves the old checkpoint or the new one.
    @Test func aKillLeavesAWholeCheckpoint() throws {
        let source = try Fixtures.checkpoint("meta-2shards-f16").path
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "out").path
            #expect(try convert([source, "out", "--to", "meta"], in: folder).code == 0)
            for milliseconds in [5, 20, 40, 60, 90, 130, 180] {
                let process = try Command.process(
                    [source, path, "--to", "meta", "--force", "--quiet"], program: Self.program)
                try process.run()
                usleep(UInt32(milliseconds) * 1000)
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                #expect(try convert(["diff", source, "out"], in: folder).code == 0)
            }
            #expect(try convert([source, "out", "--to", "meta", "--force"], in: folder).code == 0)
            #expect(try entries(folder) == ["out"])
        }
    }
}
