/// Replaces the escaped surrogate pairs that json-c decodes wrongly by their characters; nil if there are none.
///
/// json-c (0.16) checks the scalar of a pair again, and treats U+1D823, U+2DC00 and every other scalar whose lower 16 bits
/// look like a surrogate as half a pair, which it replaces by U+FFFD.
func spellingOutSurrogatePairs(_ text: Slice<UnsafeRawBufferPointer>) -> [UInt8]? {
    var result: [UInt8] = []
    var copied = text.startIndex
    var index = text.startIndex
    while let backslash = text[index...].firstIndex(of: UInt8(ascii: "\\")) {
        guard let high = codeUnit(text, at: backslash), (0xD800..<0xDC00).contains(high),
            let low = codeUnit(text, at: backslash + 6), (0xDC00..<0xE000).contains(low)
        else {
            // The character after a backslash does not begin an escape.
            index = min(backslash + 2, text.endIndex)
            continue
        }
        index = backslash + 12
        let scalar = 0x10000 + (high - 0xD800) << 10 + (low - 0xDC00)
        guard (0xD800..<0xE000).contains(scalar & 0xFFFF), let bytes = Unicode.Scalar(scalar).map(UTF8.encode)
        else {
            continue
        }
        result.append(contentsOf: text[copied..<backslash])
        if let bytes { result.append(contentsOf: bytes) }
        copied = index
    }
    if copied == text.startIndex { return nil }
    result.append(contentsOf: text[copied...])
    return result
}

/// The code unit of an escape `\uXXXX` at an offset, or nil if there is none.
private func codeUnit(_ text: Slice<UnsafeRawBufferPointer>, at offset: Int) -> UInt32? {
    guard offset + 6 <= text.endIndex, text[offset] == UInt8(ascii: "\\"),
        text[offset + 1] == UInt8(ascii: "u")
    else {
        return nil
    }
    return codeUnit(hexDigits: text[(offset + 2)..<(offset + 6)])
}

/// The code unit that the digits of an escape spell, or nil if one is not a hexadecimal digit.
///
/// - Parameter hexDigits: four of them, in ASCII.
func codeUnit(hexDigits: some Sequence<UInt8>) -> UInt32? {
    var value: UInt32 = 0
    for byte in hexDigits {
        guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
        value = value << 4 | UInt32(digit)
    }
    return value
}
