import Foundation
import LlamaTestSupport
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

    @Test func saysWhatLlama2cHasNoFieldsFor() throws {
        try withTemporaryFolder { folder in
            let meta = folder.appending(path: "meta")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("meta-2shards-f16"), to: meta)
            for (name, text) in Self.files {
                try Data(text.utf8).write(to: meta.appending(path: name))
            }
            let notes = try convert(["meta", "x.bin", "--to", "llama2c", "--dtype", "float32"], in: folder)
            #expect(
                notes.contains("llama2.c's files do not name tokens that end a text; 5, 9 are left out"),
                "\(notes)")
            #expect(notes.contains("llama2.c's files have no chat templates; they are left out"))
        }
    }

    @Test func convertsTheTokenizerThatIsGiven() throws {
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

    /// Templates and the model's own configuration stay.
    @Test func theGivenTokenizerReplacesTheOwn() throws {
        try withTemporaryFolder { folder in
            try makeSource(in: folder)
            let tokenizer = try Data(contentsOf: Fixtures.tokenizer("char.model"))
            try tokenizer.write(to: folder.appending(path: "hf/tokenizer.model"))
            // A field that no reader knows makes it another file of the same model.
            let given = folder.appending(path: "given.model").path
            try (tokenizer + Data([0x78, 0x00])).write(to: URL(filePath: given))
            _ = try convert(["hf", "other", "--to", "huggingface", "--tokenizer", given], in: folder)
            #expect(
                try text("other/generation_config.json", in: folder) == Self.files["generation_config.json"])
            let expected = try Data(contentsOf: URL(filePath: given))
            #expect(try Data(contentsOf: folder.appending(path: "other/tokenizer.model")) == expected)
            _ = try convert(["hf", "meta", "--to", "meta", "--tokenizer", "given.model"], in: folder)
            #expect(try text("meta/chat_template.jinja", in: folder) == Self.files["chat_template.jinja"])
            #expect(try Data(contentsOf: folder.appending(path: "meta/tokenizer.model")) == expected)
        }
    }

    @Test(arguments: ["meta", "huggingface", "gguf"])
    func refusesAGivenTokenizerOfAnotherModel(_ format: String) throws {
        let tokenizer = try Fixtures.tokenizer("bpe.model").path
        let source = try Fixtures.checkpoint("meta-2shards-f16").path
        try withTemporaryFolder { folder in
            let result = try Command.run(
                [source, "x.gguf", "--to", format, "--tokenizer", tokenizer], folder: folder,
                program: "llama-convert")
            #expect(result.code == 65)
            #expect(
                result.error
                    == "llama-convert: error: \(tokenizer): expected a vocabulary of at most 96, as \(source) has, found 400; "
                    + "use the tokenizer that came with the checkpoint\n"
            )
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        }
    }

    @Test func copiesAnUnsupportedTokenizer() throws {
        try withTemporaryFolder { folder in
            try makeSource(in: folder)
            let json = #"{"version":"1.0","model":{"type":"WordPiece"}}"#
            try Data(json.utf8).write(to: folder.appending(path: "hf/tokenizer.json"))
            let notes = try convert(["hf", "copy", "--to", "huggingface"], in: folder)
            #expect(notes.contains("the tokenizer is only copied: hf/tokenizer.json: "), "\(notes)")
            #expect(try text("copy/tokenizer.json", in: folder) == json)
            let gguf = try Command.run(
                ["hf", "x.gguf", "--to", "gguf"], folder: folder, program: "llama-convert")
            #expect(gguf.code == 65 && gguf.error.contains("hf/tokenizer.json: "), "\(gguf.error)")
        }
    }

    @Test func advisesToNameAnotherTokenizer() throws {
        try withTemporaryFolder { folder in
            let source = try Fixtures.checkpoint("meta-2shards-f16").path
            let tokenizer = try Fixtures.tokenizer("char.model").path
            let result = try Command.run(
                [source, "x.gguf", "--to", "gguf", "--tokenizer", tokenizer], folder: folder,
                program: "llama-convert")
            #expect(result.code == 65)
            #expect(result.error.contains("; name another tokenizer with --tokenizer"), "\(result.error)")
        }
    }

    /// As from a shell's `<(...)`; it can be read only once.
    @Test(arguments: ["meta", "meta-safetensors", "huggingface"])
    func readsAGivenTokenizerFromAPipe(format: String) throws {
        let source = try Fixtures.checkpoint("meta-2shards-f16").path
        let tokenizer = try Fixtures.tokenizer("char.model").path
        try withTemporaryFolder { folder in
            _ = try convert([source, "file", "--to", format, "--tokenizer", tokenizer], in: folder)
            let script = #"mkfifo pipe && { cat "$TOKENIZER" > pipe & "$@"; }"#
            let result = try Command.shell(
                "cd '\(folder.path)' && TOKENIZER='\(tokenizer)' && " + script,
                [source, "pipe.out", "--to", format, "--tokenizer", "pipe"], program: "llama-convert")
            #expect(result.code == 0, "\(result.error)")
            #expect(try files("pipe.out", in: folder) == files("file", in: folder))
        }
    }

    /// The bytes of a file, or of the files in a folder, by name; but not the record of the conversion.
    private func files(_ name: String, in folder: URL) throws -> [String: Data] {
        let url = folder.appending(path: name)
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: url.path) else {
            return ["": try Data(contentsOf: url)]
        }
        let wanted = names.filter { $0 != "conversion.json" }
        return try Dictionary(
            uniqueKeysWithValues: wanted.map { ($0, try Data(contentsOf: url.appending(path: $0))) })
    }

    /// A tokenizer that is there but cannot be read is not none.
    @Test func refusesALinkToNowhere() throws {
        try withTemporaryFolder { folder in
            let source = folder.appending(path: "source")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("meta-2shards-f16"), to: source)
            try FileManager.default.createSymbolicLink(
                atPath: source.path + "/tokenizer.model", withDestinationPath: "nowhere")
            let result = try Command.run(
                ["source", "x.gguf", "--to", "gguf"], folder: folder, program: "llama-convert")
            #expect(result.code == 66)
            #expect(result.error.contains("source/tokenizer.model: "), "\(result.error)")
        }
    }

    @Test func aSlashMeansAFolder() throws {
        try withTemporaryFolder { folder in
            let source = try Fixtures.checkpoint("meta-2shards-f16").path
            let result = try Command.run(
                [source, "out/", "--to", "gguf"], folder: folder, program: "llama-convert")
            #expect(
                result.code == 73 && result.error.contains("found the name of a folder"), "\(result.error)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        }
    }

    @Test func refusesAPipeInsteadOfAFile() throws {
        try withTemporaryFolder { folder in
            try makeSource(in: folder)
            let path = folder.appending(path: "hf/tokenizer_config.json").path
            #expect(unlink(path) == 0 && mkfifo(path, 0o600) == 0)
            try FileManager.default.removeItem(at: folder.appending(path: "hf/chat_template.jinja"))
            let result = try Command.run(
                ["hf", "x", "--to", "meta"], folder: folder, program: "llama-convert")
            #expect(result.code != 0)
            #expect(result.error.contains("hf/tokenizer_config.json: "), "\(result.error)")
            #expect(result.error.contains("it is not a regular file"), "\(result.error)")
        }
    }
}

