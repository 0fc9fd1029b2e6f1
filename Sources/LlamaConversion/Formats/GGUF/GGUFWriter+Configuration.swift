import LlamaCheckpoints
import LlamaTensors

extension GGUFWriter {
    /// The key-values that describe a Llama of this configuration to llama.cpp and to this package; the tokenizer's are
    /// not among them.
    ///
    /// Our own keys keep what the standard ones round or leave out. One says that the context length is assumed, because
    /// llama.cpp does not open a file without one.
    ///
    /// - Parameters:
    ///   - name: For `general.name`.
    ///   - dtype: The type of most weights, for `general.file_type`.
    ///   - isQuantizedHere: Whether this package chose the types of the other weights.
    package static func metadata(
        for configuration: ModelConfiguration, name: String, dtype: DType, isQuantizedHere: Bool = false
    ) -> [(key: String, value: GGUFValue)] {
        var entries: [(key: String, value: GGUFValue)] = [
            ("general.architecture", .text("llama")), ("general.type", .text("model")),
            ("general.name", .text(name)),
            ("general.alignment", .uint32(UInt32(GGUFFile.defaultAlignment))),
        ]
        if let type = fileType(dtype, isQuantizedHere) {
            entries.append(("general.file_type", .uint32(type)))
        }
        // Version of GGML's block formats, since 2023.
        if dtype.isBlockFormat { entries.append(("general.quantization_version", .uint32(2))) }
        return entries + shape(configuration) + rope(configuration.rope) + ownKeys(configuration)
    }

    /// Values of the tensor `rope_freqs.weight` `[headDim / 2]`, in F32, where the rotations need it.
    package static func ropeFactors(for configuration: ModelConfiguration) -> (
        tensor: TensorSpec, values: [Float]
    )? {
        let rope = configuration.rope
        let factors = RoPEFactors(theta: rope.theta, scaling: rope.scaling, headDim: configuration.headDim)
        guard let values = factors?.values else { return nil }
        return (TensorSpec(name: TensorNaming.ropeFactors, dtype: .float32, shape: [values.count]), values)
    }

    private static func shape(_ configuration: ModelConfiguration) -> [(key: String, value: GGUFValue)] {
        let numbers: [(String, Int)] = [
            ("vocab_size", configuration.vocabularySize),
            (
                "context_length",
                configuration.contextLength ?? AssumedContextLength(configuration).length
            ),
            ("embedding_length", configuration.dim), ("block_count", configuration.nLayers),
            ("feed_forward_length", configuration.hiddenDim),
            ("attention.head_count", configuration.nHeads),
            ("attention.head_count_kv", configuration.nKVHeads),
            ("attention.key_length", configuration.headDim),
            ("attention.value_length", configuration.headDim),
            ("rope.dimension_count", configuration.headDim),
        ]
        return numbers.map { ("llama." + $0.0, .uint32(UInt32(clamping: $0.1))) }
            + [("llama.attention.layer_norm_rms_epsilon", .float32(configuration.normEpsilon))]
    }

    private static func rope(_ rope: RoPEConfiguration) -> [(key: String, value: GGUFValue)] {
        var entries: [(key: String, value: GGUFValue)] = [
            ("llama.rope.freq_base", .float32(Float(rope.theta)))
        ]
        if Double(Float(rope.theta)) != rope.theta {
            entries.append((GGUFRoPE.ownTheta, .float64(rope.theta)))
        }
        switch rope.scaling {
        case .none, .factors: break
        case .linear(let factor):
            entries.append(("llama.rope.scaling.type", .text("linear")))
            entries.append(("llama.rope.scaling.factor", .float32(Float(factor))))
            if Double(Float(factor)) != factor {
                entries.append((GGUFRoPE.ownScaling + "linear_factor", .float64(factor)))
            }
        case .llama3(let factor, let low, let high, let originalLength):
            let prefix = GGUFRoPE.ownScaling
            entries.append((prefix + "factor", .float64(factor)))
            entries.append((prefix + "low_freq_factor", .float64(low)))
            entries.append((prefix + "high_freq_factor", .float64(high)))
            entries.append((prefix + "original_context_length", .uint32(UInt32(clamping: originalLength))))
        }
        return entries
    }

    private static func ownKeys(_ configuration: ModelConfiguration) -> [(key: String, value: GGUFValue)] {
        var entries: [(key: String, value: GGUFValue)] = []
        if configuration.contextLength == nil {
            entries.append((GGUFConfiguration.assumedContext, .bool(true)))
        }
        if !configuration.stopTokens.isEmpty {
            entries.append((GGUFConfiguration.stopTokens, .array(.int32(configuration.stopTokens.sorted()))))
        }
        return entries
    }

    /// Source: `enum llama_ftype` in llama.cpp's `llama.h`; for the K-quants, the medium mix, except that Q4_K written here
    /// has fewer bits: the small one.
    private static func fileType(_ dtype: DType, _ isQuantizedHere: Bool) -> UInt32? {
        switch dtype {
        case .float32: 0
        case .float16: 1
        case .q4_0: 2
        case .q4_1: 3
        case .q8_0: 7
        case .q5_0: 8
        case .q5_1: 9
        case .q2_K: 10
        case .q3_K: 12
        case .q4_K: isQuantizedHere ? 14 : 15
        case .q5_K: 17
        case .q6_K: 18
        case .bfloat16: 32
        case .float64, .int64, .int32, .int16, .int8, .uint8, .bool: nil
        }
    }
}
