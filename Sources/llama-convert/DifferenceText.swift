import LlamaCommands
import LlamaTensors
import LlamaJSON
import LlamaCheckpoints
import LlamaConversion

/// The output of `diff`, for a person.
struct DifferenceText {
    let paths: (String, String)
    let comparison: CheckpointComparison
    let isSame: Bool

    /// How many differing tensors are listed; the rest is counted.
    private static let shown = 20

    var text: String {
        var lines = ["A  \(paths.0.oneLine())", "B  \(paths.1.oneLine())"] + fields
        lines.append(
            "tensors: "
                + comparison.counts.filter { $0.count > 0 }.map { "\($0.count) \($0.words)" }
                .joined(separator: ", "))
        let different = comparison.entries.filter { !$0.outcome.isSame }
        lines += TextTable.lines(different.prefix(Self.shown).map(row))
        if different.count > Self.shown { lines.append("  … and \(different.count - Self.shown) more") }
        lines.append(isSame ? "same" : "different")
        return lines.joined(separator: "\n")
    }

    private var fields: [String] {
        guard !comparison.fields.isEmpty else { return ["configuration: equal"] }
        let matters = comparison.fields.contains(where: \.matters)
        return [
            "configuration: " + (matters ? "different" : "equal, but for what does not make another model")
        ]
            + TextTable.lines(
                comparison.fields.map { field in
                    [
                        field.field.rawValue, "A \(field.first ?? "does not say")",
                        "B \(field.second ?? "does not say")",
                    ]
                })
    }

    private func row(_ entry: CheckpointComparison.Entry) -> [String] {
        let name = TensorNaming.meta.name(of: entry.role)
        switch entry.outcome {
        case .identical, .equalAfterCast: return [name, "same"]
        case .missingInFirst: return [name, "missing in A"]
        case .missingInSecond: return [name, "missing in B"]
        case .shapes(let first, let second): return [name, "shape A \(first) B \(second)"]
        case .differs(let difference): return [name, words(difference, entry)]
        }
    }

    private func words(_ difference: TensorDifference, _ entry: CheckpointComparison.Entry) -> String {
        let total = entry.shape.reduce(1, *)
        var phrases = ["\(difference.count) of \(total) differ"]
        if difference.count > difference.oddCount {
            phrases.append("by at most \(short(difference.ulps)) ulp of \(difference.unit.rawValue)")
            phrases.append(
                "absolute \(short(difference.largestAbsolute)), relative \(short(difference.largestRelative))"
            )
        }
        if difference.oddCount > 0 { phrases.append("\(difference.oddCount) not finite or in the sign of 0") }
        if let element = difference.firstElement {
            phrases.append(
                "first [\(element.row), \(element.column)] A \(element.first) B \(element.second)")
        }
        return phrases.joined(separator: ", ")
    }

    /// Three significant digits; whole numbers up to a million as they are.
    private func short(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return value == 0 ? "0" : "\(value)" }
        if let whole = Int(exactly: value), whole < 1_000_000 { return "\(whole)" }
        var (scaled, power) = (value, 0)
        while scaled >= 10 { (scaled, power) = (scaled / 10, power + 1) }
        while scaled < 1 { (scaled, power) = (scaled * 10, power - 1) }
        let digits = (scaled * 100).rounded() / 100
        guard (-2...2).contains(power) else { return "\(digits)e\(power)" }
        let scale = [10000.0, 1000, 100, 10, 1][power + 2]
        return "\((value * scale).rounded() / scale)"
    }
}

extension CheckpointComparison {
    /// How many tensors had each outcome: a key for JSON, words for a person.
    var counts: [(key: String, words: String, count: Int)] {
        var counts = [Int](repeating: 0, count: 5)
        for entry in entries {
            switch entry.outcome {
            case .identical: counts[0] += 1
            case .equalAfterCast: counts[1] += 1
            case .differs: counts[2] += 1
            case .shapes: counts[3] += 1
            case .missingInFirst, .missingInSecond: counts[4] += 1
            }
        }
        let names = [
            ("identical", "identical"), ("equal_after_cast", "equal after a lossless cast"),
            ("different", "different"), ("shape", "of another shape"), ("missing", "missing"),
        ]
        return zip(names, counts).map { ($0.0, $0.1, $1) }
    }
}
