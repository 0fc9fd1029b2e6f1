import LlamaTestSupport
import Foundation
import Testing

/// What a person sees of `llama-train`.
struct TrainTests {
    static let text = String(
        repeating:
            "A checkpoint is opened, its tensors are given roles,\n  and a transformer borrows them.\n",
        count: 12)
    static let small = [
        "--dim", "16", "--n-layers", "1", "--n-heads", "2", "--n-kv-heads", "1", "--multiple-of", "16",
        "--max-seq-len", "16", "--batch-size", "2", "--warmup", "1", "--eval-interval", "3",
    ]

    private func withText(_ body: (URL) throws -> Void) throws {
        try withTemporaryFolder { folder in
            try Data(Self.text.utf8).write(to: folder.appending(path: "text.txt"))
            try body(folder)
        }
    }

    private func train(_ arguments: [String], in folder: URL) throws -> Command {
        try Command.run(arguments, folder: folder, program: "llama-train")
    }

    @Test(arguments: ["char", "bpe"])
    func whatItWritesRunsAndIsMeasured(tokenizer: String) throws {
        try withText { folder in
            let vocabulary = tokenizer == "bpe" ? ["--vocab-size", "300"] : []
            let result = try train(
                ["--data", "text.txt", "--output", "out", "--tokenizer", tokenizer, "--steps", "6"]
                    + vocabulary + Self.small,
                in: folder)
            #expect(result.code == 0)
            #expect(result.error.contains("step 6/6  validation loss "))
            let run = try Command.run(
                ["--checkpoints", "out", "--prompt", "A check", "--max-gen-len", "9"], folder: folder)
            #expect(run.code == 0 && run.error == "")
            #expect(run.output.hasSuffix("\n") && run.output.count > 1)
            let evaluation = try train(
                ["evaluate", "--checkpoints", "out", "--data", "text.txt"], in: folder)
            let words = evaluation.output.split(whereSeparator: \.isWhitespace)
            #expect(
                words.count == 8 && words[0] == "loss" && words[2...5] == ["nats", "per", "token", "over"])
            // An untrained model's loss is close to the logarithm of the vocabulary's size.
            let (loss, tokens) = (try #require(Double(words[1])), try #require(Int(words[6])))
            #expect((1..<10).contains(loss) && (10..<110).contains(tokens))
        }
    }

