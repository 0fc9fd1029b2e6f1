import LlamaCheckpoints
import LlamaFiles
import LlamaJSON
import LlamaTensors

/// `conversion.json`: what a conversion read and wrote, with the digest of every tensor.
package struct ConversionRecord: Sendable {
    /// The file's name; for a checkpoint of one file, it is appended to that file's name after a dot.
    package static let name = "conversion.json"

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

    /// Whether a checkpoint's output head is a copy of its embedding: by what says that it is tied – the record beside it,
    /// its configuration, its family – and by its bytes.
    static func untiedOutput(of checkpoint: Checkpoint) throws(CheckpointError) -> Bool {
        let shouldTie = try checkpoint.shouldTieEmbeddings
        guard shouldTie || flag("unties_output", of: checkpoint) else { return false }
        let configuration = checkpoint.configuration
        let output = try CanonicalRows(
            checkpoint.weight(.output), role: .output, configuration: configuration)
        let embedding = try CanonicalRows(
            checkpoint.weight(.tokEmbeddings), role: .tokEmbeddings, configuration: configuration)
        return output.holdsSameBytes(as: embedding)
    }

    /// A flag of the record beside a checkpoint; false where there is no record.
    ///
    /// A file of this name that does not parse counts as none: any program may have written it.
    static func flag(_ key: String, of checkpoint: Checkpoint) -> Bool {
        guard let file = checkpoint.files.first else { return false }
        let path =
            checkpoint.format.isSingleFile ? file + "." + name : checkpoint.folder + "/" + name
        guard FilePath(path).exists, let reader = try? ConfigurationReader(path) else { return false }
        return (try? reader.flag(key)) == true
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
