import ArgumentParser

/// A number of bytes, such as `5GB`, `500MB` or `1048576`.
package struct ByteSize: ExpressibleByArgument {
    /// The number of bytes, at least 1.
    package let byteCount: Int

    /// A number of bytes.
    package init(byteCount: Int) { self.byteCount = byteCount }

    /// A number, and a unit of powers of 1000 or 1024 (`KB`, `KiB`, …); nil for anything else.
    package init?(argument: String) {
        let units = [
            ("KIB", 1 << 10), ("MIB", 1 << 20), ("GIB", 1 << 30), ("KB", 1000), ("MB", 1_000_000),
            ("GB", 1_000_000_000),
            ("B", 1), ("", 1),
        ]
        let text = argument.uppercased()
        guard let (unit, factor) = units.first(where: { text.hasSuffix($0.0) }),
            let number = Double(text.dropLast(unit.count)), number > 0, number * Double(factor) < 1e18
        else { return nil }
        byteCount = max(1, Int(number * Double(factor)))
    }

    /// As ``Quantity`` writes it.
    package var defaultValueDescription: String { Quantity.bytes(byteCount) }
}
