import LlamaCheckpoints
import LlamaFiles
import LlamaJSON
import LlamaTensors

/// `conversion.json`: what a conversion made of what, and the digest of every tensor that it wrote.
package struct ConversionRecord: Sendable {
    /// The file's name; beside a checkpoint of one file, `.conversion.json` follows that file's name.
    package static let name = "conversion.json"

    /// A tensor that was written.
    package struct Entry: Sendable {
        /// What it is.
        package let role: TensorRole
        /// Its name in Meta's checkpoints.
        package var name: String { TensorNaming.meta.name(of: role) }
        /// How it is stored.
        package let dtype: DType
        /// Extent of each dimension.
        package let shape: [Int]
        /// Bytes of its elements.
        var byteCount: Int { shape.reduce(1, *) / dtype.blockCount * dtype.blockSize }
        /// What its values are.
        package let digest: TensorDigest
        /// What the change of dtype did; nil where there was none.
        package let loss: ConversionLoss?
    }

    /// The tensors, in the order of the model.
    package let entries: [Entry]
    let format: CheckpointFormat
    /// The last parts of the paths that were read.
    let sources: [String]
    /// Whether the output head is a copy of the embedding that it was tied to.
    let untiesOutput: Bool
    /// Whether the context length that is written is an assumption.
    let assumesContextLength: Bool

    /// The file's text.
    var text: String {
        let tensors = entries.map { entry in
            var members: [(String, JSONText)] = [
                ("name", .string(TensorNaming.meta.name(of: entry.role))),
                ("dtype", .string(entry.dtype.rawValue)),
                ("shape", .array(entry.shape.map { .int($0) })), ("sha256", .string(entry.digest.text)),
            ]
            if let loss = entry.loss {
                members.append(
                    (
                        "loss",
                        .object([
                            ("changed", .int(loss.changed)), ("of", .int(loss.count)),
                            ("largest_relative_error", .float(loss.largestRelativeError)),
                            ("overflowed", .int(loss.overflowed)), ("underflowed", .int(loss.underflowed)),
                        ])
                    ))
            }
            return JSONText.object(members)
        }
        let members: [(String, JSONText)] = [
            ("version", .int(1)), ("format", .string(format.rawValue)),
            ("sources", .array(sources.map { .string($0) })), ("unties_output", .bool(untiesOutput)),
            ("assumes_context_length", .bool(assumesContextLength)),
            ("tensors", .array(tensors)),
        ]
        return JSONText.object(members).serialized + "\n"
    }

    /// Whether a checkpoint's output head is, by the record beside it and by its bytes, a copy of its embedding.
    static func untiedOutput(of checkpoint: Checkpoint) -> Bool {
        guard flag("unties_output", of: checkpoint), let output = try? checkpoint.weight(.output),
            let embedding = try? checkpoint.weight(.tokEmbeddings),
            let left = try? CanonicalRows(output, role: .output, configuration: checkpoint.configuration),
            let right = try? CanonicalRows(
                embedding, role: .tokEmbeddings, configuration: checkpoint.configuration)
        else { return false }
        return left.holdsSameBytes(as: right)
    }

    /// Whether a checkpoint's context length is, by the record beside it and still today, an earlier conversion's
    /// assumption.
    static func assumedContextLength(of checkpoint: Checkpoint) -> Bool {
        let configuration = checkpoint.configuration
        return flag("assumes_context_length", of: checkpoint)
            && configuration.contextLength
                == AssumedContextLength(configuration.withContextLength(nil)).length
    }

    private static func flag(_ key: String, of checkpoint: Checkpoint) -> Bool {
        guard let file = checkpoint.files.first else { return false }
        let isOneFile = file.hasSuffix(".gguf") || file.hasSuffix(".bin")
        let path = isOneFile ? file + "." + name : checkpoint.folder + "/" + name
        guard FilePath(path).exists, let reader = try? ConfigurationReader(path) else { return false }
        return (try? reader.flag(key)) == true
    }
}

extension CanonicalRows {
    /// Whether two tensors have the same rows, byte for byte.
    func holdsSameBytes(as other: CanonicalRows) -> Bool {
        guard rowCount == other.rowCount, columnCount == other.columnCount, dtype == other.dtype else {
            return false
        }
        var left = [UInt8](repeating: 0, count: rowByteCount)
        var right = left
        for row in 0..<rowCount {
            left.withUnsafeMutableBytes { copyRow(row, into: $0) }
            right.withUnsafeMutableBytes { other.copyRow(row, into: $0) }
            guard left == right else { return false }
        }
        return true
    }
}
