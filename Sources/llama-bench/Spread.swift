import Glibc
import LlamaJSON

/// Median, least and greatest of several measurements.
struct Spread {
    let median: Double
    let minimum: Double
    let maximum: Double

    /// - Parameter values: At least one.
    init(_ values: [Double]) {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        guard let least = sorted.first, let greatest = sorted.last else {
            (median, minimum, maximum) = (.nan, .nan, .nan)
            return
        }
        median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
        (minimum, maximum) = (least, greatest)
    }

    /// The object that `--json` prints.
    var json: JSONText {
        .object([("median", .double(median)), ("min", .double(minimum)), ("max", .double(maximum))])
    }

    /// `12.5 (11.9-12.8)`, with three digits.
    var text: String { "\(Self.short(median)) (\(Self.short(minimum))-\(Self.short(maximum)))" }

    private static func short(_ value: Double) -> String {
        guard value.isFinite, value > 0 else { return "\(value)" }
        let digits = max(0, 2 - Int(log10(value).rounded(.down)))
        let scale = pow(10, Double(min(digits, 6)))
        let rounded = (value * scale).rounded() / scale
        return rounded == rounded.rounded() && digits == 0 ? "\(Int(rounded))" : "\(rounded)"
    }
}
