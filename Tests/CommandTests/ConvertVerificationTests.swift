import Foundation
import LlamaTestSupport
import Testing

/// `--verify`.
struct ConvertVerificationTests {
    private static let program = "llama-convert"

    private struct Record: Decodable {
        struct Tensor: Decodable {
            let name: String
            let sha256: String
        }

        let tensors: [Tensor]
    }

    /// A conversion that was cut off after one tensor, whose bytes were lost since: resuming it replaces nothing.
    @Test func aResumedConversionIsVerifiedBeforeItReplaces() throws {
        let source = try Fixtures.checkpoint("meta-2shards-f16").path
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "out").path
            let arguments = [source, path, "--to", "huggingface", "--force", "--quiet"]
            #expect(try Command.run(arguments, program: Self.program).code == 0)
            let record = try JSONDecoder().decode(
                Record.self, from: Data(contentsOf: folder.appending(path: "out/conversion.json")))
            let norm = try #require(record.tensors.first { $0.name == "norm.weight" })
            // Too small for the weights, which leaves a journal that identifies the conversion.
            let full = try Command.shell("ulimit -f 40; exec \"$@\"", arguments, program: Self.program)
            #expect(full.code == 74)
            // As long as a run leaves it that is cut off later.
            let size = try Data(contentsOf: folder.appending(path: "out/model.safetensors")).count
            #expect(truncate(path + ".converting/model.safetensors", size) == 0)
            let journal = folder.appending(path: "out.converting/conversion.journal")
            let line = #"{"role":"norm.weight","sha256":"\#(norm.sha256)","crc":[0]}"# + "\n"
            try (Data(contentsOf: journal) + Data(line.utf8)).write(to: journal)
            let resumed = try Command.run(arguments + ["--resume", "--verify"], program: Self.program)
            #expect(resumed.code == 74)
            #expect(
                resumed.error == """
                    llama-convert: error: \(path).converting: does not read back as it was written: \
                    norm.weight has other values; \(path) is as it was; check the disk and the memory, \
                    then convert again\n
                    """)
            #expect(try Command.run(["diff", source, path], program: Self.program).code == 0)
            // Nothing of it is used again.
            let again = try Command.run(arguments + ["--resume", "--verify"], program: Self.program)
            #expect(again.code == 0 && again.error == "", "\(again.error)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out"])
            #expect(try Command.run(["diff", source, path], program: Self.program).code == 0)
        }
    }
}
