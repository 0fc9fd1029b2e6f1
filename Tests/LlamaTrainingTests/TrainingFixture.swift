import LlamaTensors
import Foundation
import LlamaKernels
import LlamaTestSupport
import Testing

@testable import LlamaCheckpoints
@testable import LlamaTraining

/// What `tools/make_training_fixture.py` wrote.
struct TrainingFixture {
    static let (batch, length) = (3, 24)
    static let configuration = ModelConfiguration(
        dim: 32, nLayers: 2, nHeads: 4, nKVHeads: 2, hiddenDim: 96, vocabularySize: 40, normEpsilon: 1e-5,
        ropeTheta: 10000, contextLength: 24)

    private let file: TensorFile
    let losses: [Float]
    let norms: [Float]
    /// Inputs and targets of each step.
    let batches: [(inputs: [Int32], targets: [Int32])]

    init() throws {
        let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
        file = try SafetensorsFile.open(folder.appending(path: "training.safetensors").path)
        losses = try #require(file.tensors["losses"]?.floats())
        norms = try #require(file.tensors["norms"]?.floats())
        let tensor = try #require(file.tensors["batches"])
        let base = try #require(tensor.baseAddress)
        let ids = (0..<tensor.count).map { base.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self) }
        let width = Self.length + 1
        batches = (0..<losses.count).map { step in
            let rows = (0..<Self.batch).map { row in
                Array(ids[(step * Self.batch + row) * width..<(step * Self.batch + row + 1) * width])
            }
            return (rows.flatMap { $0.dropLast() }, rows.flatMap { $0.dropFirst() })
        }
    }

    func floats(_ name: String) throws -> [Float] { try #require(file.tensors[name]?.floats()) }

    /// The model with the weights to begin with.
    func model(threads: Int = 2) throws -> TrainableTransformer {
        let parameters = try ParameterSet(Self.configuration)
        for slice in parameters.slices {
            let values = try floats("weights.\(TensorNaming.meta.name(of: slice.role))")
            try parameters.parameter(slice.role).weight.copy(values)
        }
        return try TrainableTransformer(
            parameters, batch: Self.batch, length: Self.length, kernels: KernelContext(threads: threads),
            blas: OpenBLAS())
    }
}
