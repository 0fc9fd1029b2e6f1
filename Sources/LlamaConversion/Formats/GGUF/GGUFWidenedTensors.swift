import LlamaCheckpoints
import LlamaTensors

/// The norms and biases that a GGUF file stores in float32 although they were narrower: llama.cpp wants them wide, and
/// a conversion back narrows them again.
enum GGUFWidenedTensors {
    private static let key = "swift-llama.widened"

    /// The metadata that records them.
    static func metadata(_ originals: [(name: String, dtype: DType)]) -> [(key: String, value: GGUFValue)] {
        if originals.isEmpty { return [] }
        let entries = originals.map { Array("\($0.name) \($0.dtype.rawValue)".utf8) }
        return [(key, .array(.string(GGUFStrings(entries))))]
    }

    /// The dtypes that a checkpoint's tensors had before; empty for one that is not a GGUF file.
    ///
    /// - Throws: where the metadata is malformed.
    static func read(_ checkpoint: Checkpoint) throws(CheckpointError) -> [TensorRole: DType] {
        guard let metadata = checkpoint.gguf, let entries = try metadata.strings(key) else { return [:] }
        var dtypes: [TensorRole: DType] = [:]
        for entry in entries {
            let text = String(decoding: entry, as: UTF8.self)
            let words = text.split(separator: " ")
            guard words.count == 2, let dtype = DType(rawValue: String(words[1])), dtype.isFloat,
                case .role(let role) = TensorNaming.gguf.meaning(of: String(words[0])),
                role.shape(in: checkpoint.configuration).count == 1
            else {
                throw .invalid(
                    metadata.file, key, expected: "the name of a norm or bias and a dtype",
                    found: "\"\(text)\"")
            }
            dtypes[role] = dtype
        }
        return dtypes
    }
}