/// The tokenizer is converted with the weights.
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

    /// Another program may have changed a GGUF file's vocabulary since.
    @Test func aFileThatDoesNotFitTheVocabularyIsMadeAnew() throws {
        let source = try TestData.url("checkpoints/stories260K")
        try withTemporaryFolder { folder in
            let meta = folder.appending(path: "meta")
            try FileManager.default.createDirectory(at: meta, withIntermediateDirectories: false)
            for name in ["consolidated.00.pth", "params.json", "tokenizer.model"] {
                try Data(contentsOf: source.appending(path: name)).write(to: meta.appending(path: name))
            }
            func convert(_ arguments: [String]) throws -> String {
                let result = try Command.run(arguments, folder: folder, program: "llama-convert")
                #expect(result.code == 0, "\(result.error)")
                return result.error
            }
            _ = try convert(["meta", "x.gguf", "--to", "gguf"])
            var bytes = try Data(contentsOf: folder.appending(path: "x.gguf"))
            // The spelling is in the vocabulary, and again in the embedded tokenizer.model.
            let spelling = Data("\u{2581}Timmy".utf8)
            let last = try #require(bytes.range(of: spelling, options: .backwards))
            bytes[last.upperBound - 1] = UInt8(ascii: "s")
            try bytes.write(to: folder.appending(path: "changed.gguf"))
            let notes = try convert(["changed.gguf", "back", "--to", "meta"])
            #expect(
                notes.contains("swift-llama.file.tokenizer.model does not fit the vocabulary"), "\(notes)")
            let made = try Data(contentsOf: folder.appending(path: "back/tokenizer.model"))
            #expect(made.range(of: spelling) != nil)
            // The given one goes into the file, and not the file's own.
            let model = meta.appending(path: "tokenizer.model").path
            _ = try convert(["changed.gguf", "new.gguf", "--to", "gguf", "--tokenizer", model])
            #expect(try convert(["new.gguf", "new", "--to", "meta"]).contains("does not fit") == false)
        }
    }
}
