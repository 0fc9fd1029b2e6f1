import LlamaFiles
import LlamaJSON

/// Reads a checkpoint cut into several files by its `model.safetensors.index.json` or `pytorch_model.bin.index.json`.
enum ShardIndex {
    /// The names that transformers gives to indexes.
    static let usualNames = ["model.safetensors.index.json", "pytorch_model.bin.index.json"]

    /// Whether a file is an index, by its name.
    ///
    /// - Parameter container: Of the shards; nil for any.
    static func isIndex(_ name: String, of container: (any TensorContainer.Type)? = nil) -> Bool {
        let suffixes = container.map { [suffix(of: $0)] } ?? [".safetensors", ".bin"]
        return suffixes.contains { name.hasSuffix($0 + ".index.json") }
    }

    /// Whether a file is one of several, by its name; `model-00001-of-00001` is whole.
    static func isShard(_ name: String) -> Bool {
        name.contains("-of-") && ![".safetensors", ".bin"].contains { name.hasSuffix("-of-00001" + $0) }
    }

    /// The index of the files in a folder; nil where there is none.
    static func name(
        among names: [String], of container: any TensorContainer.Type
    ) -> String? {
        names.first { isIndex($0, of: container) }
    }

    /// The error of a shard whose index is not beside it.
    static func missing(in folder: String, shard: String) -> CheckpointError {
        let name = shard.hasSuffix(".bin") ? "pytorch_model.bin" : "model.safetensors"
        return CheckpointError(
            file: folder + "/\(name).index.json", .missing,
            advice: "\(shard) is one of several: fetch the index that names them")
    }

    /// What the names of shards in a container end in.
    static func suffix(of container: any TensorContainer.Type) -> String {
        container == TorchFile.self ? ".bin" : ".safetensors"
    }

    /// Opens every file that the index names and checks that each tensor is where the index says.
    static func open(_ path: String) throws(CheckpointError) -> [TensorFile] {
        let index = try mapFile(path)
        var map: [(tensor: String, file: String)] = []
        do throws(JSONError) {
            for (tensor, file) in try JSONValue.parse(index.bytes).member("weight_map").members() {
                map.append((tensor, try file.string()))
            }
        } catch {
            throw CheckpointError(error, in: path, bytes: index.bytes)
        }
        let folder = FilePath(path).folder
        let container: any TensorContainer.Type =
            isIndex(path, of: TorchFile.self) ? TorchFile.self : SafetensorsFile.self
        var files: [String: TensorFile] = [:]
        for (tensor, name) in map {
            guard isBareName(name) else {
                throw .invalid(
                    path, tensor, expected: "the bare name of a file beside the index", found: "\"\(name)\"")
            }
            if files[name] == nil {
                files[name] = try openShard(folder + "/" + name, container, tensor: tensor, index: path)
            }
        }
        try RepeatedFile.check(files.values.sorted { $0.path < $1.path })
        for (tensor, name) in map {
            guard files[name]?.tensors[tensor] != nil else {
                throw .invalid(path, tensor, expected: "the tensor in \(name)", found: "no such tensor there")
            }
        }
        let mapped = Set(map.map(\.tensor))
        for file in files.values {
            if let stray = file.tensors.keys.sorted().first(where: { !mapped.contains($0) }) {
                throw .invalid(
                    file.path, stray, expected: "only tensors that the index names", found: "one it does not")
            }
        }
        return files.values.sorted { $0.path < $1.path }
    }

    private static func isBareName(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.utf8.contains(UInt8(ascii: "/"))
            && !name.utf8.contains(0)
    }

    private static func openShard(
        _ path: String, _ container: any TensorContainer.Type, tensor: String, index: String
    ) throws(CheckpointError) -> TensorFile {
        do {
            return try container.open(path)
        } catch {
            guard error.reason == .missing else { throw error }
            throw CheckpointError(
                file: path, .missing,
                advice: "\(FilePath(index).name) says it holds \(tensor): fetch the missing shard")
        }
    }
}
