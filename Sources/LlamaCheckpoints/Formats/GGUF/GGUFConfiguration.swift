import Logging
import LlamaTensors

/// The shape of a Llama, from the `llama.*` keys of a GGUF file.
///
/// Source: `src/llama-arch.cpp` and `llama_model::load_hparams` in llama.cpp. Keys that begin with `swift-llama.`
/// are our own: they state exactly what a standard key rounds or leaves out.
package struct GGUFConfiguration {
    /// The prefix of our own keys.
    package static let ownPrefix = "swift-llama."
    /// Whether `llama.context_length` is there only because llama.cpp requires a number.
    package static let assumedContext = ownPrefix + "context_length.is_assumed"
    /// Ids that end a text and have no standard key.
    package static let stopTokens = ownPrefix + "stop_tokens"

    /// The key-values.
    package let metadata: GGUFMetadata
    /// The tensors of all files.
    package let tensors: [String: Tensor]
    /// Told what is left out.
    package let logger: Logger

    /// - Parameter files: The files of one model; the first has the key-values.
    package init(files: [TensorFile], logger: Logger) {
        metadata = files.first?.gguf ?? GGUFMetadata(file: "", entries: [])
        tensors = files.reduce(into: [:]) { $0.merge($1.tensors) { first, _ in first } }
        self.logger = logger
    }

    /// The configuration; biases, tied embeddings and scaled rotations are derived from the tensors.
    package func read() throws(CheckpointError) -> ModelConfiguration {
        try checkFamily()
        let dim = try int("embedding_length", in: .width)
        let nHeads = try int("attention.head_count", in: .modelCount)
        let nKVHeads = try optionalInt("attention.head_count_kv", in: .modelCount) ?? nHeads
        let headDim = try headDim(dim: dim, nHeads: nHeads)
        guard nHeads.isMultiple(of: nKVHeads) else {
            throw metadata.invalid(
                "llama.attention.head_count_kv", expected: "a divisor of \(nHeads) heads",
                found: "\(nKVHeads)")
        }
        let contextLength = try contextLength()
        try check(NeutralKey.gguf(dim: dim, headDim: headDim, contextLength: contextLength))
        let vocabularySize = try vocabularySize()
        let epsilon = try number("attention.layer_norm_rms_epsilon", in: 1e-12...1)
        let layer = { (name: String) in tensors["blk.0.\(name).bias"] != nil }
        return ModelConfiguration(
            dim: dim, nLayers: try int("block_count", in: .modelCount), nHeads: nHeads, nKVHeads: nKVHeads,
            headDim: headDim, hiddenDim: try int("feed_forward_length", in: .width),
            vocabularySize: vocabularySize,
            normEpsilon: Float(try required("llama.attention.layer_norm_rms_epsilon", epsilon)),
            rope: try GGUFRoPE(self, headDim: headDim).read(), ropeLayout: .interleaved,
            tiesEmbeddings: tensors["output.weight"] == nil,
            hasAttentionBias: ["attn_q", "attn_k", "attn_v", "attn_output"].contains(where: layer),
            hasFeedForwardBias: ["ffn_gate", "ffn_up", "ffn_down"].contains(where: layer),
            contextLength: contextLength, stopTokens: try stopTokens(vocabularySize: vocabularySize))
    }

    private func checkFamily() throws(CheckpointError) {
        let key = "general.architecture"
        guard let family = try metadata.string(key), family == "llama" else {
            throw metadata.invalid(key, expected: "llama", found: try metadata.string(key) ?? "none")
        }
    }

    private func headDim(dim: Int, nHeads: Int) throws(CheckpointError) -> Int {
        let stated = try optionalInt("attention.key_length", in: .modelCount)
        guard stated != nil || dim.isMultiple(of: nHeads) else {
            throw metadata.invalid(
                "llama.attention.head_count", expected: "a divisor of embedding_length \(dim)",
                found: "\(nHeads)")
        }
        let headDim = stated ?? dim / nHeads
        guard headDim.isMultiple(of: 2), ClosedRange.modelCount.contains(headDim) else {
            throw metadata.invalid(
                stated == nil ? "llama.attention.head_count" : "llama.attention.key_length",
                expected: "heads of an even width up to \(ClosedRange.modelCount.upperBound)",
                found: "\(headDim)")
        }
        for key in ["attention.value_length", "rope.dimension_count"] {
            guard let width = try optionalInt(key, in: 0...Int.max), width != headDim else { continue }
            throw metadata.invalid(
                "llama.\(key)", expected: "the width of a head, \(headDim)", found: "\(width)")
        }
        return headDim
    }

    /// As stated, else as many as the vocabulary has tokens.
    private func vocabularySize() throws(CheckpointError) -> Int {
        if let size = try optionalInt("vocab_size", in: .vocabulary) { return size }
        let key = "tokenizer.ggml.tokens"
        let size = try required("llama.vocab_size", try metadata.strings(key)?.count)
        guard ClosedRange.vocabulary.contains(size) else {
            throw metadata.invalid(
                key, expected: "1 to \(ClosedRange.vocabulary.upperBound) tokens", found: "\(size)")
        }
        return size
    }

    private func contextLength() throws(CheckpointError) -> Int? {
        let length = try optionalInt("context_length", in: .context)
        return try metadata.bool(GGUFConfiguration.assumedContext) == true
            ? nil : length
    }

    private func stopTokens(vocabularySize: Int) throws(CheckpointError) -> Set<Int32> {
        var tokens: Set<Int32> = []
        for name in ["eos", "eot", "eom"] {
            let key = "tokenizer.ggml.\(name)_token_id"
            // -1, which in 32 unsigned bits is the largest number, means none.
            guard let id = try metadata.int(key), id >= 0, id != Int(UInt32.max) else { continue }
            guard let token = Int32(exactly: id) else {
                throw metadata.invalid(key, expected: "an id of 31 bits", found: "\(id)")
            }
            guard id < vocabularySize else {
                logger.notice(
                    "\(metadata.file): \(key) \(id) left out: the vocabulary has \(vocabularySize) ids")
                continue
            }
            tokens.insert(token)
        }
        for id in try metadata.ints(GGUFConfiguration.stopTokens) ?? [] {
            if let token = Int32(exactly: id), (0..<vocabularySize).contains(id) { tokens.insert(token) }
        }
        return tokens
    }
}

