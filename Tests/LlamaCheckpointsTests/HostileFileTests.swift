@testable import LlamaCheckpoints
@testable import LlamaCheckpointTestSupport
import Foundation
import Testing

/// Hostile files of the kinds that the suites of single formats leave out.
@Suite struct HostileFileTests {
    @Test(arguments: [
        BadInput(
            "entry that reaches over the directory",
            "consolidated/version: expected ZIP entries that end before their directory at byte 12482, found one that ends at 13480",
            in: "consolidated.00.pth"
        ) {
            var zip = TorchBuilder(TinyModel().tensors(.meta)).archive
            zip.entries[zip.entries.count - 1].statedSize = 1000
            return try .torch(zip.file().bytes)
        },
        .torch(
            "two names for one entry",
            "consolidated/data.pkl: expected ZIP entries that do not overlap, found an overlap at byte 0"
        ) { $0.zip.entries = [.init(name: "a", data: [], statedSize: 64, statedOffset: 0)] },
    ])
    func refusesEntriesThatOverlap(input: BadInput) throws { try input.check() }

    @Test(arguments: [
        global("__builtin__", "getattr"), global("builtins", "exec"), global("os", "system"),
        global("numpy.core.multiarray", "_reconstruct"), global("torch.storage", "_load_from_bytes"),
        global("torch._utils", "_rebuild_tensor_v2.__globals__"),
    ])
    func refusesForeignGlobals(input: BadInput) throws { try input.check() }

    private static func global(_ module: String, _ name: String) -> BadInput {
        .pickle(
            "\(module).\(name)",
            """
            byte 2: expected only tensors and the names they are rebuilt with, found \(module).\(name); the file may \
            run code when unpickled: do not load it; ask its author for safetensors or a plain state dict
            """
        ) { $0.global(module, name) }
    }

    /// INST, OBJ, NEWOBJ_EX, PERSID, DICT, BINBYTES8, NEXT_BUFFER: opcodes that torch.save never writes.
    @Test(arguments: [0x69, 0x6F, 0x92, 0x50, 0x64, 0x8E, 0x97] as [UInt8])
    func refusesForeignOpcodes(code: UInt8) throws {
        let input = BadInput.pickle(
            "opcode", "byte 2: expected an opcode that torch.save writes, found opcode \(code)"
        ) { $0.out.write([code]) }
        try input.check()
    }

    @Test(arguments: [
        BadInput.config(
            "hidden_size twice", "key \"hidden_size\": expected each key once, found the same key again",
            ["hidden\\u005fsize": "8"]),
        .config(
            "layers beyond 64 bits",
            "num_hidden_layers: expected a whole number of 64 bits, found 99999999999999999999",
            ["num_hidden_layers": "99999999999999999999"]),
        BadInput(
            "index with a tensor twice", "key \"a\": expected each key once, found the same key again",
            in: "model.safetensors.index.json"
        ) {
            try .index("{\"weight_map\": {\"a\": \"x.safetensors\", \"a\": \"y.safetensors\"}}")
        },
        BadInput(
            "index into a folder below", "a: expected \(bareName), found \"sub/x.safetensors\"",
            in: "model.safetensors.index.json"
        ) {
            try .index("{\"weight_map\": {\"a\": \"sub/x.safetensors\"}}")
        },
        BadInput(
            "index with a dot", "a: expected \(bareName), found \".\"", in: "model.safetensors.index.json"
        ) {
            try .index("{\"weight_map\": {\"a\": \".\"}}")
        },
        BadInput(
            "index nested deep", "byte 78: expected valid JSON, found more than 64 levels of nesting",
            in: "model.safetensors.index.json"
        ) {
            try .index("{\"weight_map\": " + String(repeating: "[", count: 100_000))
        },
    ])
    func refusesJSON(input: BadInput) throws {
        try input.check()
    }

    private static let bareName = "the bare name of a file beside the index"