    /// Starts a long run in the folder `out` and sends it a signal once the file exists.
    private func interrupted(
        by number: Int32, after name: String, in folder: URL, _ more: [String] = []
    ) throws -> (process: Process, message: String) {
        let arguments = ["--data", "text.txt", "--steps", "100000", "--output", "out"] + Self.small + more
        let process = try Command.process(arguments, program: "llama-train")
        process.currentDirectoryURL = folder
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        Command.limit(process)
        let file = folder.appending(path: "out/\(name)").path
        Command.wait(for: process) { FileManager.default.fileExists(atPath: file) }
        kill(process.processIdentifier, number)
        let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process, message)
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP]) func resumesWhereItWasInterrupted(number: Int32) throws {
        try withText { folder in
            let (process, message) = try interrupted(
                by: number, after: "consolidated.safetensors", in: folder)
            #expect(process.terminationReason == .exit && process.terminationStatus == 128 + number)
            let step = try #require(message.firstMatch(of: /interrupted; step ([0-9]+) is kept/)?.output.1)
            #expect(message.contains("continue with llama-train --data text.txt --resume out"))
            let resumed = try train(
                ["--data", "text.txt", "--resume", "out", "--steps", "\((Int(step) ?? 0) + 2)"], in: folder)
            #expect(resumed.code == 0)
            #expect(resumed.error.contains("parameters, steps \((Int(step) ?? 0) + 1) to "))
            let other = try train(["--data", "text.txt", "--resume", "out", "--dim", "32"], in: folder)
            #expect(other.code == 65)
            #expect(
                other.error
                    == "llama-train: error: out/training.safetensors: expected a run with dim 32, found 16; "
                    + "leave the option out to resume as before\n")
        }
    }

    /// It has neither a checkpoint nor a state with weights, and is resumed as if it had been interrupted at step 0.
    @Test func resumesARunThatWasKilledAtItsStart() throws {
        try withText { folder in
            let (process, _) = try interrupted(
                by: SIGKILL, after: "params.json", in: folder, ["--eval-interval", "100000"])
            #expect(process.terminationReason == .uncaughtSignal)
            #expect(
                try Set(FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "out").path))
                    .subtracting(["loss.svg"]) == ["params.json", "tokenizer.model", "training.safetensors"])
            let resumed = try train(["--data", "text.txt", "--resume", "out", "--steps", "3"], in: folder)
            #expect(resumed.code == 0, "\(resumed.error)")
            let whole = try train(
                ["--data", "text.txt", "--output", "whole", "--steps", "3"] + Self.small
                    + ["--eval-interval", "100000"], in: folder)
            #expect(whole.code == 0)
            for name in ["consolidated.safetensors", "training.safetensors", "metrics.jsonl"] {
                #expect(
                    try Data(contentsOf: folder.appending(path: "out/\(name)"))
                        == Data(contentsOf: folder.appending(path: "whole/\(name)")), "\(name)")
            }
        }
    }

    /// Killed before the first state, it leaves a tokenizer and perhaps half a file; `--output` starts again there.
    @Test func startsAgainWhereNothingHadBegun() throws {
        try withText { folder in
            let out = folder.appending(path: "out")
            try FileManager.default.createDirectory(at: out, withIntermediateDirectories: false)
            for name in ["tokenizer.model.tmp", "training.safetensors.tmp"] {
                try Data("half".utf8).write(to: out.appending(path: name))
            }
            let other = ["--data", "text.txt", "--output", "other", "--steps", "1"] + Self.small
            #expect(try train(other, in: folder).code == 0)
            try FileManager.default.copyItem(
                at: folder.appending(path: "other/tokenizer.model"),
                to: out.appending(path: "tokenizer.model"))
            let result = try train(
                ["--data", "text.txt", "--output", "out", "--steps", "3"] + Self.small, in: folder)
            #expect(result.code == 0, "\(result.error)")
            #expect(
                try !FileManager.default.contentsOfDirectory(atPath: out.path).contains {
                    $0.hasSuffix(".tmp")
                })
        }
    }

    /// A link at the name of an unfinished file leads to a file that must not be written.
    @Test func writesThroughNoLink() throws {
        try withText { folder in
            let (out, other) = (folder.appending(path: "out"), folder.appending(path: "other"))
            try FileManager.default.createDirectory(at: out, withIntermediateDirectories: false)
            try Data("precious".utf8).write(to: other)
            for name in ["training.safetensors", "consolidated.safetensors", "params.json", "metrics.jsonl"] {
                try FileManager.default.createSymbolicLink(
                    at: out.appending(path: name + ".tmp"), withDestinationURL: other)
            }
            let arguments = ["--data", "text.txt", "--output", "out", "--steps", "3"] + Self.small
            #expect(try train(arguments, in: folder).code == 0)
            #expect(try Data(contentsOf: other) == Data("precious".utf8))
        }
    }

    @Test func resumesWithAnotherNumberOfSteps() throws {
        try withText { folder in
            let arguments = ["--data", "text.txt", "--output", "out", "--steps", "6"] + Self.small
            #expect(try train(arguments, in: folder).code == 0)
            let fewer = try train(["--data", "text.txt", "--resume", "out", "--steps", "5"], in: folder)
            #expect(fewer.code == 64)
            #expect(
                fewer.error
                    == "llama-train: error: --steps: expected at least the 6 steps that out has completed, found 5\n"
            )
            let more = try train(["--data", "text.txt", "--resume", "out", "--steps", "9"], in: folder)
            #expect(more.code == 0)
            #expect(
                more.error.contains("parameters, steps 7 to 9\n")
                    && more.error.contains("step 9/9  validation loss"))
            let again = try train(["--data", "text.txt", "--resume", "out"], in: folder)
            #expect(again.code == 0 && again.error.contains("step 9 of 9 is done: nothing is left to do"))
        }
    }

    static let refusals: [(arguments: [String], code: Int32, message: String)] = [
        (
            ["--data", "missing.txt", "--output", "out"], 66,
            "missing.txt: cannot be read: No such file or directory"
        ),
        (
            ["--data", "short.txt", "--output", "out"], 65,
            "short.txt: expected at least 257 tokens in the training split"
        ),
        (
            ["--data", "latin1.txt", "--output", "out"], 65,
            "latin1.txt: expected text in UTF-8, found other bytes"
        ),
        (
            ["--data", "text.txt", "--output", "out", "--dim", "7"], 64,
            "--n-heads: expected heads of even width in dim 7"
        ),
        (
            ["--data", "text.txt", "--output", "no/such/folder"] + small, 73,
            "no/such/folder: cannot be created"
        ),
        (
            ["--data", "text.txt", "--resume", "nothing"], 66,
            "nothing/training.safetensors: expected the state of a run, found no such file\n"
        ),
        (["--data", "text.txt", "--output", "text.txt"], 73, "text.txt: expected a folder, found a file; "),
        (["--data", "/dev/null", "--output", "out"], 66, "/dev/null: "),
        (
            ["--data", "empty.txt", "--output", "out"], 65,
            "empty.txt: expected a text, found an empty file\n"
        ),
        (["--data", "text.txt", "--output", "out", "--tokenizer", "text.txt"], 65, "text.txt: "),
    ]

    @Test(arguments: refusals)
    func refusesWithOneLine(arguments: [String], code: Int32, message: String) throws {
        try withText { folder in
            try Data("short".utf8).write(to: folder.appending(path: "short.txt"))
            try Data().write(to: folder.appending(path: "empty.txt"))
            try Data([0xE9, 0x0A]).write(to: folder.appending(path: "latin1.txt"))
            let result = try train(arguments, in: folder)
            #expect(result.code == code)
            #expect(result.error.hasPrefix("llama-train: error: \(message)"))
            #expect(result.error.split(separator: "\n").count == 1)
        }
    }

    @Test func aFullDiskIsReportedAndLosesNothing() throws {
        try withText { folder in
            // A folder in place of the file simulates a full disk, as root may write anywhere.
            try FileManager.default.createDirectory(
                at: folder.appending(path: "out/metrics.jsonl.tmp/blocked"), withIntermediateDirectories: true
            )
            let result = try train(
                ["--data", "text.txt", "--output", "out", "--steps", "3"] + Self.small, in: folder)
            #expect(result.code == 74)
            #expect(result.error.contains("out/metrics.jsonl.tmp: cannot be written: "))
            #expect(
                FileManager.default.fileExists(
                    atPath: folder.appending(path: "out/consolidated.safetensors").path))
        }
    }

    @Test(arguments: ["tokenizer.model", "metrics.jsonl", "loss.svg"]) func refusesToOverwriteFiles(
        name: String
    ) throws {
        try withText { folder in
            let output = folder.appending(path: "out")
            try FileManager.default.createDirectory(at: output, withIntermediateDirectories: false)
            try Data("mine".utf8).write(to: output.appending(path: name))
            let result = try train(
                ["--data", "text.txt", "--output", "out", "--steps", "3"] + Self.small, in: folder)
            #expect(result.code == 73 && result.error.contains(name), "\(result.error)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: output.path) == [name])
            #expect(try Data(contentsOf: output.appending(path: name)) == Data("mine".utf8))
        }
    }

    @Test func refusesToOverwriteAnotherRun() throws {
        try withText { folder in
            let arguments = ["--data", "text.txt", "--output", "out", "--steps", "3"] + Self.small
            #expect(try train(arguments, in: folder).code == 0)
            let before = try Data(contentsOf: folder.appending(path: "out/tokenizer.model"))
            let again = try train(arguments + ["--dim", "32"], in: folder)
            #expect(again.code == 73)
            #expect(
                again.error
                    == "llama-train: error: out: holds a checkpoint or a run already (training.safetensors); give another "
                    + "folder, or resume it with --resume out\n")
            #expect(try Data(contentsOf: folder.appending(path: "out/tokenizer.model")) == before)
            let done = try train(["--data", "text.txt", "--resume", "out/"], in: folder)
            #expect(done.code == 0 && done.error.contains("nothing is left to do"))
        }
    }

    @Test func resumesInTheTypeItBeganWith() throws {
        try withText { folder in
            let arguments =
                ["--data", "text.txt", "--output", "out", "--dtype", "float32", "--steps", "3"] + Self.small
            #expect(try train(arguments, in: folder).code == 0)
            #expect(try train(["--data", "text.txt", "--resume", "out"], in: folder).code == 0)
            let other = try train(
                ["--data", "text.txt", "--resume", "out", "--dtype", "float16"], in: folder)
            #expect(other.code == 65 && other.error.contains("expected a run with dtype F16, found F32"))
        }
    }

    @Test func refusesToMeasureOnTooLittleText() throws {
        try withText { folder in
            let arguments = ["--data", "text.txt", "--output", "out", "--steps", "3"] + Self.small
            #expect(try train(arguments, in: folder).code == 0)
            try Data("A".utf8).write(to: folder.appending(path: "one.txt"))
            let one = try train(["evaluate", "--checkpoints", "out", "--data", "one.txt"], in: folder)
            #expect(
                one.code == 65
                    && one.error.contains("expected at least 2 tokens in the validation split, found 0"))
            try Data(String(repeating: "é", count: 50).utf8).write(to: folder.appending(path: "other.txt"))
            let other = try train(["evaluate", "--checkpoints", "out", "--data", "other.txt"], in: folder)
            #expect(other.code == 65 && other.error.contains("expected characters that the tokenizer knows"))
        }
    }
}
