/// What a text may begin with to say that it is UTF-8.
let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

/// Marks whole numbers of more digits than every number of 64 bits has room for with `e0`; nil if there are none.
///
/// json-c clamps such numbers to 64 bits, and what it clamped cannot be told from the value. With an exponent, they are
/// numbers of double precision to it, whose text it keeps; ``withoutMark(_:)`` gives that as it was.
///
/// - Parameter text: valid JSON.
func markingLongIntegers(_ text: Slice<UnsafeRawBufferPointer>) -> [UInt8]? {
    var result: [UInt8] = []
    var copied = text.startIndex
    var index = text.startIndex
    while index < text.endIndex {
        if text[index] == UInt8(ascii: "\"") {
            index = endOfString(in: text, from: index + 1) + 1
        } else if isNumeric(text[index]) {
            let start = index
            while index < text.endIndex, isNumeric(text[index]) { index += 1 }
            guard index - start >= longIntegerDigits, isLongInteger(text[start..<index]) else { continue }
            result.append(contentsOf: text[copied..<index])
            result.append(contentsOf: "e0".utf8)
            copied = index
        } else {
            index += 1
        }
    }
    if copied == text.startIndex { return nil }
    result.append(contentsOf: text[copied...])
    return result
}

/// A number's text without the mark of ``markingLongIntegers(_:)``, where it has one.
func withoutMark(_ number: String) -> String {
    let digits = number.utf8.dropLast(2)
    guard number.hasSuffix("e0"), digits.count >= longIntegerDigits, isInteger(digits) else { return number }
    return String(number.dropLast(2))
}

/// Whether the text is a whole number that 64 bits have no room for.
func isLongInteger(_ number: some Collection<UInt8>) -> Bool {
    number.count >= longIntegerDigits && isInteger(number)
        && Int64(String(decoding: number, as: UTF8.self)) == nil
}

/// Digits of the smallest number that 64 bits have no room for.
private let longIntegerDigits = 19

private func isInteger(_ number: some Collection<UInt8>) -> Bool {
    let digits = number.first == UInt8(ascii: "-") ? number.dropFirst() : number[...]
    return !digits.isEmpty && digits.allSatisfy { (0x30...0x39).contains($0) }
}

/// Whether a byte is one of those that numbers consist of.
private func isNumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte)
}
