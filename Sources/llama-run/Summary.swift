import LlamaCommands
import LlamaGeneration
import Glibc

/// Times, token rates and memory of a run, in lines for a person.
struct Summary {
    let loadTime: Duration
    let statistics: GenerationStatistics

    var lines: [String] {
        var lines = ["load \(Summary.milliseconds(loadTime))"]
        if let first = statistics.timeToFirstToken {
            lines[0] += ", first token after \(Summary.milliseconds(first))"
        }
        lines.append(
            "prompt \(statistics.promptTokens) tokens"
                + Summary.rate(statistics.promptTokens, statistics.promptTime)
                + ", generated \(statistics.generatedTokens) tokens"
                + Summary.rate(statistics.decodedTokens, statistics.decodeTime))
        if statistics.draftedTokens > 0 {
            lines.append(
                "drafted \(statistics.draftedTokens) tokens, of which \(statistics.acceptedDrafts) were right"
            )
        }
        lines.append(Summary.memory)
        return lines
    }

    private static func milliseconds(_ duration: Duration) -> String {
        "\(fixed(duration / .milliseconds(1), digits: 1)) ms"
    }

    private static func rate(_ tokens: Int, _ time: Duration) -> String {
        time > .zero ? " (\(fixed(Double(tokens) / (time / .seconds(1)), digits: 1)) tokens/s)" : ""
    }

    /// Peak resident memory, and how much is resident now besides pages of mapped files.
    private static var memory: String {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        let peak = "peak memory \(fixed(Double(usage.ru_maxrss) / 1024, digits: 0)) MB"
        guard let anonymous = MemoryStatus.anonymous else { return peak }
        let megabytes = fixed(Double(anonymous) / 0x1p20, digits: 0)
        return peak + ", of which \(megabytes) MB besides the mapped weights"
    }

    /// A number with `digits` digits after the decimal point: 0 or 1.
    static func fixed(_ value: Double, digits: Int) -> String {
        let scale = digits == 0 ? 1 : 10.0
        let rounded = (value * scale).rounded() / scale
        return digits == 0 ? "\(Int(rounded))" : "\(rounded)"
    }
}
