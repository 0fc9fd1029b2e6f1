import Foundation
import Glibc
import LlamaTestSupport
import Testing

/// Files that are cut or overwritten while a command reads them: one line that names the file, exit code 74.
struct ChangedInputTests {
    /// What happens to the weights.
    enum Change: CaseIterable {
        case emptied
        case cut
        case touched

        func apply(to path: String) {
            switch self {
            case .emptied: truncate(path, 0)
            // Inside the last page, where reading gives zeros and no signal.
            case .cut: truncate(path, 113_231)
            case .touched: utimes(path, nil)
            }
        }
    }

    private func withModel(_ body: (_ folder: URL, _ weights: String) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let model = folder.appending(path: "model")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: model)
            try body(folder, model.appending(path: "model.safetensors").path)
        }
    }

    /// What a command prints of a file that has changed.
    private func isChange(_ error: String, program: String) -> Bool {
        error.hasPrefix(
            "\(program): error: model/model.safetensors: changed while it was being read: expected 113232 bytes, found "
        )
            && error.hasSuffix("; restore the file and run the command again\n")
            && error.split(separator: "\n").count == 1
    }

    static let commands: [(program: String, arguments: [String])] = [
        (
            "llama-run",
            ["--checkpoints", "model", "--tokenizer", "pipe", "--prompt", "a", "--max-gen-len", "3"]
        ),
        (
            "llama-run",
            [
                "--checkpoints", "model", "--tokenizer", "pipe", "--prompt", "a", "--max-gen-len", "3",
                "--dtype",
                "float32",
            ]
        ),
        (
            "llama-train",
            [
                "evaluate", "--checkpoints", "model", "--tokenizer", "pipe", "--data", "text.txt", "--split",
                "all",
            ]
        ),
    ]

    /// The tokenizer is a pipe, so that the weights change after they are mapped and before they are read.
    @Test(arguments: commands, Change.allCases)
    func afterOpening(command: (program: String, arguments: [String]), change: Change) throws {
        try withModel { folder, weights in
            try Data("a text to measure with".utf8).write(to: folder.appending(path: "text.txt"))
            let pipe = folder.appending(path: "pipe").path
            try #require(mkfifo(pipe, 0o600) == 0)
            let process = try Command.process(command.arguments, program: command.program)
            process.currentDirectoryURL = folder
            let (output, errors) = (Pipe(), Pipe())
            (process.standardOutput, process.standardError) = (output, errors)
            try process.run()
            Command.limit(process)
            // The process reads it after it has opened the checkpoint.
            let descriptor = Command.openForWriting(pipe, whenReadBy: process)
            try #require(descriptor >= 0)
            change.apply(to: weights)
            let tokenizer = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
            try tokenizer.write(contentsOf: Data(contentsOf: Fixtures.tokenizer("char.model")))
            try tokenizer.close()
            let shown = try output.fileHandleForReading.readToEnd() ?? Data()
            let error = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            let isHarmless = change == .touched
            #expect(process.code == (isHarmless ? 0 : 74), "\(error)")
            #expect(isHarmless ? error == "" : isChange(error, program: command.program), "\(error)")
            if !isHarmless {
                #expect(shown.isEmpty || shown == Data("\n".utf8))
            }
        }
    }

    /// A pipe that is full holds it up at its first note, after it has opened the source.
    @Test(arguments: Change.allCases) func whileConverting(change: Change) throws {
        try withModel { folder, weights in
            let process = try Command.process(
                ["model", "out", "--to", "huggingface", "--dtype", "float16"], program: "llama-convert")
            process.currentDirectoryURL = folder
            let errors = Pipe()
            process.standardError = errors
            let filler = try fill(errors.fileHandleForWriting.fileDescriptor)
            try process.run()
            Command.limit(process)
            let maps = "/proc/\(process.processIdentifier)/maps"
            Command.wait(for: process) { text(of: maps).contains(weights) }
            change.apply(to: weights)
            let bytes = errors.fileHandleForReading.readDataToEndOfFile().dropFirst(filler)
            let error = String(decoding: bytes, as: UTF8.self)
            process.waitUntilExit()
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            guard change != .touched else {
                #expect(process.code == 0 && names.contains("out"))
                return
            }
            #expect(process.code == 74)
            #expect(
                error.contains(
                    "llama-convert: error: model/model.safetensors: changed while it was being read: "))
            #expect(error.split(separator: "\n").filter { $0.contains("changed") }.count == 1, "\(error)")
            #expect(!names.contains("out"))
        }
    }

    /// The whole of a file of `/proc`, which gives a page at a time: Foundation ends at the first.
    private func text(of path: String) -> String {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        var (bytes, chunk): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 1 << 14))
        var count = read(descriptor, &chunk, chunk.count)
        while count > 0 {
            bytes += chunk[..<count]
            count = read(descriptor, &chunk, chunk.count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Fills a pipe; returns the number of bytes that it holds.
    private func fill(_ descriptor: Int32) throws -> Int {
        let flags = fcntl(descriptor, F_GETFL)
        try #require(fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0)
        defer { _ = fcntl(descriptor, F_SETFL, flags) }
        var (count, byte) = (0, UInt8(ascii: " "))
        while write(descriptor, &byte, 1) == 1 { count += 1 }
        return count
    }

    /// What is done is kept, and every record that is written was computed with the whole file.
    @Test(arguments: [Change.emptied, .cut]) func whileGenerating(change: Change) throws {
        try withModel { folder, weights in
            let count = 20_000
            try Data(String(repeating: "{\"prompt_ids\":[7,8]}\n", count: count).utf8)
                .write(to: folder.appending(path: "in.jsonl"))
            let arguments = [
                "--checkpoints", "model", "--prompts", "in.jsonl", "--max-gen-len", "30", "--temperature",
                "0",
                "--quiet",
            ]
            let process = try Command.process(arguments + ["--output", "out.jsonl"])
            process.currentDirectoryURL = folder
            let errors = Pipe()
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, errors)
            try process.run()
            Command.limit(process)
            let file = folder.appending(path: "out.jsonl")
            Command.wait(for: process, toWrite: file)
            change.apply(to: weights)
            let error = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.code == 74)
            #expect(isChange(error, program: "llama-run"), "\(error)")
            let records = try Record.lines(Data(contentsOf: file))
            #expect(records.count > 0 && records.count < count)
            #expect(Set(records.map(\.completion_ids)).count == 1)
        }
    }

    /// The same contents written again are no change; others of the same size are, even if no read fails.
    @Test(arguments: [true, false]) func overwrittenWhileItWaits(isSame: Bool) throws {
        try withModel { folder, weights in
            let tokenizer = try Fixtures.tokenizer("char.model").path
            let process = try Command.process(
                [
                    "--checkpoints", "model", "--tokenizer", tokenizer, "--max-gen-len", "3",
                ] + Array(repeating: ["--prompt", "a"], count: 200).flatMap(\.self))
            process.currentDirectoryURL = folder
            let (output, errors) = (Pipe(), Pipe())
            (process.standardOutput, process.standardError) = (output, errors)
            _ = fcntl(output.fileHandleForWriting.fileDescriptor, 1031 /* F_SETPIPE_SZ */, 4096)
            try process.run()
            Command.limit(process)
            // Once it has printed something, it has read the weights; it hangs before it has printed everything.
            _ = output.fileHandleForReading.readData(ofLength: 1)
            kill(process.processIdentifier, SIGSTOP)
            var bytes = try Data(contentsOf: URL(filePath: weights))
            if !isSame { for index in bytes.indices.dropFirst(bytes.count / 2) { bytes[index] ^= 1 } }
            let handle = try #require(FileHandle(forWritingAtPath: weights))
            try handle.write(contentsOf: bytes)
            try handle.close()
            kill(process.processIdentifier, SIGCONT)
            _ = try output.fileHandleForReading.readToEnd()
            let error = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.code == (isSame ? 0 : 74))
            let line = "llama-run: error: model/model.safetensors: changed while it was being read: "
            #expect(
                error
                    == (isSame
                        ? "" : line + "expected the same contents, found others; run the command again\n"))
        }
    }
}
