import LlamaTestSupport

/// The kinds of damage that find bugs in a reader: flipped bits, extreme numbers, cuts, repeats.
enum Mutation {
    /// How far headers and directories extend from either end, in bytes.
    private static let reach = 3000

    /// `original` with one to three pieces of damage.
    static func mutated(_ original: [UInt8], using numbers: inout SeededGenerator) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...3, using: &numbers) where !bytes.isEmpty {
            mutate(&bytes, using: &numbers)
        }
        return bytes
    }

    private static func mutate(_ bytes: inout [UInt8], using numbers: inout SeededGenerator) {
        let position = position(in: bytes, using: &numbers)
        switch Int.random(in: 0..<12, using: &numbers) {
        case 0, 1: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
        case 2: bytes[position] = .random(in: 0...255, using: &numbers)
        case 3: bytes[position] = telling.randomElement(using: &numbers) ?? 0
        case 4:
            bytes.removeSubrange(
                position..<min(bytes.count, position + Int.random(in: 1...9, using: &numbers)))
        case 5:
            bytes.insert(
                contentsOf: bytes[position...].prefix(Int.random(in: 1...40, using: &numbers)), at: position)
        case 6: bytes.removeLast(bytes.count - position)
        case 7, 8: replaceDigits(in: &bytes, from: position, using: &numbers)
        case 9:
            overwrite(
                &bytes, at: self.position(in: bytes, using: &numbers), with: bytes[position...].prefix(24))
        default: overwrite(&bytes, at: position, with: number(for: bytes, using: &numbers))
        }
    }

    /// Half of the damage is near the ends.
    private static func position(in bytes: [UInt8], using numbers: inout SeededGenerator) -> Int {
        let position = Int.random(in: 0..<bytes.count, using: &numbers)
        let end = Int.random(in: 0..<reach, using: &numbers) % bytes.count
        switch Int.random(in: 0..<4, using: &numbers) {
        case 0: return min(position, end)
        case 1: return bytes.count - 1 - end
        default: return position
        }
    }

    private static func overwrite(_ bytes: inout [UInt8], at position: Int, with more: some Sequence<UInt8>) {
        for (index, byte) in more.enumerated() where position + index < bytes.count {
            bytes[position + index] = byte
        }
    }

    /// A little-endian number that is extreme, or about as large as the file.
    private static func number(for bytes: [UInt8], using numbers: inout SeededGenerator) -> ArraySlice<UInt8>
    {
        let near = UInt64(bytes.count + Int.random(in: -9...9, using: &numbers) + 9)
        let number =
            Int.random(in: 0..<4, using: &numbers) == 0
            ? near : extremes.randomElement(using: &numbers) ?? 0
        let width = [2, 4, 8].randomElement(using: &numbers) ?? 8
        return withUnsafeBytes(of: number.littleEndian) { Array($0)[..<width] }
    }

    /// Replaces the first decimal number from `position` on.
    private static func replaceDigits(
        in bytes: inout [UInt8], from position: Int, using numbers: inout SeededGenerator
    ) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let start = bytes[position...].firstIndex(where: digits.contains) else { return }
        let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: (decimals.randomElement(using: &numbers) ?? "0").utf8)
    }

    /// Bytes that mean something to a pickle or to JSON.
    private static let telling =
        Array("0123456789.-e\"',:{}[]()tuhqRQcbsX\n\\".utf8) + [0, 0x7F, 0x80, 0x85, 0x8A, 0xFF]
    private static let extremes: [UInt64] = [
        0, 1, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 62, .max >> 1, 1 << 63,
        .max - 7, .max,
    ]
    private static let decimals = [
        "0", "1", "2", "3", "7", "64", "-1", "-9223372036854775808", "2147483647", "2147483648", "4294967296",
        "9223372036854775807", "18446744073709551616", "1e999", "0.5", "1e-320", "null", "[]", "16777216",
    ]
}
