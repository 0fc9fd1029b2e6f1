import Foundation
import LlamaConversion
import LlamaTensors
import Testing

@testable import LlamaCheckpointTestSupport
@testable import LlamaCheckpoints

/// A Hugging Face checkpoint with its weights in torch's container, as older versions of transformers saved it.
enum PytorchCopy {
    /// Writes `pytorch_model.bin`, or shards with an index, and copies the other files.
    ///
    /// - Parameter source: A folder with `model.safetensors`, or with shards and an index.
    static func write(_ source: URL, to folder: URL) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: source.path) {
            let file = source.appending(path: name)
            if name.hasPrefix("model"), name.hasSuffix(".safetensors") {
                let bytes = try torch(file)
                try Data(bytes).write(to: folder.appending(path: renamed(name)))
            } else {
                var bytes = try Data(contentsOf: file)
                if name.hasSuffix(".index.json") {
                    bytes = Data(renamed(String(decoding: bytes, as: UTF8.self)).utf8)
                }
                try bytes.write(to: folder.appending(path: renamed(name)))
            }
        }
    }

    /// File names in a text, each `model…safetensors`, as `pytorch_model…bin`.
    private static func renamed(_ text: String) -> String {
        text.replacing(/model((-\d+-of-\d+)?)\.safetensors/) { "pytorch_model\($0.1).bin" }
    }

    private static func torch(_ file: URL) throws -> [UInt8] {
        let tensors = try SafetensorsFile.open(file.path).tensors
        let specs = tensors.keys.sorted().compactMap { name in
            tensors[name].map { TensorSpec(name: name, dtype: $0.dtype, shape: $0.shape) }
        }
        return try TorchWriter.layout(tensors: specs, name: "pytorch_model").assembled { spec in
            try #require(tensors[spec.name]).elementBytes
        }
    }
}
