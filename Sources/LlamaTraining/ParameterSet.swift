import LlamaCheckpoints
import LlamaKernels

/// The weights of a model in one array of floats, and their gradients and moments in arrays of the same layout.
package final class ParameterSet {
    /// Where one tensor lies.
    struct Slice {
        let role: TensorRole
        let shape: [Int]
        let offset: Int
        let count: Int

        /// Matrices decay; the gains of norms do not.
        var decays: Bool { shape.count > 1 }
    }

    /// The model's shape.
    package let configuration: ModelConfiguration
    /// All tensors, in the order in which they lie.
    let slices: [Slice]
    let weights: FloatBuffer
    let gradients: FloatBuffer
    /// Adam's mean of the gradients, and of their squares.
    let moments: (first: FloatBuffer, second: FloatBuffer)
    private let places: [TensorRole: Slice]

    /// Number of weights, and of floats in each array.
    package var count: Int { weights.count }

    init(_ configuration: ModelConfiguration) throws(KernelError) {
        self.configuration = configuration
        var slices: [Slice] = []
        var end = 0
        for role in TensorRole.all(of: configuration) {
            let shape = role.shape(in: configuration)
            let count = shape.reduce(1, *)
            slices.append(Slice(role: role, shape: shape, offset: end, count: count))
            end += count
        }
        self.slices = slices
        places = Dictionary(uniqueKeysWithValues: slices.map { ($0.role, $0) })
        weights = try FloatBuffer(count: end)
        gradients = try FloatBuffer(count: end)
        moments = (try FloatBuffer(count: end), try FloatBuffer(count: end))
    }

    /// The weight of a role, which is one of the model's.
    func weight(_ role: TensorRole) -> UnsafeMutablePointer<Float> { weights.base + offset(role) }

    /// The gradient of a role.
    func gradient(_ role: TensorRole) -> UnsafeMutablePointer<Float> { gradients.base + offset(role) }

    /// The weight of a role, for writing it to a file.
    package func values(_ role: TensorRole) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: weight(role), count: places[role]?.count ?? 0)
    }

    func clearGradients() { gradients.base.update(repeating: 0, count: count) }

    private func offset(_ role: TensorRole) -> Int { places[role]?.offset ?? 0 }
}

extension ParameterSet {
    /// Fills the weights with random numbers: normal, of standard deviation 0.02, and smaller by the root of the
    /// number of additions where a layer adds to the residual stream (Radford et al. 2019). Gains begin at 1.
    func initialize(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let residual = 0.02 / Float(2 * configuration.nLayers).squareRoot()
        for slice in slices {
            let base = weights.base + slice.offset
            guard slice.decays else {
                base.update(repeating: 1, count: slice.count)
                continue
            }
            let deviation: Float =
                switch slice.role {
                case .layer(_, .wo), .layer(_, .w2): residual
                default: 0.02
                }
            for index in 0..<slice.count { base[index] = deviation * generator.nextNormal() }
        }
    }
}
