import ArgumentParser
import LlamaCommands

/// A number of bytes, such as `5GB`, `500MB` or `1048576`.
struct ByteSize: ExpressibleByArgument {
    let byteCount: Int

    init(byteCount: Int) { self.byteCount = byteCount }

    init?(argument: String) {
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

    var defaultValueDescription: String { Quantity.bytes(byteCount) }
}
