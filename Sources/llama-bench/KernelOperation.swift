import LlamaCommands
import LlamaJSON
import LlamaKernels

/// One operation, ready to run: its operands are allocated.
struct KernelOperation {
    let name: String
    /// The type of its weights; nil where it has none.
    let dtype: String?
    let tokens: Int
    /// Tokens in the cache before; nil where it has none.
    let depth: Int?
    /// How it multiplies.
    let arithmetic: Arithmetic
    /// Multiplications and additions; nil where other ones take the time.
    let operations: Double?
    /// Bytes of weights, keys and values, and of inputs and outputs.
    let bytes: Double
    /// Runs it, with other weights for every number.
    let run: (_ number: Int) throws(KernelError) -> Void
}

/// The outcome of measuring an operation.
struct KernelResult {
    /// One repetition: seconds of one call, and what the machine could do just before.
    struct Repetition {
        let seconds: Double
        let limits: Limits.Sample
    }

    let operation: KernelOperation
    let activations: ActivationType
    let repetitions: [Repetition]

    private var seconds: Spread { Spread(repetitions.map(\.seconds)) }
    private var operationRate: Double? { operation.operations.map { $0 / seconds.median } }
    private var byteRate: Double { operation.bytes / seconds.median }

    private var bandwidthShare: Double {
        median { operation.bytes / $0.limits.readRate / $0.seconds }
    }

    private var arithmeticShare: Double? {
        operation.operations.map { operations in
            median { operations / peak($0.limits) / $0.seconds }
        }
    }

    private func peak(_ sample: Limits.Sample) -> Double {
        sample.rates[operation.arithmetic] ?? .infinity
    }

    private func median(_ value: (Repetition) -> Double) -> Double { Spread(repetitions.map(value)).median }

    /// The object that `--json` prints.
    var json: JSONText {
        .object([
            ("operation", .string(operation.name)), ("dtype", operation.dtype.map { .string($0) } ?? .null),
            ("activations", .string(activations.rawValue)), ("tokens", .int(operation.tokens)),
            ("depth", operation.depth.map { .int($0) } ?? .null), ("seconds", seconds.json),
            ("operations_per_second", operationRate.map { .double($0) } ?? .null),
            ("bytes_per_second", .double(byteRate)), ("bandwidth_share", .double(bandwidthShare)),
            ("arithmetic_share", arithmeticShare.map { .double($0) } ?? .null),
            ("limits", Limits.json(repetitions.map(\.limits))),
        ])
    }

    /// The titles of ``cells``.
    static let titles = [
        "operation", "dtype", "tokens", "depth", "µs", "min", "max", "GOP/s", "GB/s", "bandwidth",
        "arithmetic",
    ]

    /// A row of the table for a person.
    var cells: [String] {
        [
            operation.name, operation.dtype ?? "", "\(operation.tokens)",
            operation.depth.map(String.init) ?? "", Number.short(seconds.median * 1e6),
            Number.short(seconds.minimum * 1e6), Number.short(seconds.maximum * 1e6),
            operationRate.map { Number.short($0 / 1e9) } ?? "", Number.short(byteRate / 1e9),
            Number.percent(bandwidthShare), arithmeticShare.map(Number.percent) ?? "",
        ]
    }
}
