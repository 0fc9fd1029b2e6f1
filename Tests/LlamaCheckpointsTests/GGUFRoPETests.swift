import LlamaTensors
@testable import LlamaCheckpointTestSupport
import Testing

@testable import LlamaCheckpoints

/// Scaled rotations by the keys and factors of GGUF files.
@Suite struct GGUFRoPETests {
    private static let headDim = 64

    private func rope(
        factors: [Float]? = nil, edit: (inout GGUFBuilder) -> Void = { _ in }
    ) throws -> RoPEConfiguration {
        var builder = GGUFBuilder(TinyModel(nLayers: 1, headDim: GGUFRoPETests.headDim))
        builder.set("llama.rope.freq_base", Float(500_000))
        if let factors {
            var tensor = TestTensor("rope_freqs.weight", .float32, [factors.count])
            tensor.bytes = factors.withUnsafeBytes(Array.init)
            builder.add(tensor)
        }
        edit(&builder)
        return try TemporaryFolder.gguf(builder.bytes).open().configuration.rope
    }

    private func llama3(_ factor: Double, low: Double = 1) -> RoPEConfiguration.Scaling {
        .llama3(factor: factor, lowFrequencyFactor: low, highFrequencyFactor: 4, originalLength: 8192)
    }

    private func factors(_ scaling: RoPEConfiguration.Scaling) throws -> [Float] {
        try #require(RoPEFactors(theta: 500_000, scaling: scaling, headDim: GGUFRoPETests.headDim)).values
    }

    @Test(arguments: [8.0, 32, 16]) func recognizesLlama3ByItsFactors(factor: Double) throws {
        #expect(try rope(factors: factors(llama3(factor))).scaling == llama3(factor))
        // Another power function's rounding.
        let rounded = try factors(llama3(factor)).map { [1, Float(factor)].contains($0) ? $0 : $0.nextUp }
        #expect(try rope(factors: rounded).scaling == llama3(factor))
    }

    @Test func keepsOtherFactors() throws {
        var factors = try factors(llama3(8))
        factors[20] *= 1.001
        let rope = try rope(factors: factors)
        #expect(rope.scaling == .factors(factors))
        let plain = RoPEConfiguration(theta: 500_000, scaling: .none).inverseFrequencies(headDim: 64)
        #expect(rope.inverseFrequencies(headDim: 64) == zip(plain, factors).map { $0 / $1 })
    }

    @Test func takesFactorsOfOneForNone() throws {
        #expect(try rope(factors: [Float](repeating: 1, count: 32)).scaling == .none)
    }

    @Test func prefersOurOwnKeys() throws {
        let scaling = llama3(8, low: 2)
        let rope = try rope(factors: factors(scaling)) { builder in
            builder.set("swift-llama.rope.scaling.factor", 8.0)
            builder.set("swift-llama.rope.scaling.low_freq_factor", 2.0)
            builder.set("swift-llama.rope.scaling.high_freq_factor", 4.0)
            builder.set("swift-llama.rope.scaling.original_context_length", UInt32(8192))
        }
        #expect(rope.scaling == scaling)
    }

    @Test func readsLinearScaling() throws {
        let typed = try rope {
            $0.set("llama.rope.scaling.type", "linear")
            $0.set("llama.rope.scaling.factor", Float(4))
        }
        #expect(typed.scaling == .linear(factor: 4))
        #expect(try rope { $0.set("llama.rope.scale_linear", Float(2)) }.scaling == .linear(factor: 2))
        let none = try rope {
            $0.set("llama.rope.scaling.type", "none")
            $0.set("llama.rope.scaling.factor", Float(4))
        }
        #expect(none.scaling == .none)
    }

    /// The quotient is the scheme's own, up to rounding.
    @Test(arguments: [8.0, 32]) func factorsDivideToTheScaledFrequencies(factor: Double) throws {
        let scaled = RoPEConfiguration(theta: 500_000, scaling: llama3(factor)).inverseFrequencies(
            headDim: 64)
        let divided = RoPEConfiguration(theta: 500_000, scaling: .factors(try factors(llama3(factor))))
            .inverseFrequencies(headDim: 64)
        #expect(zip(scaled, divided).allSatisfy { abs($0 - $1) <= 1e-6 * $0 })
    }
}
