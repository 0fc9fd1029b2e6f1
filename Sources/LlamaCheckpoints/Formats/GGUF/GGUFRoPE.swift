import Logging
import LlamaTensors

/// The rotations of a GGUF file, from its keys and the tensor `rope_freqs.weight`.
package struct GGUFRoPE {
    /// The prefix of our own keys for scaling.
    package static let ownScaling = GGUFConfiguration.ownPrefix + "rope.scaling."
    /// Our own key for the base in double precision.
    package static let ownTheta = GGUFConfiguration.ownPrefix + "rope.theta"

    private let configuration: GGUFConfiguration
    private let headDim: Int

    package init(_ configuration: GGUFConfiguration, headDim: Int) {
        (self.configuration, self.headDim) = (configuration, headDim)
    }

    private var metadata: GGUFMetadata { configuration.metadata }

    /// The rotations.
    ///
    /// - Throws: where keys and tensor contradict each other, or ask for another scaling.
    package func read() throws(CheckpointError) -> RoPEConfiguration {
        let theta = try theta()
        let linear = try linearFactor()
        guard let factors = try factors() else {
            let scaling = linear.map { RoPEConfiguration.Scaling.linear(factor: $0) } ?? .none
            return RoPEConfiguration(theta: theta, scaling: try ownLlama3() ?? scaling)
        }
        guard linear == nil else {
            throw .unsupported(
                metadata.file, at: TensorNaming.ropeFactors, "this together with linear scaling")
        }
        return RoPEConfiguration(theta: theta, scaling: try scaling(theta: theta, factors: factors))
    }

    /// Our own key makes the standard one more precise, but cannot contradict it.
    private func theta() throws(CheckpointError) -> Double {
        let standard = try configuration.number("rope.freq_base", in: 1...1e12) ?? 10000
        return try refined(standard, by: GGUFRoPE.ownTheta, of: "llama.rope.freq_base")
    }

    private func refined(_ standard: Double, by own: String, of key: String) throws(CheckpointError) -> Double
    {
        guard let exact = try metadata.double(own) else { return standard }
        guard Float(exact) == Float(standard) else {
            throw metadata.invalid(own, expected: "\(standard), as in \(key)", found: "\(exact)")
        }
        return exact
    }

    /// Nil where positions are not interpolated. A factor without a type is linear, as in llama.cpp.
    private func linearFactor() throws(CheckpointError) -> Double? {
        let type = try metadata.string("llama.rope.scaling.type") ?? "linear"
        guard ["none", "linear"].contains(type) else {
            throw .unsupported(metadata.file, at: "llama.rope.scaling.type", "\(type) scaling of rotations")
        }
        guard type == "linear" else { return nil }
        for key in ["rope.scaling.factor", "rope.scale_linear"] {
            guard let factor = try configuration.number(key, in: 0...1e12), factor != 0 else { continue }
            let exact = try refined(factor, by: GGUFRoPE.ownScaling + "linear_factor", of: "llama.\(key)")
            return exact == 1 ? nil : exact
        }
        return nil
    }

    /// Values of `rope_freqs.weight` `[headDim / 2]`, or nil where the file has none.
    private func factors() throws(CheckpointError) -> [Float]? {
        let name = TensorNaming.ropeFactors
        guard let tensor = configuration.tensors[name] else { return nil }
        guard tensor.dtype == .float32, tensor.shape == [headDim / 2], let factors = tensor.floats() else {
            throw metadata.invalid(
                name, expected: "F32 [\(headDim / 2)]", found: "\(tensor.dtype.rawValue) \(tensor.shape)")
        }
        if let odd = factors.first(where: { !($0 > 0 && $0.isFinite) }) {
            throw metadata.invalid(name, expected: "factors above 0", found: "\(odd)")
        }
        return factors
    }

    /// Llama 3.1's scheme where it gives these factors, else the factors themselves.
    private func scaling(
        theta: Double, factors: [Float]
    ) throws(CheckpointError) -> RoPEConfiguration.Scaling {
        if let own = try ownLlama3() {
            guard RoPEFactors(theta: theta, scaling: own, headDim: headDim)?.isClose(to: factors) == true
            else {
                throw metadata.invalid(
                    TensorNaming.ropeFactors, expected: "the factors that \(GGUFRoPE.ownScaling)* give",
                    found: "others")
            }
            return own
        }
        if factors.allSatisfy({ $0 == 1 }) { return .none }
        // Meta's factors first (in narrow heads no pair has the full factor), then that of the slowest pair.
        for factor in [8, 32, factors.last ?? 8] {
            let scaling = RoPEConfiguration.Scaling.llama3(
                factor: Double(factor), lowFrequencyFactor: 1, highFrequencyFactor: 4, originalLength: 8192)
            if RoPEFactors(theta: theta, scaling: scaling, headDim: headDim)?.isClose(to: factors) == true {
                configuration.logger.debug(
                    "\(metadata.file): \(TensorNaming.ropeFactors) is Llama 3.1's scaling by \(factor)")
                return scaling
            }
        }
        return .factors(factors)
    }

    private func ownLlama3() throws(CheckpointError) -> RoPEConfiguration.Scaling? {
        let prefix = GGUFRoPE.ownScaling
        guard let factor = try metadata.double(prefix + "factor") else { return nil }
        let low = try configuration.required(
            prefix + "low_freq_factor", try metadata.double(prefix + "low_freq_factor"))
        let high = try configuration.required(
            prefix + "high_freq_factor", try metadata.double(prefix + "high_freq_factor"))
        let length = try configuration.required(
            prefix + "original_context_length", try metadata.int(prefix + "original_context_length"))
        guard factor > 0, factor.isFinite, low > 0, high > low, high.isFinite,
            ClosedRange.context.contains(length)
        else {
            throw metadata.invalid(
                prefix + "factor", expected: "numbers above 0, high_freq_factor above low_freq_factor",
                found: "\(factor), \(low), \(high), \(length)")
        }
        return .llama3(
            factor: factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalLength: length)
    }
}
