import LlamaTensors
import LlamaCheckpoints
import LlamaJSON

/// The header of a `.safetensors` file: a length and JSON, padded with spaces so that the data begins on a multiple of
/// 8 bytes.
struct SafetensorsHeader {
    /// The length and the JSON.
    private(set) var bytes: [UInt8] = []
    /// Where the digests go.
    private(set) var digests: [FileLayout.DigestField] = []

    /// - Parameters:
    ///   - metadata: Strings for `__metadata__`.
    ///   - digests: The tensors whose digests follow there, under `sha256 NAME`.
    init(
        _ tensors: [TensorSpec], metadata: [(String, String)],
        digests: [(name: String, role: TensorRole)] = []
    ) {
        // The length comes last.
        bytes = [UInt8](repeating: 0, count: 8)
        append("{")
        if !metadata.isEmpty || !digests.isEmpty {
            append("\"__metadata__\":{")
            for (key, value) in metadata {
                beginMember(key)
                append(JSONText.string(value).serialized)
            }
            for (name, role) in digests {
                beginMember("sha256 " + name)
                append("\"")
                self.digests.append(FileLayout.DigestField(role: role, offset: bytes.count))
                append(TensorDigest.zeros)
                append("\"")
            }
            append("}")
        }
        var offset = 0
        for tensor in tensors {
            beginMember(tensor.name)
            append(Self.description(of: tensor, offset: offset).serialized)
            offset += tensor.byteCount
        }
        append("}")
        bytes += Array(repeating: 0x20, count: (8 - bytes.count % 8) % 8)
        bytes.replaceSubrange(
            0..<8, with: withUnsafeBytes(of: UInt64(bytes.count - 8).littleEndian, Array.init))
    }

    private mutating func append(_ text: String) { bytes += text.utf8 }

    /// Writes a comma, unless the member is the first of its object, and the member's name.
    private mutating func beginMember(_ name: String) {
        if bytes.last != UInt8(ascii: "{") { append(",") }
        append(JSONText.string(name).serialized + ":")
    }

    private static func description(of tensor: TensorSpec, offset: Int) -> JSONText {
        .object([
            ("dtype", .string(tensor.dtype.rawValue)),
            ("shape", .array(tensor.shape.map { .int($0) })),
            ("data_offsets", .array([.int(offset), .int(offset + tensor.byteCount)])),
        ])
    }
}
