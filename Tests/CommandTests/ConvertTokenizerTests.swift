import Foundation
import TestSupport
import Testing

/// What goes along with the weights: files, templates and special tokens.
struct ConvertTokenizerFileTests {
    private static let files = [
        "chat_template.jinja": "{{ bos_token }}",
        "generation_config.json": #"{"eos_token_id":[5,9],"pad_token_id":7}"#,
        "special_tokens_map.json": #"{"bos_token":"<s>"}"#,
        "tokenizer_config.json": #"{"add_bos_token":true,"odd":"é"}"#,
    ]

    /// A checkpoint of Hugging Face's whose configuration says more than this program knows.
    private func makeSource(in folder: URL) throws {
        let source = folder.appending(path: "hf")
        try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: source)
        for (name, text) in Self.files {
            try Data(text.utf8).write(to: source.appending(path: name))
        }
        let url = source.appending(path: "config.json")
        // Meta's files know no scaling but Llama 3's.
        let config = try String(contentsOf: url, encoding: .utf8)
            .replacingOccurrences(of: "\"linear\"", with: "\"default\"")
        let brace = try #require(config.firstIndex(of: "{"))
        try Data(
            ("{\"bos_token_id\": 3, \"eos_token_id\": 4, \"odd\": [1e-05, null, \"a/b\"], "
                + config[config.index(after: brace)...]).utf8
        ).write(to: url)
    }

    private func convert(_ arguments: [String], in folder: URL) throws -> String {
        let result = try Command.run(arguments, folder: folder, program: "llama-convert")
        #expect(result.code == 0, "\(result.error)")
        return result.error
    }

    private func text(_ name: String, in folder: URL) throws -> String {
        try String(contentsOf: folder.appending(path: name), encoding: .utf8)
    }

    private func inspection(_ name: String, in folder: URL) throws -> String {
        try Command.run(["inspect", name], folder: folder, program: "llama-convert").output
    }

    @Test(arguments: [("a.gguf", "gguf"), ("meta", "meta"), ("st", "meta-safetensors")])
    func everyFileGoesThroughEveryFormat(_ name: String, _ format: String) throws {
        try withTemporaryFolder { folder in
            try makeSource(in: folder)
            _ = try convert(["hf", name, "--to", format], in: folder)
            _ = try convert([name, "back", "--to", "huggingface"], in: folder)
            for (file, expected) in Self.files {
                if file == "generation_config.json", format != "gguf" { continue }
                #expect(try text("back/\(file)", in: folder) == expected)
            }
            let config = try text("back/config.json", in: folder)
            #expect(config.contains(#""eos_token_id":[4,5,9],"pad_token_id":7"#))
            #expect(config.contains(#""bos_token_id":3"#))
        }
    }

    @Test func tokensThatOnlyTheConfigurationNamesGoThroughMeta() throws {
        try withTemporaryFolder { folder in
            try makeSource(in: folder)
            _ = try convert(["hf", "both", "--to", "meta"], in: folder)
            #expect(
                try text("both/generation_config.json", in: folder)
                    == "{\"eos_token_id\":[4,5,9],\"pad_token_id\":7,\"bos_token_id\":3}\n")
            let generation = folder.appending(path: "hf/generation_config.json")
            try FileManager.default.removeItem(at: generation)
            _ = try convert(["hf", "meta", "--to", "meta"], in: folder)
            let written = "{\"bos_token_id\":3,\"eos_token_id\":4}\n"
            #expect(try text("meta/generation_config.json", in: folder) == written)
            #expect(try inspection("meta", in: folder).contains("generation_config.json: eos_token_id"))
            _ = try convert(["meta", "back", "--to", "huggingface"], in: folder)
            #expect(try text("back/generation_config.json", in: folder) == written)
            #expect(try text("back/config.json", in: folder).contains(#""bos_token_id":3,"eos_token_id":4"#))
        }
    }

    @Test func aConfigurationKeepsWhatThisProgramDoesNotKnow() throws {
        try withTemporaryFolder { folder in
            try makeSource(in: folder)
            _ = try convert(["hf", "half", "--to", "huggingface", "--dtype", "bfloat16"], in: folder)
            let config = try text("half/config.json", in: folder)
            #expect(
                config.hasPrefix(
                    #"{"bos_token_id":3,"eos_token_id":4,"odd":[1e-05,null,"a/b"],"model_type":"#))
            #expect(config.contains(#""torch_dtype":"bfloat16""#))
            _ = try convert(["hf", "same", "--to", "huggingface"], in: folder)
            #expect(try text("same/config.json", in: folder) == text("hf/config.json", in: folder))
        }
    }

    @Test func saysWhatLlama2cHasNoPlaceFor() throws {
        try withTemporaryFolder { folder in
            let meta = folder.appending(path: "meta")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("meta-2shards-f16"), to: meta)
            for (name, text) in Self.files {
                try Data(text.utf8).write(to: meta.appending(path: name))
            }
            let notes = try convert(["meta", "x.bin", "--to", "llama2c", "--dtype", "float32"], in: folder)
            #expect(
                notes.contains("llama2.c's files name no tokens that end a text; 5, 9 are left out"),
                "\(notes)")
            #expect(notes.contains("llama2.c's files have no chat templates; it is left out"))
        }
    }

    @Test func takesTheTokenizerThatIsGiven() throws {
        let tokenizer = try Fixtures.tokenizer("char.model")
        try withTemporaryFolder { folder in
            let source = try Fixtures.checkpoint("meta-2shards-f16").path
            let notes = try convert(
                [source, "meta", "--to", "meta", "--tokenizer", tokenizer.path], in: folder)
            #expect(!notes.contains("no tokenizer"))
            #expect(
                try Data(contentsOf: folder.appending(path: "meta/tokenizer.model"))
                    == Data(contentsOf: tokenizer))
            let missing = try Command.run(
                [source, "x", "--to", "meta", "--tokenizer", "nowhere.model"], folder: folder,
                program: "llama-convert")
            #expect(missing.code == 66)
            #expect(missing.error.hasPrefix("llama-convert: error: nowhere.model: "), "\(missing.error)")
        }
    }
}

