import LlamaFiles

/// The header of a llama2.c `.bin`: the model's shape as seven int32, after a magic number except in version 0.
///
/// Source: `legacy_export`, `version1_export` and `version2_export` in karpathy/llama2.c `export.py`.
package struct Llama2cHeader {
    /// What the weights are stored as, and in which order.
    package enum Version: Equatable {
        /// Float32, in the order of ``Llama2cSection/legacy(_:)``.
        case legacy
        /// Float32, norms first.
        case float32
        /// Norms in float32; the rest in int8, a float32 scale for every `groupSize`.
        case int8(groupSize: Int)
    }

    /// "ak42" in versions 1 and 2; no `dim` is as large.
    package static let magic: UInt32 = 0x616B_3432
    private static let legacyByteCount = 28
    private static let byteCount = 256

    /// How the weights are stored.
    package let version: Version
    /// The model's shape.
    package let configuration: ModelConfiguration
    /// Positions of version 0's tables of rotations.
    package let sequenceLength: Int

    /// Reads and checks the header; looks at nothing behind it.
    package init(_ file: MappedFile) throws(CheckpointError) {
        let reader = Llama2cFieldReader(file: file)
        guard file.bytes.integer(at: 0) == Llama2cHeader.magic else {
            let vocabulary = try reader.int32("vocab_size", at: 20)
            sequenceLength = try reader.int("seq_len", at: 24, in: .context)
            configuration = try reader.configuration(
                at: 0, tiesEmbeddings: vocabulary > 0, contextLength: sequenceLength)
            version = .legacy
            return
        }
        let number = try reader.int32("version", at: 4)
        guard number == 1 || number == 2 else {
            throw .unsupported(
                file.path, at: "version", "version \(number)", advice: "export version 0, 1 or 2")
        }
        sequenceLength = try reader.int("seq_len", at: 32, in: .context)
        let shared = try reader.byte("shared_classifier", at: 36)
        guard shared <= 1 else {
            throw .invalid(file.path, "shared_classifier", expected: "0 or 1", found: "\(shared)")
        }
        configuration = try reader.configuration(
            at: 8, tiesEmbeddings: shared == 1, contextLength: sequenceLength)
        version =
            number == 1 ? .float32 : .int8(groupSize: try reader.groupSize(at: 37, of: configuration))
    }

    /// Where the weights begin.
    package var dataOffset: Int {
        version == .legacy ? Llama2cHeader.legacyByteCount : Llama2cHeader.byteCount
    }

    /// Size of the whole file.
    ///
    /// No product here overflows: by the bounds that the header was checked against there are fewer than 2^56
    /// weights.
    package var fileByteCount: Int {
        let weights = configuration.parameterCount
        switch version {
        case .legacy: return dataOffset + 4 * (weights + sequenceLength * configuration.headDim)
        case .float32: return dataOffset + 4 * weights
        case .int8(let groupSize):
            let norms = (2 * configuration.nLayers + 1) * configuration.dim
            return dataOffset + 4 * norms + (weights - norms) + (weights - norms) / groupSize * 4
        }
    }
}

/// Reads the header's fields; every error names the file and the field.
private struct Llama2cFieldReader {
    let file: MappedFile

    func int32(_ name: String, at offset: Int) throws(CheckpointError) -> Int {
        guard let value = file.bytes.integer(at: offset, as: Int32.self) else { throw cutOff(name) }
        return Int(value)
    }

    func byte(_ name: String, at offset: Int) throws(CheckpointError) -> UInt8 {
        guard let value = file.bytes.integer(at: offset, as: UInt8.self) else { throw cutOff(name) }
        return value
    }

    func int(_ name: String, at offset: Int, in range: ClosedRange<Int>) throws(CheckpointError) -> Int {
        try checked(try int32(name, at: offset), name, in: range)
    }

    /// The seven numbers at `offset`; everything else is the same in every llama2.c model.
    func configuration(
        at offset: Int, tiesEmbeddings: Bool, contextLength: Int
    ) throws(CheckpointError) -> ModelConfiguration {
        let dim = try int("dim", at: offset, in: .width)
        let hiddenDim = try int("hidden_dim", at: offset + 4, in: .width)
        let nLayers = try int("n_layers", at: offset + 8, in: .modelCount)
        let nHeads = try int("n_heads", at: offset + 12, in: .modelCount)
        let nKVHeads = try int("n_kv_heads", at: offset + 16, in: .modelCount)
        let signed = try int32("vocab_size", at: offset + 20)
        // Only version 0 keeps its flag in the sign.
        let size = offset == 0 ? abs(signed) : signed
        let vocabularySize = try checked(size, "vocab_size", in: .vocabulary)
        guard dim.isMultiple(of: nHeads), (dim / nHeads).isMultiple(of: 2) else {
            throw .invalid(
                file.path, "n_heads", expected: "heads of an even width that fill dim \(dim)",
                found: "\(nHeads)")
        }
        guard nHeads.isMultiple(of: nKVHeads) else {
            throw .invalid(
                file.path, "n_kv_heads", expected: "a divisor of n_heads \(nHeads)", found: "\(nKVHeads)")
        }
        return ModelConfiguration(
            dim: dim, nLayers: nLayers, nHeads: nHeads, nKVHeads: nKVHeads, headDim: dim / nHeads,
            hiddenDim: hiddenDim, vocabularySize: vocabularySize, normEpsilon: 1e-5,
            rope: RoPEConfiguration(theta: 10000, scaling: .none), ropeLayout: .interleaved,
            tiesEmbeddings: tiesEmbeddings, hasAttentionBias: false, hasFeedForwardBias: false,
            contextLength: contextLength, stopTokens: [])
    }

    /// How many weights share a scale; every matrix is of whole groups.
    func groupSize(at offset: Int, of configuration: ModelConfiguration) throws(CheckpointError) -> Int {
        let size = try int("group_size", at: offset, in: .width)
        for role in TensorRole.all(of: configuration) {
            let shape = role.shape(in: configuration)
            guard shape.count == 1 || shape.reduce(1, *).isMultiple(of: size) else {
                throw .invalid(
                    file.path, "group_size",
                    expected: "a divisor of the size of \(TensorNaming.meta.name(of: role)) \(shape)",
                    found: "\(size)")
            }
        }
        return size
    }

    private func checked(_ value: Int, _ name: String, in range: ClosedRange<Int>) throws(CheckpointError)
        -> Int
    {
        guard range.contains(value) else {
            throw .invalid(
                file.path, name, expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(value)")
        }
        return value
    }

    private func cutOff(_ name: String) -> CheckpointError {
        .invalid(
            file.path, name, expected: "the header of a llama2.c .bin",
            found: "the end of the file at byte \(file.bytes.count)",
            advice: "the file is cut off: fetch it again")
    }
}
