import Glibc

/// Numbers in a form that is easy to read.
package enum Quantity {
    /// Bytes in the largest decimal unit, and exactly below a megabyte.
    package static func bytes(_ count: Int) -> String {
        let units = [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB")]
        guard let (size, unit) = units.first(where: { count >= $0.0 }) else {
            return "\(grouped(count)) bytes"
        }
        return "\(hundredths(count, of: size)) \(unit)"
    }

    /// A count of weights, such as `6.74 B`.
    package static func parameters(_ count: Int) -> String {
        let units = [(1_000_000_000, "B"), (1_000_000, "M")]
        guard let (size, unit) = units.first(where: { count >= $0.0 }) else { return grouped(count) }
        return "\(hundredths(count, of: size)) \(unit) (\(grouped(count)))"
    }

    /// A number with three significant digits, such as `0.000488`.
    package static func rounded(_ value: Float) -> String {
        var text = [CChar](repeating: 0, count: 32)
        _ = withVaList([Double(value)]) { vsnprintf(&text, text.count, "%.3g", $0) }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Digits in groups of three.
    package static func grouped(_ count: Int) -> String {
        let digits = Array(String(count))
        return digits.enumerated().map { index, digit in
            let left = digits.count - index
            return index > 0 && left.isMultiple(of: 3) && digits[index - 1] != "-" ? ",\(digit)" : "\(digit)"
        }.joined()
    }

    private static func hundredths(_ count: Int, of size: Int) -> String {
        let value = (count / (size / 1000) + 5) / 10
        let rest = value % 100
        return "\(value / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