/// The tokenizer goes along.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct ConvertTokenizerTests {
    @Test func throughGGUFAndBackByteForByte() throws {
        let source = try TestData.url("checkpoints/stories260K")
        let tokenizer = try Data(contentsOf: source.appending(path: "tokenizer.model"))
        func bytes(_ url: URL) throws -> Data {
            try Data(contentsOf: url.appending(path: "tokenizer.model"))
        }
        try withTemporaryFolder { folder in
            // Meta's files only: a folder with llama2.c's beside them would be two checkpoints.
            let meta = folder.appending(path: "meta")
            try FileManager.default.createDirectory(at: meta, withIntermediateDirectories: false)
            for name in ["consolidated.00.pth", "params.json", "tokenizer.model"] {
                try Data(contentsOf: source.appending(path: name)).write(to: meta.appending(path: name))
            }
            for (from, to, format) in [
                ("meta", "x.gguf", "gguf"), ("meta", "hf", "huggingface"), ("x.gguf", "back", "meta"),
            ] {
                let result = try Command.run(
                    [from, to, "--to", format, "--verify"], folder: folder, program: "llama-convert")
                #expect(result.code == 0, "\(result.error)")
            }
            #expect(try bytes(folder.appending(path: "back")) == tokenizer)
            #expect(try bytes(folder.appending(path: "hf")) == tokenizer)
            let arguments = [
                "--prompt", "Once upon a time", "--temperature", "0", "--max-gen-len", "20", "--checkpoints",
            ]
            let expected = try Command.run(arguments + ["meta"], folder: folder)
            #expect(expected.code == 0 && expected.output.count > 20)
            for name in ["x.gguf", "back", "hf"] {
                #expect(
                    try Command.run(arguments + [name], folder: folder).output == expected.output, "\(name)")
            }
        }
    }
}
