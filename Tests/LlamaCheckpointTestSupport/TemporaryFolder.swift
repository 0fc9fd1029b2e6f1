import LlamaCheckpoints
import Foundation
import Logging

/// A folder that is removed when the test ends.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("tiny-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    }

    func write(_ name: String, _ text: String) throws { try write(name, Array(text.utf8)) }

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }

    func open(_ name: String = "") throws(CheckpointError) -> Checkpoint {
        try Checkpoint(at: name.isEmpty ? path : path + "/" + name, logger: .silent)
    }

    /// The line a user would see on opening, with the folder's path as `DIR`; `"no error"` where there is none.
    func message(_ name: String = "") -> String {
        do {
            _ = try open(name)
            return "no error"
        } catch {
            return error.description.replacingOccurrences(of: path, with: "DIR")
        }
    }
}

extension TemporaryFolder {
    /// Meta's layout in one `.pth`.
    static func meta(_ model: TinyModel = TinyModel(), _ params: String? = nil) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("params.json", params ?? model.params())
        try folder.write("consolidated.00.pth", TorchBuilder(model.tensors(.meta)).bytes)
        return folder
    }

    /// Meta's layout in several model-parallel `.pth`.
    static func metaShards(
        _ count: Int, _ model: TinyModel = TinyModel(nKVHeads: 2), embeddingByRows: Bool = false
    ) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("params.json", model.params())
        for index in 0..<count {
            let shard = model.shard(index, of: count, embeddingByRows: embeddingByRows)
            try folder.write("consolidated.0\(index).pth", TorchBuilder(shard).bytes)
        }
        return folder
    }

    /// Hugging Face's layout in one file.
    static func huggingFace(
        _ model: TinyModel = TinyModel(), _ config: String? = nil
    ) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("config.json", config ?? model.config())
        try folder.write("model.safetensors", SafetensorsBuilder.bytes(model.tensors(.huggingFace)))
        return folder
    }

    /// Hugging Face's layout in two files and an index.
    static func huggingFaceShards(_ model: TinyModel = TinyModel()) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let tensors = model.tensors(.huggingFace)
        let half = tensors.count / 2
        try folder.write("config.json", model.config())
        try folder.write(shardName(1), SafetensorsBuilder.bytes(Array(tensors[..<half])))
        try folder.write(shardName(2), SafetensorsBuilder.bytes(Array(tensors[half...])))
        let map = tensors.enumerated().map { ($1.name, shardName($0 < half ? 1 : 2)) }
        try folder.writeIndex(map)
        return folder
    }

    func writeIndex(_ map: [(tensor: String, file: String)]) throws {
        let members = map.map { "\"\($0.tensor)\": \"\($0.file)\"" }.joined(separator: ", ")
        try write("model.safetensors.index.json", "{\"metadata\": {}, \"weight_map\": {\(members)}}")
    }
}

func shardName(_ number: Int) -> String { "model-0000\(number)-of-00002.safetensors" }

extension Logger {
    static var silent: Logger { Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }) }
}
