import LlamaCheckpoints
import LlamaJSON
import LlamaTensors

/// `conversion.json`: what a conversion read and wrote, with the digest of every tensor.
package struct ConversionRecord: Sendable {
    /// The file's name; for a checkpoint of one file, it is appended to that file's name after a dot.
    package static let name = Checkpoint.conversionRecordName

    /// A tensor that was written.
    package struct Entry: Sendable {
        /// What it is.
        package let role: TensorRole
        /// Its name in Meta's checkpoints.
        package var name: String { TensorNaming.meta.name(of: role) }
        /// How it is stored in the output.
        package let dtype: DType
        /// Extent of each dimension.
        package let shape: [Int]
        /// Bytes of its elements.
        var byteCount: Int { shape.reduce(1, *) / dtype.blockCount * dtype.blockSize }
        /// The digest of its values.
        package let digest: TensorDigest
        /// How it is stored in the source.
        package let sourceDType: DType
        /// The dtype intended for it, where its rows are not whole blocks of that; nil for others.
        package let unfit: DType?
        /// What the change of dtype lost; nil where there was none.
        package let loss: ConversionLoss?
    }

    /// The tensors, in the order of the model.
    package let entries: [Entry]
    /// The format written.
    let format: CheckpointFormat
    /// Names of the files that were read.
    let sources: [String]
    /// Whether the output head is a copy of the embedding that it was tied to.
    let untiesOutput: Bool
    /// Whether the context length that is written is an assumption.
    let assumesContextLength: Bool

    /// Whether quantization made weights finite that were not, or the reverse.
    package var hasDamage: Bool {
        entries.contains { entry in
            guard let loss = entry.loss, entry.dtype.isBlockFormat else { return false }
            return loss.becameFinite > 0 || loss.overflowed > 0
        }
    }

    /// The file's text.
    var text: String {
        let tensors = entries.map { entry in
            var members: [(String, JSONText)] = [
                ("name", .string(TensorNaming.meta.name(of: entry.role))),
                ("dtype", .string(entry.dtype.rawValue)),
                ("shape", .array(entry.shape.map { .int($0) })), ("sha256", .string(entry.digest.text)),
            ]
            if let unfit = entry.unfit { members.append(("instead_of", .string(unfit.rawValue))) }
            if let loss = entry.loss { members.append(("loss", loss.json)) }
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
}

extension ConversionLoss {
    /// What the record says of it.
    fileprivate var json: JSONText {
        .object([
            ("changed", .int(changed)), ("of", .int(count)),
            ("root_mean_square_error", .double(rootMeanSquareError)),
            ("largest_relative_error", .float(largestRelativeError)),
            ("overflowed", .int(overflowed)), ("underflowed", .int(underflowed)),
            ("non_finite", .int(nonFinite)), ("became_finite", .int(becameFinite)),
        ])
    }
}