extension GGUFConfiguration {
    /// `llama.KEY` as a whole number in `range`, or nil where it is absent. An array with one number per layer is
    /// accepted where all are equal.
    package func optionalInt(_ key: String, in range: ClosedRange<Int>) throws(CheckpointError) -> Int? {
        let key = "llama." + key
        guard let value = try equalInts(key) else { return nil }
        guard range.contains(value) else {
            throw metadata.invalid(
                key, expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(value)")
        }
        return value
    }

    private func equalInts(_ key: String) throws(CheckpointError) -> Int? {
        guard case .array = metadata[key] else { return try metadata.int(key) }
        let values = try metadata.ints(key) ?? []
        guard let first = values.first, values.allSatisfy({ $0 == first }) else {
            throw metadata.invalid(
                key, expected: "the same number for every layer",
                found: values.isEmpty ? "none" : "\(values.min() ?? 0) to \(values.max() ?? 0)")
        }
        return first
    }

    /// `llama.KEY` as a whole number in `range`.
    package func int(_ key: String, in range: ClosedRange<Int>) throws(CheckpointError) -> Int {
        try required("llama." + key, try optionalInt(key, in: range))
    }

    /// `llama.KEY` as a finite number in `range`, or nil where it is absent.
    package func number(_ key: String, in range: ClosedRange<Double>) throws(CheckpointError) -> Double? {
        let key = "llama." + key
        guard let value = try metadata.double(key) else { return nil }
        guard range.contains(value) else {
            throw metadata.invalid(
                key, expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(value)")
        }
        return value
    }

    /// A number, or an error where it is nil.
    package func required<Number>(_ key: String, _ value: Number?) throws(CheckpointError) -> Number {
        guard let value else { throw metadata.invalid(key, expected: "a number", found: "none") }
        return value
    }
}
