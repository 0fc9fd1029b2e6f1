import LlamaCheckpoints
import LlamaCommands
import LlamaJSON
import LlamaKernels
import LlamaTensors

/// One run of `llama-bench kernels`.
struct KernelSession {
    /// Time that the calls of one repetition take at least.
    private static let shortest = Duration.milliseconds(10)

    private let options: KernelBenchmark
    private let progress = Progress()

    init(_ options: KernelBenchmark) { self.options = options }

    func run() throws {
        Interrupt.watch()
        defer { progress.clear() }
        let kernels = try options.common.kernels()
        let dtypes = options.dtype.map { [$0.randomType] } ?? DType.allCases.filter(\.isWeightType)
        var results: [KernelResult] = []
        for dtype in dtypes { results += try linear(dtype, kernels) }
        results += try others(options.dtype?.randomType ?? .float16, kernels)
        try Interruption.check()
        progress.clear()
        try report(Machine(kernels), results)
    }

    /// A type whose blocks do not fit the rows of the shape is left out.
    private func linear(_ dtype: DType, _ kernels: KernelContext) throws -> [KernelResult] {
        let shape = options.shape.configuration
        guard RandomWeights.storedType(of: [shape.hiddenDim, shape.dim], dtype) == dtype else { return [] }
        progress.show("linear \(dtype.rawValue): making weights")
        let operands = KernelOperands(shape, on: kernels)
        let matrices = try operands.matrices(dtype)
        let limits = Limits(matrices, on: kernels)
        return try options.tokens.counts.map {
            try measure(operands.linear(matrices, tokens: $0), limits, kernels)
        }
    }

    private func others(_ dtype: DType, _ kernels: KernelContext) throws -> [KernelResult] {
        let tokens = options.tokens.counts
        let operands = KernelOperands(options.shape.configuration, on: kernels)
        let matrices = try operands.matrices(dtype)
        let limits = Limits(matrices, on: kernels)
        var results = try tokens.map { try measure(operands.swiGLU(matrices, tokens: $0), limits, kernels) }
        for count in tokens { results.append(try measure(operands.rmsNorm(tokens: count), limits, kernels)) }
        for depth in options.depth.counts {
            for count in tokens {
                // Of its own, so that the caches are gone before the next.
                let operands = KernelOperands(options.shape.configuration, on: kernels)
                results.append(
                    try measure(operands.attention(tokens: count, depth: depth), limits, kernels))
            }
        }
        results.append(try measure(operands.logSumExp(), limits, kernels))
        return results
    }

    private func measure(
        _ operation: KernelOperation, _ limits: Limits, _ kernels: KernelContext
    ) throws -> KernelResult {
        let words = [operation.name, operation.dtype, "\(operation.tokens) tokens"].compactMap(\.self)
        progress.show(words.joined(separator: " "))
        var number = 0
        // The first one does not count.
        let repetitions = try (0...options.common.repetitions).map { _ in
            let sample = limits.sample()
            var calls = 0
            let start = ContinuousClock.now
            var elapsed = Duration.zero
            repeat {
                try operation.run(number)
                number += 1
                calls += 1
                elapsed = ContinuousClock.now - start
            } while elapsed < Self.shortest
            try Interruption.check()
            return KernelResult.Repetition(seconds: elapsed.seconds / Double(calls), limits: sample)
        }
        return KernelResult(
            operation: operation, activations: kernels.activations,
            repetitions: Array(repetitions.dropFirst())
        )
    }

    private func report(_ machine: Machine, _ results: [KernelResult]) throws {
        let shape = options.shape.configuration
        guard !options.common.json else {
            return try Console.output(
                JSONText.object([
                    ("machine", machine.json),
                    (
                        "shape",
                        .object([
                            ("name", .string(options.shape.rawValue)), ("dim", .int(shape.dim)),
                            ("hidden", .int(shape.hiddenDim)), ("heads", .int(shape.nHeads)),
                            ("kv_heads", .int(shape.nKVHeads)), ("head_dim", .int(shape.headDim)),
                            ("vocabulary", .int(shape.vocabularySize)),
                        ])
                    ), ("results", .array(results.map(\.json))),
                ]))
        }
        let numbers = Set(2..<KernelResult.titles.count)
        let table = TextTable.lines(
            [KernelResult.titles] + results.map(\.cells), indentation: 0, rightAligned: numbers)
        let widths =
            "\(options.shape.rawValue): \(shape.dim) to \(shape.hiddenDim), \(shape.nHeads) heads of \(shape.headDim), "
            + "\(shape.nKVHeads) with keys"
        let lines = [machine.text, widths, options.common.heading, ""] + table
        try Console.output(lines.joined(separator: "\n") + "\n")
    }
}
