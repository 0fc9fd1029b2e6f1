import LlamaJSON
import LlamaKernels

/// What the machine can do at most, measured in turn with what is compared with it: neighbors on the machine and its
/// clock change from second to second.
struct Limits {
    /// One measurement of each limit.
    struct Sample {
        /// Bytes per second of reading the weights in order.
        let readRate: Double
        /// Operations per second of the arithmetic that is used.
        let rates: [Arithmetic: Double]
    }

    /// Time that each part of a sample takes at least.
    private static let shortest = Duration.milliseconds(10)

    private let kernels: KernelContext
    private let memory: WeightMemory
    private let rounds: [Arithmetic: Int]

    /// - Parameters:
    ///   - matrices: The weights that are measured.
    ///   - kernels: Instruction set and threads.
    init(_ matrices: [WeightMatrix], on kernels: KernelContext) {
        self.kernels = kernels
        memory = WeightMemory(matrices)
        // Attention is computed in floats, whatever the weights.
        let used = Set(matrices.map { kernels.arithmetic(of: $0) }).union([.float32])
        rounds = Dictionary(uniqueKeysWithValues: used.map { ($0, Self.rounds($0, on: kernels)) })
    }

    /// The medians of samples, as `--json` prints them.
    static func json(_ samples: [Sample]) -> JSONText {
        func rate(_ arithmetic: Arithmetic) -> JSONText {
            let rates = samples.compactMap { $0.rates[arithmetic] }
            return rates.isEmpty ? .null : .double(Spread(rates).median)
        }
        return .object([
            ("read_bytes_per_second", .double(Spread(samples.map(\.readRate)).median)),
            ("float_operations_per_second", rate(.float32)),
            ("integer_operations_per_second", rate(.int8)),
            ("bfloat16_operations_per_second", rate(.bfloat16)),
        ])
    }

    /// Measures each limit once.
    func sample() -> Sample {
        let start = ContinuousClock.now
        var bytes = 0
        repeat {
            kernels.read(memory)
            bytes += memory.byteCount
        } while ContinuousClock.now - start < Self.shortest
        return Sample(
            readRate: Double(bytes) / (ContinuousClock.now - start).seconds,
            rates: Dictionary(uniqueKeysWithValues: rounds.map { ($0, rate($0, $1)) }))
    }

    private func rate(_ arithmetic: Arithmetic, _ rounds: Int) -> Double {
        let start = ContinuousClock.now
        let operations = kernels.multiply(arithmetic, rounds: rounds).operations
        return operations / (ContinuousClock.now - start).seconds
    }

    /// As many rounds as take long enough.
    private static func rounds(_ arithmetic: Arithmetic, on kernels: KernelContext) -> Int {
        var rounds = 1
        while true {
            let start = ContinuousClock.now
            _ = kernels.multiply(arithmetic, rounds: rounds)
            guard ContinuousClock.now - start < shortest, rounds < 1 << 30 else { return rounds }
            rounds *= 2
        }
    }
}

extension Duration {
    /// The duration in seconds.
    var seconds: Double { self / .seconds(1) }
}
