import LlamaTensors
@testable import LlamaCheckpointTestSupport
import Testing

@Suite struct BadTensorsTests {
    @Test(arguments: [
        BadInput.tensors(
            "one missing",
            """
            DIR: the tensors are not those of this Llama: missing \
            layers.1.attention.wv.weight
            """
        ) { $0.removeAll { $0.name == "layers.1.attention.wv.weight" } },
        .tensors(
            "many missing",
            """
            DIR: the tensors are not those of this Llama: missing \
            layers.1.attention.wk.weight layers.1.attention.wo.weight \
            layers.1.attention.wq.weight layers.1.attention.wv.weight \
            layers.1.attention_norm.weight layers.1.feed_forward.w1.weight … (9 in all)
            """
        ) { $0.removeAll { $0.name.hasPrefix("layers.1.") } },
        .tensors(
            "embedding missing", "the tensors are not those of this Llama: missing tok_embeddings.weight"
        ) { $0.removeAll { $0.name.hasPrefix("tok") } },
        .tensors("output missing", "DIR: the tensors are not those of this Llama: missing output.weight") {
            $0.removeAll { $0.name.hasPrefix("output") }
        },
        .tensors(
            "one too many",
            """
            DIR: the tensors are not those of this Llama: unexpected \
            layers.2.attention.wq.weight
            """
        ) {
            $0.append(TestTensor("layers.2.attention.wq.weight", .float32, [8, 8]))
        },
        .tensors(
            "names of both families",
            """
            DIR: the tensors are not those of this Llama: unexpected lm_head.weight
            """
        ) {
            $0.append(TestTensor("lm_head.weight", .float32, [16, 8]))
        },
        .tensors(
            "layer with leading zero",
            """
            DIR: the tensors are not those of this Llama: unexpected \
            layers.01.ffn_norm.weight
            """
        ) {
            $0.append(TestTensor("layers.01.ffn_norm.weight", .float32, [8]))
        },
        .tensors(
            "huge layer number",
            """
            DIR: the tensors are not those of this Llama: unexpected \
            layers.99999999999999999999.ffn_norm.weight
            """
        ) {
            $0.append(TestTensor("layers.99999999999999999999.ffn_norm.weight", .float32, [8]))
        },
        .tensors(
            "no names of a Llama",
            """
            expected tensors named as in Meta's or Hugging Face's Llama, found conv1.weight
            """
        ) { $0 = [TestTensor("conv1.weight", .float32, [2])] },
        .tensors(
            "no tensors at all",
            """
            expected tensors named as in Meta's or Hugging Face's Llama, found none
            """
        ) { $0 = [] },
        .tensors(
            "a norm of another shape", "norm.weight: expected shape [8] by the configuration, found [4, 2]"
        ) { $0[1] = TestTensor("norm.weight", .float32, [4, 2]) },
        .tensors("a flat embedding", "tok_embeddings.weight: expected shape [vocabulary, 8], found [128]") {
            $0[0] = TestTensor("tok_embeddings.weight", .float32, [128])
        },
        .tensors(
            "transposed embedding", "tok_embeddings.weight: expected shape [vocabulary, 8], found [8, 16]"
        ) {
            $0[0] = TestTensor("tok_embeddings.weight", .float32, [8, 16])
        },
        .tensors(
            "integers for weights",
            """
            norm.weight: dtype I32 for weights is not supported; convert it to F32, F16 or \
            BF16
            """
        ) { $0[1] = TestTensor("norm.weight", .int32, [8]) },
        .tensors(
            "doubles for weights",
            """
            tok_embeddings.weight: dtype F64 for weights is not supported; convert it to \
            F32, F16 or BF16
            """
        ) {
            $0[0] = TestTensor("tok_embeddings.weight", .float64, [16, 8])
        },
    ])
    func refuses(input: BadInput) throws { try input.check() }

    private static func shards(
        _ what: String, _ message: String, edit: @escaping @Sendable (TemporaryFolder) throws -> Void
    ) -> BadInput {
        BadInput(what, message) {
            let folder = try TemporaryFolder.metaShards(4, TinyModel(nHeads: 4, nKVHeads: 4, headDim: 2))
            try edit(folder)
            return folder
        }
    }

    private static func shard(_ index: Int, edit: (inout [TestTensor]) -> Void) -> [UInt8] {
        var tensors = TinyModel(nHeads: 4, nKVHeads: 4, headDim: 2).shard(index, of: 4)
        edit(&tensors)
        return TorchBuilder(tensors).bytes
    }

