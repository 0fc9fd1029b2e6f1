import Foundation
import LlamaTestSupport
import Testing

/// `llama-convert diff`.
struct DiffTests {
    private func diff(_ arguments: [String], _ folder: URL? = nil) throws -> Command {
        try Command.run(["diff"] + arguments, folder: folder, program: "llama-convert")
    }

    @Test(arguments: ["meta-2shards-f16", "hf-tied-f32", "hf-biased-bf16"])
    func findsACheckpointEqualToItself(name: String) throws {
        let result = try diff([name, name], Fixtures.folder.appending(path: "Checkpoints"))
        #expect(result.lines.starts(with: ["A  \(name)", "B  \(name)", "configuration: equal"]))
        #expect(result.lines.dropFirst(3).first?.hasSuffix(" identical") == true)
        #expect(result.lines.suffix(2) == ["same", ""])
        #expect(result.error == "" && result.code == 0)
    }

    /// Changes one number of a copy, in the last place.
    @Test func showsTheOneNumberThatDiffers() throws {
        try withTemporaryFolder { folder in
            let source = try Fixtures.checkpoint("hf-tied-f32")
            for name in ["a", "b"] {
                try FileManager.default.copyItem(at: source, to: folder.appending(path: name))
            }
            let url = folder.appending(path: "b/model.safetensors")
            var bytes = try Data(contentsOf: url)
            // The last float is one of the last tensor in the file: model.norm.weight.
            bytes[bytes.count - 4] ^= 1
            try FileManager.default.removeItem(at: url)
            try bytes.write(to: url)
            let result = try diff(["a", "b"], folder)
            #expect(result.code == 1 && result.error == "")
            #expect(result.lines[3] == "tensors: 19 identical, 1 different")
            #expect(
                result.lines[4].hasPrefix("  norm.weight  1 of 32 differ, by at most 1 ulp of F32, absolute ")
            )
            #expect(result.lines[4].contains(", first [0, 31] A "))
            #expect(result.lines[5] == "different")
            #expect(try diff(["a", "b", "--tolerance", "1"], folder).code == 0)
            #expect(try diff(["a", "b", "--tolerance", "0.5"], folder).code == 1)
            let json = try diff(["a", "b", "--json"], folder).output
            let members = [#""same":false"#, #""identical":19"#, #""outcome":"different""#, #""ulps":1.0"#]
            #expect(members.allSatisfy(json.contains))
        }
    }

    @Test func showsOtherConfigurationsAndShapes() throws {
        let folder = try Fixtures.folder.appending(path: "Checkpoints")
        let result = try diff(["hf-tied-f32", "hf-biased-bf16"], folder)
        #expect(result.code == 1)
        #expect(result.lines[2] == "configuration: different")
        let json = try diff(["hf-tied-f32", "hf-biased-bf16", "--json"], folder).output
        #expect(json.contains(#"{"name":"headDim","a":8,"b":16,"matters":true}"#))
        #expect(result.lines.contains("  headDim             A 8                   B 16"))
        #expect(result.lines.contains("tensors: 13 different, 8 of another shape, 14 missing"))
        #expect(result.lines.contains("  layers.0.attention.wq.weight     shape A [32, 32] B [64, 32]"))
    }

    @Test func refusesWhatItCannotCompare() throws {
        let path = try Fixtures.checkpoint("hf-tied-f32").path
        #expect(try diff([path, "/nowhere"]).code == 66)
        #expect(try diff([path, path, "--tolerance=-1"]).code == 64)
        #expect(try diff([path]).code == 64)
    }
}

/// Both commands on the shared checkpoints.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct ConvertSharedDataTests {
    static let names = [
        "micro-hf-bf16-sharded-linear-rope", "micro-hf-f32", "micro-hf-headdim-f16",
        "micro-hf-llama32-tied-bf16",
        "micro-meta-f16", "micro-meta-f16-gqa-2shards", "micro-meta-llama31-bf16-2shards",
        "micro-meta-safetensors-f16", "stories260K",
    ]

    @Test(arguments: names) func inspectsAndFindsItEqualToItself(name: String) throws {
        let path = try TestData.path("checkpoints/\(name)")
        let report = try Command.run(["inspect", path, "--tensors"], program: "llama-convert")
        #expect(report.code == 0 && report.error == "")
        #expect(report.output.contains("family      Llama-like\n"))
        let result = try Command.run(["diff", path, path], program: "llama-convert")
        #expect(result.code == 0 && result.lines.suffix(2) == ["same", ""])
    }

    @Test func tellsTheTokenizerAndItsStopTokens() throws {
        let path = try TestData.path("checkpoints/stories260K")
        let report = try Command.run(["inspect", path], program: "llama-convert")
        #expect(
            report.lines.contains("tokenizer   tokenizer.model: a SentencePiece model, 7,985 bytes, 512 ids"))
        #expect(report.lines.contains("            begin 1 <s>, end 2 </s>, stop 2 </s>"))
    }

    @Test func saysWhichRotationsWereGuessed() throws {
        let path = try TestData.path("checkpoints/micro-meta-llama31-bf16-2shards")
        let report = try Command.run(["inspect", path], program: "llama-convert")
        #expect(
            report.lines.contains(
                "  params.json: use_scaled_rope: factor 8.0 (as in Llama 3.1), low 1, high 4.0, length 8192"))
    }
}
