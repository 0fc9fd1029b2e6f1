import LlamaCommands
import LlamaJSON
import LlamaKernels

/// What is measured: prompts or decoding, of how many tokens.
struct Measurement {
    enum Kind: String {
        case prefill
        case decode
    }

    let kind: Kind
    /// Of each sequence.
    let tokens: Int
    /// Sequences at the same time.
    let batch: Int
    /// Tokens in the cache before.
    let depth: Int

    /// A few words for a progress line.
    var text: String { "\(kind.rawValue) \(tokens), batch \(batch), depth \(depth)" }
}

/// The outcome of a measurement.
struct ModelResult {
    /// One repetition: how long it took, and what the machine could do just before.
    struct Repetition {
        let seconds: Double
        /// Seconds to the first token, for a prompt.
        let firstToken: Double?
        let limits: Limits.Sample
    }

    let measurement: Measurement
    let dtype: String
    let activations: ActivationType
    let cacheType: CacheType
    let work: Work
    let repetitions: [Repetition]
    /// The most memory that was resident, the mapped weights included.
    let peakMemory: Int?

    /// Tokens of all sequences.
    private var tokens: Double { Double(measurement.tokens * measurement.batch) }

    private var rate: Spread { Spread(repetitions.map { tokens / $0.seconds }) }
    private var bandwidthShare: Double { median { work.readTime(at: $0.limits) / $0.seconds } }
    private var arithmeticShare: Double { median { work.computeTime(at: $0.limits) / $0.seconds } }
    private var firstToken: Double? {
        measurement.kind == .prefill ? Spread(repetitions.compactMap(\.firstToken)).median : nil
    }

    private func median(_ value: (Repetition) -> Double) -> Double { Spread(repetitions.map(value)).median }

    /// The object that `--json` prints.
    var json: JSONText {
        .object([
            ("kind", .string(measurement.kind.rawValue)), ("dtype", .string(dtype)),
            ("activations", .string(activations.rawValue)), ("kv_dtype", .string(cacheType.rawValue)),
            ("batch", .int(measurement.batch)),
            ("depth", .int(measurement.depth)), ("tokens", .int(measurement.tokens)),
            ("repetitions", .int(repetitions.count)), ("tokens_per_second", rate.json),
            ("bandwidth_share", .double(bandwidthShare)), ("arithmetic_share", .double(arithmeticShare)),
            ("time_to_first_token_seconds", firstToken.map { .double($0) } ?? .null),
            ("peak_memory_bytes", peakMemory.map { .int($0) } ?? .null),
            ("weight_bytes_per_token", .double(work.weightBytes / tokens)),
            ("cache_bytes_per_token", .double(work.cacheBytes / tokens)),
            ("operations_per_token", .double(work.operations / tokens)),
            ("limits", Limits.json(repetitions.map(\.limits))),
        ])
    }

    /// The titles of ``cells``.
    static let titles = [
        "kind", "tokens", "batch", "depth", "tokens/s", "min", "max", "bandwidth", "arithmetic",
        "first token", "memory", "weights/token",
    ]

    /// A row of the table for a person.
    var cells: [String] {
        [
            measurement.kind.rawValue, "\(measurement.tokens)", "\(measurement.batch)",
            "\(measurement.depth)",
            Number.short(rate.median), Number.short(rate.minimum), Number.short(rate.maximum),
            Number.percent(bandwidthShare), Number.percent(arithmeticShare),
            firstToken.map { Number.short($0 * 1000) + " ms" } ?? "",
            peakMemory.map(Quantity.bytes) ?? "", Quantity.bytes(Int(work.weightBytes / tokens)),
        ]
    }
}

/// Numbers for a table.
enum Number {
    /// Four significant digits, or all before the decimal point.
    static func short(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        if value >= 1000 { return Quantity.grouped(Int(value.rounded())) }
        let digits = value >= 100 ? 1 : value >= 10 ? 2 : 3
        let scale = digits == 1 ? 10.0 : digits == 2 ? 100 : 1000
        let units = Int((value * scale).rounded())
        let fraction = String(units % Int(scale))
        return "\(units / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
    }

    /// Whole percent.
    static func percent(_ share: Double) -> String {
        share.isFinite ? "\(Int((share * 100).rounded())) %" : "–"
    }
}