    @Test(arguments: [
        shards(
            "first shard missing",
            """
            DIR/consolidated.00.pth: no such file or directory; consolidated.01.pth is \
            there: fetch the missing shard
            """
        ) { try $0.remove("consolidated.00.pth") },
        shards(
            "middle shard missing",
            """
            DIR/consolidated.02.pth: no such file or directory; consolidated.03.pth is \
            there: fetch the missing shard
            """
        ) { try $0.remove("consolidated.02.pth") },
        shards(
            "last shard missing",
            """
            DIR: layers.0.attention.wq.weight: expected 8 rows, so 4 model-parallel shards of \
            2, found consolidated.00.pth consolidated.01.pth consolidated.02.pth; fetch \
            the missing shards
            """
        ) { try $0.remove("consolidated.03.pth") },
        shards(
            "two last shards missing",
            """
            DIR: layers.0.attention.wq.weight: expected 8 rows, so 4 model-parallel shards of \
            2, found consolidated.00.pth consolidated.01.pth; fetch the missing shards
            """
        ) {
            try $0.remove("consolidated.02.pth")
            try $0.remove("consolidated.03.pth")
        },
        shards(
            "one shard too many",
            """
            DIR: layers.0.attention.wq.weight: expected 8 rows, so 4 model-parallel shards of \
            2, found consolidated.00.pth consolidated.01.pth consolidated.02.pth \
            consolidated.03.pth consolidated.04.pth; remove the shards of another model
            """
        ) {
            // Of another model: what is left of an earlier download.
            try $0.write(
                "consolidated.04.pth", shard(0) { for index in $0.indices { $0[index].bytes.reverse() } })
        },
        shards(
            "the same shard twice",
            """
            DIR/consolidated.02.pth: expected a shard of its own, found the contents of \
            consolidated.01.pth again; one of the two is a copy under a wrong name: fetch both again
            """
        ) { try $0.write("consolidated.02.pth", shard(1) { _ in }) },
        shards(
            "empty last shard",
            """
            DIR/consolidated.03.pth: expected a torch checkpoint (ZIP), found an empty file; \
            the download failed: fetch the file again
            """
        ) { try $0.write("consolidated.03.pth", "") },
        shards(
            "tensor missing in one",
            """
            DIR/consolidated.02.pth: layers.1.feed_forward.w3.weight: expected the same \
            tensors in every shard, found one that is missing here
            """
        ) {
            try $0.write("consolidated.02.pth", shard(2) { $0.removeLast() })
        },
        shards(
            "tensor more in one",
            """
            DIR/consolidated.02.pth: x: expected the same tensors in every shard, found one \
            that is missing in consolidated.00.pth
            """
        ) {
            try $0.write("consolidated.02.pth", shard(2) { $0.append(TestTensor("x", .float32, [1])) })
        },
        shards(
            "another dtype in one",
            """
            DIR/consolidated.00.pth: output.weight: expected one dtype in all shards, found \
            F32 F16 F32 F32
            """
        ) {
            try $0.write(
                "consolidated.01.pth", shard(1) { $0[2] = TestTensor("output.weight", .float16, [4, 8]) })
        },
        shards(
            "another shape in one",
            """
            DIR/consolidated.00.pth: output.weight: expected shape [16, 8] by the \
            configuration, found [4, 8] + [8, 8] + [4, 8] + [4, 8]
            """
        ) {
            try $0.write(
                "consolidated.01.pth", shard(1) { $0[2] = TestTensor("output.weight", .float32, [8, 8]) })
        },
        shards(
            "another norm in one",
            """
            DIR/consolidated.00.pth: norm.weight: expected the same values in every shard, \
            found other values in shard 3
            """
        ) {
            try $0.write("consolidated.03.pth", shard(3) { $0[1].bytes[0] ^= 1 })
        },
    ])
    func refusesShards(input: BadInput) throws { try input.check() }

    /// Rows of an empty tensor cost nothing, so two shards can claim more than `Int` holds.
    @Test func survivesRowsThatOverflow() throws {
        let folder = try TemporaryFolder()
        try folder.write("params.json", TinyModel().params())
        for index in 0..<2 {
            var tensors = TinyModel(nKVHeads: 2).shard(index, of: 2)
            tensors.removeAll { $0.name == "layers.0.feed_forward.w1.weight" }
            let honest = SafetensorsBuilder.bytes(tensors)
            let length = Int(honest[..<8].reversed().reduce(0) { $0 << 8 | UInt64($1) })
            let header = String(decoding: honest[8..<8 + length], as: UTF8.self).dropLast()
            let entry =
                "\"layers.0.feed_forward.w1.weight\":{\"dtype\":\"F32\",\"shape\":[\(1 << 62),0],\"data_offsets\":[0,0]}}"
            let bytes = SafetensorsBuilder.bytes(
                header: header + "," + entry, data: Array(honest[(8 + length)...]))
            try folder.write("consolidated.0\(index).safetensors", bytes)
        }
        let found = "\(1 << 62) + \(1 << 62)"
        #expect(folder.message().hasSuffix("params.json, found \(found)"))
    }
}
