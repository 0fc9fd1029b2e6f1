@testable import LlamaCheckpoints
@testable import LlamaCheckpointTestSupport
import Testing

@Suite struct BadIndexTests {
    private static func index(
        _ what: String, _ message: String,
        edit: @escaping @Sendable (inout [(tensor: String, file: String)], TemporaryFolder) throws -> Void
    ) -> BadInput {
        BadInput(what, message) {
            let folder = try TemporaryFolder.huggingFaceShards()
            let names = TinyModel().tensors(.huggingFace).map(\.name)
            var map = names.enumerated().map { (tensor: $1, file: shardName($0 < names.count / 2 ? 1 : 2)) }
            try edit(&map, folder)
            try folder.writeIndex(map)
            return folder
        }
    }

    @Test(arguments: [
        index(
            "first shard missing",
            """
            DIR/model-00001-of-00002.safetensors: no such file or directory; \
            model.safetensors.index.json says it holds model.embed_tokens.weight: fetch the \
            missing shard
            """
        ) { try $1.remove(shardName(1)) },
        index(
            "last shard missing",
            """
            DIR/model-00002-of-00002.safetensors: no such file or directory; \
            model.safetensors.index.json says it holds model.layers.0.mlp.down_proj.weight: \
            fetch the missing shard
            """
        ) { try $1.remove(shardName(2)) },
        index(
            "path upwards",
            """
            DIR/model.safetensors.index.json: model.embed_tokens.weight: expected the bare \
            name of a file beside the index, found "../model.safetensors"
            """
        ) { map, _ in map[0].file = "../model.safetensors" },
        index(
            "absolute path",
            """
            DIR/model.safetensors.index.json: model.embed_tokens.weight: expected the bare \
            name of a file beside the index, found "/etc/passwd"
            """
        ) { map, _ in map[0].file = "/etc/passwd" },
        index(
            "two dots",
            """
            DIR/model.safetensors.index.json: model.embed_tokens.weight: expected the bare \
            name of a file beside the index, found ".."
            """
        ) { map, _ in map[0].file = ".." },
        index(
            "empty name",
            """
            DIR/model.safetensors.index.json: model.embed_tokens.weight: expected the bare \
            name of a file beside the index, found ""
            """
        ) { map, _ in map[0].file = "" },
        index(
            "name with NUL",
            """
            DIR/model.safetensors.index.json: model.embed_tokens.weight: expected the bare \
            name of a file beside the index, found "model.safetensors\\0.txt"
            """
        ) { map, _ in map[0].file = "model.safetensors\\u0000.txt" },
        index(
            "the other shard",
            """
            DIR/model.safetensors.index.json: model.embed_tokens.weight: expected the tensor \
            in model-00002-of-00002.safetensors, found no such tensor there
            """
        ) { map, _ in map[0].file = shardName(2) },
        index(
            "a tensor that is nowhere",
            """
            DIR/model.safetensors.index.json: model.extra: expected the tensor in \
            model-00001-of-00002.safetensors, found no such tensor there
            """
        ) { map, _ in map.append(("model.extra", shardName(1))) },
        index(
            "a tensor not in the map",
            """
            DIR/model-00002-of-00002.safetensors: model.layers.1.mlp.up_proj.weight: \
            expected only tensors that the index names, found one it does not
            """
        ) { map, _ in map.removeLast() },
        index(
            "empty map",
            """
            DIR: expected tensors named as in Meta's or Hugging Face's Llama, found none
            """
        ) { map, _ in map = [] },
        index(
            "a tensor in two shards",
            """
            DIR: the tensors are not those of this Llama: doubled \
            model.layers.0.mlp.gate_proj.weight; model.layers.0.mlp.gate_proj.weight is in \
            model-00001-of-00002.safetensors and in model-00002-of-00002.safetensors: fetch them again
            """
        ) { map, folder in
            let tensors = TinyModel().tensors(.huggingFace)
            try folder.write(
                shardName(2), SafetensorsBuilder.bytes(Array(tensors[(tensors.count / 2 - 1)...])))
        },
        BadInput(
            "no map",
            """
            DIR/model.safetensors.index.json: expected a key "weight_map", found none
            """
        ) {
            let folder = try TemporaryFolder.huggingFaceShards()
            try folder.write("model.safetensors.index.json", "{\"metadata\": {}}")
            return folder
        },
        BadInput(
            "map to a number",
            """
            DIR/model.safetensors.index.json: weight_map.lm_head.weight: expected a string, \
            found 1
            """
        ) {
            let folder = try TemporaryFolder.huggingFaceShards()
            try folder.write("model.safetensors.index.json", "{\"weight_map\": {\"lm_head.weight\": 1}}")
            return folder
        },
    ])
    func refuses(input: BadInput) throws { try input.check() }
}
