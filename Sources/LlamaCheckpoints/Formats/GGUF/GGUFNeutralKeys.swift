extension NeutralKey {
    /// Keys of a GGUF file, without the family before them.
    ///
    /// Source: `LLM_KV_NAMES` in llama.cpp's `llama-arch.cpp`; a scale of 0 is one that is not set there.
    static func gguf(dim: Int, headDim: Int, contextLength: Int?) -> [NeutralKey] {
        [
            NeutralKey("expert_count", .off, Reason.experts),
            NeutralKey("logit_scale", .numberOrZero(1), Reason.logits),
            NeutralKey("final_logit_softcapping", .off, Reason.logits),
            NeutralKey("embedding_scale", .numberOrZero(1), Reason.embeddings),
            NeutralKey("embedding_length_out", .numberOrZero(Double(dim)), Reason.embeddings),
            NeutralKey("residual_scale", .numberOrZero(1), Reason.residuals),
            NeutralKey("use_parallel_residual", .off, Reason.residuals),
            NeutralKey("attention.scale", .numberOrZero(1 / Double(headDim).squareRoot()), Reason.scores),
            NeutralKey("attention.output_scale", .numberOrZero(1), Reason.scores),
            NeutralKey("attention.temperature_scale", .off, Reason.scores),
            NeutralKey("attn_logit_softcapping", .off, Reason.scores),
            NeutralKey("attention.clamp_kqv", .off, Reason.clipping),
            NeutralKey("attention.max_alibi_bias", .off, Reason.rotations),
            NeutralKey("rope.scaling.attn_factor", .number(1), Reason.rotations),
            NeutralKey("rope.scaling.yarn_attn_factor", .number(1), Reason.rotations),
            NeutralKey("rope.scaling.yarn_ext_factor", .off, Reason.rotations),
            NeutralKey("rope.scaling.yarn_log_multiplier", .off, Reason.rotations),
            NeutralKey("rope.scaling.alpha", .numberOrZero(1), Reason.rotations),
            NeutralKey("attention.causal", .on, Reason.positions),
            NeutralKey("attention.sliding_window", .atLeast(contextLength), Reason.positions),
            NeutralKey("attention.shared_kv_layers", .off, Reason.positions),
        ]
    }
}

extension GGUFConfiguration {
    /// Refuses keys that would change the model's output if they were ignored.
    func check(_ keys: [NeutralKey]) throws(CheckpointError) {
        for key in keys {
            let name = "llama." + key.key
            guard let value = metadata[name], !key.allows(StatedValue(value)) else { continue }
            throw .invalid(
                metadata.file, name, expected: key.expected(insteadOf: StatedValue(value)),
                found: value.excerpt, advice: key.reason)
        }
    }
}

extension StatedValue {
    /// The value of a GGUF key.
    init(_ value: GGUFValue) {
        switch value {
        case .bool(let flag): self = .flag(flag)
        case .uint8(let number): self = .number(Double(number))
        case .int8(let number): self = .number(Double(number))
        case .uint16(let number): self = .number(Double(number))
        case .int16(let number): self = .number(Double(number))
        case .uint32(let number): self = .number(Double(number))
        case .int32(let number): self = .number(Double(number))
        case .uint64(let number): self = .number(Double(number))
        case .int64(let number): self = .number(Double(number))
        case .float32(let number): self = .number(Double(number))
        case .float64(let number): self = .number(number)
        case .string(let bytes): self = .word(String(decoding: bytes, as: UTF8.self))
        case .array(.bool(let flags)): self = .list(flags.map(StatedValue.flag))
        case .array(let array):
            let numbers = array.ints.map { $0.map(Double.init) } ?? array.floats.map { $0.map(Double.init) }
            self = numbers.map { .list($0.map(StatedValue.number)) } ?? .object(isEmpty: array.count == 0)
        }
    }
}
