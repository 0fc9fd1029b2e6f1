import LlamaTensors
@testable import LlamaCheckpointTestSupport
@testable import LlamaFiles
import Testing

@testable import LlamaCheckpoints

struct Llama2cFileTests {
    @Test(arguments: [0, 1, 2] as [Int32], [true, false])
    func opensEveryVersion(version: Int32, isTied: Bool) throws {
        let image = Llama2cImage(
            model: TinyModel(nHeads: 4, nKVHeads: 2, headDim: 2, isTied: isTied), version: version)
        let folder = try TemporaryFolder()
        try folder.write("model.bin", image.bytes)
        let checkpoint = try folder.open("model.bin")
        try expect(checkpoint, holds: image.tensors)
        let configuration = checkpoint.configuration
        #expect(configuration.tiesEmbeddings == isTied && configuration.contextLength == 3)
        #expect(configuration.nHeads == 4 && configuration.nKVHeads == 2 && configuration.headDim == 2)
        #expect(configuration.normEpsilon == 1e-5)
        #expect(configuration.rope == RoPEConfiguration(theta: 10000, scaling: .none))
        #expect(checkpoint.naming == .meta && checkpoint.files == [folder.path + "/model.bin"])
    }

    @Test(arguments: [0, 1] as [Int32]) func keepsFloatsInTheMap(version: Int32) throws {
        let folder = try TemporaryFolder()
        try folder.write("model.bin", Llama2cImage(version: version).bytes)
        let tensors = try Llama2cFile.open(folder.path + "/model.bin").tensors
        #expect(tensors.values.allSatisfy { $0.storage is MappedFile })
    }

    @Test func leavesTorchFilesCalledBinToTorch() throws {
        let folder = try TemporaryFolder.meta()
        try folder.write("pytorch_model.bin", TorchBuilder(TinyModel().tensors(.meta)).bytes)
        try expect(try folder.open("pytorch_model.bin"), holds: TinyModel().tensors(.meta))
        try folder.write("old.bin", [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A])
        #expect(folder.message("old.bin").hasPrefix("DIR/old.bin: the torch.save format from before"))
        try folder.write("page.bin", "<html>")
        #expect(folder.message("page.bin").contains("a web page"))
    }

    /// 640 is written as 80 02 00 00, which is how a pickle begins.
    @Test func knowsADimensionFromAPickle() throws {
        let folder = try TemporaryFolder()
        let model = TinyModel(
            dim: 640, nLayers: 1, nHeads: 2, nKVHeads: 1, headDim: 320, hiddenDim: 2, vocabularySize: 4,
            isTied: true)
        try folder.write("model.bin", Llama2cImage(model: model).bytes)
        #expect(try folder.open("model.bin").configuration.dim == 640)
    }
}

