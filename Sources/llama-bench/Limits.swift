import LlamaJSON
import LlamaKernels

/// What the machine can do at most, measured in turn with what is compared with it: neighbors on the machine and its
/// clock change from second to second.
struct Limits {
    /// One measurement of each limit.
    struct Sample {
        /// Bytes per second of reading the weights in order.
        let readRate: Double
        /// Operations per second of multiply-adds of float32.
        let floatRate: Double
        /// Operations per second of multiply-adds of 8-bit integers; nil where nothing is computed in them.
        let integerRate: Double?
    }

    /// Time that each part of a sample takes at least.
    private static let shortest = Duration.milliseconds(10)

    private let kernels: KernelContext
    private let memory: WeightMemory
    private let rounds: (float: Int, integer: Int?)

    /// - Parameters:
    ///   - matrices: The weights that are measured.
    ///   - kernels: Instruction set and threads.
    init(_ matrices: [WeightMatrix], on kernels: KernelContext) {
        self.kernels = kernels
        memory = WeightMemory(matrices)
        let hasIntegers = matrices.contains { kernels.arithmetic(of: $0) == .int8 }
        rounds = (
            Self.rounds(.float32, on: kernels), hasIntegers ? Self.rounds(.int8, on: kernels) : nil
        )
    }

    /// The medians of samples, as `--json` prints them.
    static func json(_ samples: [Sample]) -> JSONText {
        let integers = samples.compactMap(\.integerRate)
        return .object([
            ("read_bytes_per_second", .double(Spread(samples.map(\.readRate)).median)),
            ("float_operations_per_second", .double(Spread(samples.map(\.floatRate)).median)),
            (
                "integer_operations_per_second",
                integers.isEmpty ? .null : .double(Spread(integers).median)
            ),
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
            floatRate: rate(.float32, rounds.float), integerRate: rounds.integer.map { rate(.int8, $0) })
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
