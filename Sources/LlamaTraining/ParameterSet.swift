import LlamaCheckpoints
import LlamaKernels
import LlamaTensors

/// The weights of a model in one array of floats, and their gradients and moments in arrays of the same layout.
package final class ParameterSet {
    /// A tensor's elements within each of the arrays.
    struct Slice {
        let role: TensorRole
        let shape: [Int]
        /// Elements of the arrays.
        let range: Range<Int>

        /// Matrices decay; the gains of norms do not.
        var decays: Bool { shape.count > 1 }
    }

    /// The model's shape.
    package let configuration: ModelConfiguration
    /// All tensors, in the order of the arrays.
    let slices: [Slice]
    /// All weights `[count, 1]`.
    let weights: FloatMatrix
    /// The gradients of all weights `[count, 1]`.
    let gradients: FloatMatrix
    /// Adam's mean of the gradients `[count, 1]`.
    let firstMoments: FloatMatrix
    /// Adam's mean of the squared gradients `[count, 1]`.
    let secondMoments: FloatMatrix
    private let parameters: [TensorRole: Parameter]
    private let arena = FloatArena()

    /// Number of weights.
    package var count: Int { weights.count }

    init(_ configuration: ModelConfiguration) throws(KernelError) {
        self.configuration = configuration
        var slices: [Slice] = []
        var end = 0
        for role in TensorRole.all(of: configuration) {
            let shape = role.shape(in: configuration)
            let count = shape.reduce(1, *)
            slices.append(Slice(role: role, shape: shape, range: end..<end + count))
            end += count
        }
        self.slices = slices
        weights = try arena.matrix(rows: end, columns: 1)
        gradients = try arena.matrix(rows: end, columns: 1)
        firstMoments = try arena.matrix(rows: end, columns: 1)
        secondMoments = try arena.matrix(rows: end, columns: 1)
        var parameters: [TensorRole: Parameter] = [:]
        for slice in slices {
            let columns = slice.shape.last ?? 1
            let rows = slice.range.count / max(columns, 1)
            parameters[slice.role] = Parameter(
                weight: try weights.rows(slice.range).reshaped(rows: rows, columns: columns),
                gradient: try gradients.rows(slice.range).reshaped(rows: rows, columns: columns))
        }
        self.parameters = parameters
    }

    /// The weight of a role and its gradient, as matrices.
    ///
    /// - Throws: ``KernelError/unsuitableWeights(_:)`` for a role that the model does not have.
    func parameter(_ role: TensorRole) throws(KernelError) -> Parameter {
        guard let parameter = parameters[role] else {
            throw .unsuitableWeights(TensorNaming.meta.name(of: role))
        }
        return parameter
    }

    /// A copy of the weight of a role, row after row; empty for a role that the model does not have.
    package func values(_ role: TensorRole) -> [Float] { parameters[role]?.weight.elements ?? [] }

    func clearGradients() { gradients.fill(0) }
}

/// A weight that is trained and its gradient: `[outputs, inputs]`, or `[1, dim]` for the gain of a norm.
struct Parameter {
    let weight: FloatMatrix
    let gradient: FloatMatrix
}

extension ParameterSet {
    /// Fills the weights with random numbers: normal, of standard deviation 0.02, and smaller by the root of the
    /// number of additions where a layer adds to the residual stream (Radford et al. 2019). Gains begin at 1.
    func initialize(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let residual = 0.02 / Float(2 * configuration.nLayers).squareRoot()
        weights.withMutableSpan { weights in
            for slice in slices {
                let deviation: Float =
                    switch slice.role {
                    case .layer(_, .wo), .layer(_, .w2): residual
                    default: 0.02
                    }
                for index in slice.range {
                    weights[index] = slice.decays ? deviation * generator.nextNormal() : 1
                }
            }
        }
    }
}
