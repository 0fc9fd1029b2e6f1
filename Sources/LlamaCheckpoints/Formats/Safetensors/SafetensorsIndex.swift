import LlamaFiles
import LlamaJSON

/// Reads a checkpoint cut into several `.safetensors` files by its `model.safetensors.index.json`.
enum SafetensorsIndex {
    /// Whether a file is an index, by its name.
    static func isIndex(_ name: String) -> Bool { name.hasSuffix(".safetensors.index.json") }

    /// Whether a file is one of several, by its name; `model-00001-of-00001` is whole.
    static func isShard(_ name: String) -> Bool {
        name.contains("-of-") && !name.hasSuffix("-of-00001.safetensors")
    }

    /// The error of a shard whose index is not beside it.
    static func missing(in folder: String, shard: String) -> CheckpointError {
        CheckpointError(
            file: folder + "/model.safetensors.index.json", .missing,
            advice: "\(shard) is one of several: fetch the index that names them")
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
        var files: [String: TensorFile] = [:]
        for (tensor, name) in map {
            guard isBareName(name) else {
                throw .invalid(
                    path, tensor, expected: "the bare name of a file beside the index", found: "\"\(name)\"")
            }
            if files[name] == nil {
                files[name] = try openShard(folder + "/" + name, tensor: tensor, index: path)
            }
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
        _ path: String, tensor: String, index: String
    ) throws(CheckpointError) -> TensorFile {
        do {
            return try SafetensorsFile.open(path)
        } catch {
            guard error.reason == .missing else { throw error }
            throw CheckpointError(
                file: path, .missing,
                advice: "\(FilePath(index).name) says it holds \(tensor): fetch the missing shard")
        }
    }
}
