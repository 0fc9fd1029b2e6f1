/// The lines of a tiktoken vocabulary: a token in base64, a space, its rank.
///
/// tiktoken accepts ranks in any order. Every published file counts up from 0, so anything else is treated as damage.
struct RankFile {
    /// What is wrong with a line, counted from 1.
    struct Damage: Error, Hashable {
        let what: String
        let line: Int
    }

    /// The largest known vocabulary has 200,000 tokens, the longest token 128 bytes.
    static let maximumTokenCount = 1 << 22
    static let maximumTokenLength = 1 << 12

    /// The tokens by rank.
    private(set) var tokens = TokenTable()

    init(_ bytes: [UInt8]) throws(Damage) {
        var start = 0
        var token: [UInt8] = []
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            let line = tokens.count + 1
            guard line <= Self.maximumTokenCount else {
                throw Damage(what: "there are more than \(Self.maximumTokenCount) tokens", line: line)
            }
            do { try Self.read(bytes, start..<end, rank: tokens.count, into: &token) } catch {
                throw Damage(what: error.what, line: line)
            }
            tokens.append(token, kind: .normal)
            start = end + 1
        }
        guard tokens.count > 0 else { throw Damage(what: "there are no tokens", line: 1) }
    }

    private struct BadLine: Error {
        let what: String
    }

    /// Reads the token of a line whose rank must be `rank`.
    private static func read(
        _ bytes: [UInt8], _ line: Range<Int>, rank: Int, into token: inout [UInt8]
    ) throws(BadLine) {
        var end = line.upperBound
        if end > line.lowerBound, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        guard let space = bytes[line.lowerBound..<end].firstIndex(of: UInt8(ascii: " ")) else {
            throw BadLine(what: line.lowerBound == end ? "it is empty" : "it has no rank")
        }
        guard space > line.lowerBound else { throw BadLine(what: "the token is empty") }
        guard (space - line.lowerBound) / 4 * 3 <= maximumTokenLength else {
            throw BadLine(what: "the token has more than \(maximumTokenLength) bytes")
        }
        guard decodeBase64(bytes, line.lowerBound..<space, into: &token) else {
            throw BadLine(what: "the token is not base64")
        }
        guard let found = number(bytes, (space + 1)..<end) else {
            throw BadLine(what: "the rank is not a number")
        }
        guard found == rank else {
            throw BadLine(what: "rank \(found) is out of order: expected \(rank)")
        }
    }

    /// A decimal number of at most nine digits.
    private static func number(_ bytes: [UInt8], _ range: Range<Int>) -> Int? {
        guard (1...9).contains(range.count) else { return nil }
        var value = 0
        for index in range {
            let digit = Int(bytes[index]) - Int(UInt8(ascii: "0"))
            guard (0...9).contains(digit) else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// Decodes base64 with padding (RFC 4648); returns false for anything else.
    private static func decodeBase64(
        _ bytes: [UInt8], _ range: Range<Int>, into result: inout [UInt8]
    ) -> Bool {
        result.removeAll(keepingCapacity: true)
        guard range.count % 4 == 0 else { return false }
        let equals = UInt8(ascii: "=")
        var padding = 0
        while padding < 2, bytes[range.upperBound - 1 - padding] == equals { padding += 1 }
        var bits: UInt32 = 0
        for (digit, index) in range.dropLast(padding).enumerated() {
            let value = base64Values[Int(bytes[index])]
            guard value < 64 else { return false }
            bits = bits << 6 | UInt32(value)
            if digit % 4 > 0 { result.append(UInt8(truncatingIfNeeded: bits >> (6 - digit % 4 * 2))) }
        }
        // Unused bits must be zero, or one token would have two spellings.
        return bits & (padding == 2 ? 0xF : padding == 1 ? 0x3 : 0) == 0
    }

    private static let base64Values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, digit) in digits.utf8.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()
}
