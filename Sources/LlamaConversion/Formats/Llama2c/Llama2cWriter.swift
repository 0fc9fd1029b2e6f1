import LlamaCheckpoints
import Glibc
import LlamaTensors

/// Lays out a llama2.c `.bin` of version 0, which `run.c` reads.
///
/// Source: `legacy_export` in karpathy/llama2.c `export.py`.
package enum Llama2cWriter {
    /// The subject of errors: there is no file yet.
    private static let format = "llama2.c .bin"
    /// Most elements of a table of rotations, which is kept in memory: 64 MiB, 262,144 positions of Llama 2.
    private static let rotationLimit = 1 << 24

    /// The layout of the file: a float32 slot for each role, under Meta's name, with q and k rows in Meta's order
    /// whatever ``ModelConfiguration/ropeLayout`` says of the source.
    ///
    /// - Throws: what the format cannot express, and what to do about it.
    package static func layout(
        configuration: ModelConfiguration, dtype: DType = .float32
    ) throws(CheckpointError) -> FileLayout {
        try checkShape(configuration)
        try checkMeaning(configuration)
        guard dtype == .float32 else {
            throw .invalid(
                format, "dtype", expected: "float32, the only type of version 0", found: dtype.rawValue,
                advice: "choose --dtype float32")
        }
        let sequenceLength = try sequenceLength(configuration)
        let header = header(configuration, sequenceLength: sequenceLength)
        var pieces: [FileLayout.Piece] = [(0, header)]
        var slots: [FileLayout.Slot] = []
        var offset = header.count
        for section in Llama2cSection.legacy(configuration) {
            switch section {
            case .tensor(let role):
                let tensor = TensorSpec(
                    name: TensorNaming.meta.name(of: role), dtype: .float32,
                    shape: role.shape(in: configuration))
                slots.append(FileLayout.Slot(tensor: tensor, offset: offset))
                offset += tensor.byteCount
            case .rotations:
                for function in [cosf, sinf] {
                    let table = rotations(configuration, sequenceLength: sequenceLength, function)
                    pieces.append((offset, table))
                    offset += table.count
                }
            }
        }
        return FileLayout(slots: slots, pieces: pieces, byteCount: offset)
    }

    private static func header(_ configuration: ModelConfiguration, sequenceLength: Int) -> [UInt8] {
        let vocabulary = configuration.tiesEmbeddings ? 1 : -1
        var header = LittleEndianBytes()
        for field in [
            configuration.dim, configuration.hiddenDim, configuration.nLayers, configuration.nHeads,
            configuration.nKVHeads, vocabulary * configuration.vocabularySize, sequenceLength,
        ] {
            header.write(Int32(truncatingIfNeeded: field))
        }
        return header.bytes
    }

    /// `function` of every position's angles, `[sequenceLength, headDim / 2]`.
    ///
    /// Source: `precompute_freqs_cis` in karpathy/llama2.c `model.py`.
    private static func rotations(
        _ configuration: ModelConfiguration, sequenceLength: Int, _ function: (Float) -> Float
    ) -> [UInt8] {
        let frequencies = configuration.rope.inverseFrequencies(headDim: configuration.headDim)
        var table = LittleEndianBytes()
        table.bytes.reserveCapacity(4 * sequenceLength * frequencies.count)
        for position in 0..<sequenceLength {
            for frequency in frequencies { table.write(function(Float(position) * frequency).bitPattern) }
        }
        return table.bytes
    }
}

// MARK: - What the format cannot express

extension Llama2cWriter {
    /// What the header does not state and llama2.c assumes.
    private static func checkMeaning(_ configuration: ModelConfiguration) throws(CheckpointError) {
        let rope = configuration.rope
        guard rope.theta == 10000 else {
            throw refusal("rope_theta", expected: "10000", found: "\(rope.theta)")
        }
        guard rope.scaling == .none else {
            throw refusal("rope_scaling", expected: "none", found: "\(rope.scaling)")
        }
        guard configuration.normEpsilon == 1e-5 else {
            throw refusal("norm_eps", expected: "1e-05", found: "\(configuration.normEpsilon)")
        }
        guard !configuration.hasAttentionBias, !configuration.hasFeedForwardBias else {
            let kinds = [
                configuration.hasAttentionBias ? "wq, wk, wv and wo" : nil,
                configuration.hasFeedForwardBias ? "w1, w2 and w3" : nil,
            ]
            throw refusal(
                "biases", expected: "none",
                found: "those of " + kinds.compactMap(\.self).joined(separator: ", and "))
        }
        guard configuration.headDim * configuration.nHeads == configuration.dim else {
            throw refusal(
                "head_dim", expected: "dim \(configuration.dim) / n_heads \(configuration.nHeads)",
                found: "\(configuration.headDim)")
        }
    }

    private static func refusal(_ location: String, expected: String, found: String) -> CheckpointError {
        .invalid(
            format, location, expected: "\(expected), which the format assumes", found: found,
            advice: "choose another format")
    }

    /// The reader's bounds on a header; they also keep every offset far from overflow.
    private static func checkShape(_ configuration: ModelConfiguration) throws(CheckpointError) {
        let fields: [(String, Int, ClosedRange<Int>)] = [
            ("dim", configuration.dim, .width), ("hidden_dim", configuration.hiddenDim, .width),
            ("n_layers", configuration.nLayers, .modelCount), ("n_heads", configuration.nHeads, .modelCount),
            ("n_kv_heads", configuration.nKVHeads, .modelCount), ("head_dim", configuration.headDim, .width),
            ("vocab_size", configuration.vocabularySize, .vocabulary),
        ]
        for (name, value, range) in fields where !range.contains(value) {
            throw .invalid(
                format, name, expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(value)")
        }
    }

    private static func sequenceLength(_ configuration: ModelConfiguration) throws(CheckpointError) -> Int {
        guard let length = configuration.contextLength else {
            throw .invalid(
                format, "seq_len", expected: "a context length, which the header states", found: "none",
                advice: "add max_seq_len to params.json")
        }
        let longest = rotationLimit / max(configuration.headDim / 2, 1)
        guard (1...longest).contains(length) else {
            throw .invalid(
                format, "seq_len", expected: "1 to \(longest) positions, whose rotations the file holds",
                found: "\(length)", advice: "set a smaller max_seq_len in params.json")
        }
        return length
    }
}