    @Test(arguments: [
        BadInput.gguf(
            "a hole",
            "output_norm.weight: expected data that follows that of token_embd.weight at 512, with padding to a multiple of 32, found a hole up to 544"
        ) { builder in
            builder.data.insert(contentsOf: [UInt8](repeating: 0, count: 32), at: 512)
            for index in 1..<builder.infos.count { builder.infos[index].offset += 32 }
        },
        .gguf(
            "a hole at the start",
            "token_embd.weight: expected data that follows that of the header at 0, with padding to a multiple of 32, found a hole up to 32"
        ) { builder in
            builder.data.insert(contentsOf: [UInt8](repeating: 0, count: 32), at: 0)
            for index in builder.infos.indices { builder.infos[index].offset += 32 }
        },
        .gguf("negative layers", "llama.block_count: expected 1 to 4096, found -1") {
            $0.set("llama.block_count", type: 5) { $0.write(Int32(-1)) }
        },
        .gguf("no heads", "llama.attention.head_count: expected 1 to 4096, found 0") {
            $0.set("llama.attention.head_count", 0 as UInt32)
        },
    ])
    func refusesGGUF(input: BadInput) throws { try input.check() }

    /// Tensors in any order are as good, as long as they fill the file.
    @Test func readsUnsortedTensors() throws {
        var builder = GGUFBuilder(TinyModel(nLayers: 1))
        builder.infos.reverse()
        #expect(try TemporaryFolder.gguf(builder.bytes).message() == "no error")
        let tensors = TinyModel().tensors(.huggingFace)
        let whole = SafetensorsBuilder.bytes(tensors, padding: 3)
        #expect(try TemporaryFolder.safetensors(whole).message() == "no error")
    }

    /// Every prefix of the JSON files is refused in a line that names the file.
    @Test(arguments: ["params.json", "config.json", "model.safetensors.index.json"])
    func refusesEveryPrefixOfJSON(file: String) throws {
        let folder = try file == "params.json" ? TemporaryFolder.meta() : .huggingFaceShards()
        let text = try Array(String(contentsOfFile: folder.path + "/" + file, encoding: .utf8).utf8)
        for count in text.indices {
            try folder.write(file, Array(text[..<count]))
            let line = folder.message()
            #expect(
                line.hasPrefix("DIR/\(file): ") && !line.contains(where: \.isNewline), "\(count): \(line)")
        }
    }

    /// A pickle cut at every byte, in a ZIP that is whole.
    @Test func refusesEveryPrefixOfAPickle() throws {
        let writer = TorchBuilder(Array(TinyModel(nLayers: 1).tensors(.meta)[..<2]))
        let pickle = writer.statePickle
        let folder = try TemporaryFolder.meta()
        for count in pickle.indices {
            var cut = writer
            cut.pickle = Array(pickle[..<count])
            try folder.write("consolidated.00.pth", cut.bytes)
            let line = folder.message()
            #expect(
                line.hasPrefix("DIR/consolidated.00.pth: consolidated/data.pkl: byte "), "\(count): \(line)")
        }
    }

    /// Lists and dicts in each other, a hundred thousand deep.
    @Test(arguments: ["]", "}"]) func survivesDeepContainers(opening: Character) throws {
        var pickle = PickleWriter()
        let depth = 100_000
        for _ in 0..<depth {
            pickle.op(opening)
            if opening == "}" { pickle.op("N") }
        }
        for _ in 1..<depth { pickle.op(opening == "}" ? "s" : "a") }
        if opening == "}" { pickle.op("b") }
        let message = try TemporaryFolder.torch(TorchBuilder(pickle: pickle.stop()).bytes).message()
        #expect(message.hasPrefix("DIR/consolidated.00.pth: "))
    }
}

extension TemporaryFolder {
    /// A Hugging Face checkpoint with this index.
    fileprivate static func index(_ text: String) throws -> TemporaryFolder {
        let folder = try TemporaryFolder.huggingFaceShards()
        try folder.write("model.safetensors.index.json", text)
        return folder
    }
}