/// Files with wrong headers, and the message for each.
@Suite struct BadLlama2cTests {
    static let cases: [BadInput] = [
        header("negative dim", "dim: expected 1 to 1048576, found -8", ["dim": -8]),
        header("huge dim", "dim: expected 1 to 1048576, found 2147483647", ["dim": .max]),
        header("no hidden width", "hidden_dim: expected 1 to 1048576, found 0", ["hidden_dim": 0]),
        header("negative layers", "n_layers: expected 1 to 4096, found -1", ["n_layers": -1]),
        header("huge layers", "n_layers: expected 1 to 4096, found 1073741824", ["n_layers": 1 << 30]),
        header("no heads", "n_heads: expected 1 to 4096, found 0", ["n_heads": 0]),
        header(
            "heads that do not divide", "n_heads: expected heads of an even width that fill dim 8, found 3",
            ["n_heads": 3]),
        header(
            "heads of odd width", "n_heads: expected heads of an even width that fill dim 8, found 8",
            ["n_heads": 8]),
        header("no key heads", "n_kv_heads: expected 1 to 4096, found 0", ["n_kv_heads": 0]),
        header(
            "key heads that do not divide", "n_kv_heads: expected a divisor of n_heads 2, found 4",
            ["n_kv_heads": 4]),
        header("no vocabulary", "vocab_size: expected 1 to 16777216, found 0", ["vocab_size": 0]),
        header(
            "vocabulary without an opposite", "vocab_size: expected 1 to 16777216, found 2147483648",
            ["vocab_size": .min]),
        header("negative length", "seq_len: expected 1 to 1073741824, found -3", ["seq_len": -3]),
        header(
            "all at their largest",
            "expected 130674792301854748 bytes, by the header's dim 1048576, hidden_dim 1048576, n_layers 4096, vocab_size 16777216 and seq_len 1073741824, found 6892; the file is cut off, or is not a llama2.c .bin file",
            [
                "dim": 1 << 20, "hidden_dim": 1 << 20, "n_layers": 4096, "n_heads": 1, "n_kv_heads": 1,
                "vocab_size": 1 << 24, "seq_len": 1 << 30,
            ]),
        header(
            "one position more than there is",
            "expected 6908 bytes, by the header's dim 8, hidden_dim 24, n_layers 2, vocab_size 16 and seq_len 4, found 6892; the file is cut off, or is not a llama2.c .bin file",
            ["seq_len": 4]),
        header(
            "one position fewer than there are",
            "expected 6876 bytes, by the header's dim 8, hidden_dim 24, n_layers 2, vocab_size 16 and seq_len 2, found 6892; the file is not a llama2.c .bin file",
            ["seq_len": 2]),
        header("version 3", "version: version 3 is not supported; export version 0, 1 or 2", version: 3),
        header("version -1", "version: version -1 is not supported; export version 0, 1 or 2", version: -1),
        header(
            "negative vocabulary in version 1", "vocab_size: expected 1 to 16777216, found -16",
            ["vocab_size": -16], version: 1),
        header(
            "flag of 2", "shared_classifier: expected 0 or 1, found 2", ["shared_classifier": 2], version: 1),
        header("groups of 0", "group_size: expected 1 to 1048576, found 0", ["group_size": 0], version: 2),
        header("groups of -4", "group_size: expected 1 to 1048576, found -4", ["group_size": -4], version: 2),
        header(
            "groups that do not divide",
            "group_size: expected a divisor of the size of tok_embeddings.weight [16, 8], found 3",
            ["group_size": 3], version: 2),
        header(
            "groups of another size",
            "expected 2912 bytes, by the header's dim 8, hidden_dim 24, n_layers 2, vocab_size 16 and seq_len 3, found 3744; the file is not a llama2.c .bin file",
            ["group_size": 8], version: 2),
    ]

    private static func header(
        _ what: String, _ message: String, _ changes: [String: Int32] = [:], version: Int32 = 0
    ) -> BadInput {
        BadInput(what, message, in: "model.bin", opening: "model.bin") {
            let folder = try TemporaryFolder()
            try folder.write("model.bin", Llama2cImage(changes: changes, version: version).bytes)
            return folder
        }
    }

    @Test(arguments: cases) func refuses(input: BadInput) throws { try input.check() }

    /// Cut at every field of the header, at every tensor, and one byte before and after each.
    @Test(arguments: [0, 1, 2] as [Int32]) func refusesEveryTruncation(version: Int32) throws {
        let image = Llama2cImage(version: version)
        let (bytes, header) = (image.bytes, image.header.count)
        let folder = try TemporaryFolder()
        var boundaries = Array(stride(from: 4, through: 40, by: 4)) + [header, bytes.count - 1]
        if version != 2 {
            try folder.write("model.bin", bytes)
            boundaries += try Llama2cFile.open(folder.path + "/model.bin").tensors.values.map(\.byteOffset)
        }
        for cut in Set(boundaries.flatMap { [$0 - 1, $0, $0 + 1] }).sorted() where cut < bytes.count {
            try folder.write("model.bin", Array(bytes[..<cut]))
            #expect(folder.message("model.bin").contains("the file is cut off"), "cut at \(cut)")
        }
        try folder.write("model.bin", bytes + [0])
        #expect(folder.message("model.bin").hasSuffix("the file is not a llama2.c .bin file"))
    }
}
