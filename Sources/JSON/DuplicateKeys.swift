/// Returns the first member name that an object of `text` holds twice.
///
/// json-c silently keeps the last of two members, which is how two readers of one file come to see two
/// different files; so names are compared on the text itself.
///
/// - Parameter text: JSON that has already been found valid.
func firstDuplicateKey(in text: Slice<UnsafeRawBufferPointer>) -> String? {
    // One set of names per open object; nil for an open array.
    var open: [Set<[UInt8]>?] = []
    var expectsKey = false
    var index = text.startIndex
    while index < text.endIndex {
        switch text[index] {
        case UInt8(ascii: "{"):
            open.append([])
            expectsKey = true
        case UInt8(ascii: "["):
            open.append(nil)
            expectsKey = false
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            _ = open.popLast()
            expectsKey = false
        case UInt8(ascii: ","):
            expectsKey = open.last.flatMap { $0 } != nil
        case UInt8(ascii: "\""):
            let start = index + 1
            index = endOfString(in: text, from: start)
            if expectsKey {
                let name = unescaped(text[start..<index])
                if open[open.count - 1]?.insert(name).inserted == false {
                    return String(decoding: name, as: UTF8.self)
                }
                expectsKey = false
            }
        default: break
        }
        index += 1
    }
    return nil
}

/// Index of the quote that closes the string whose first byte is at `start`.
private func endOfString(in text: Slice<UnsafeRawBufferPointer>, from start: Int) -> Int {
    var index = start
    while index < text.endIndex, text[index] != UInt8(ascii: "\"") {
        index += text[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    return min(index, text.endIndex)
}

/// The bytes that a string literal stands for, so that `"a"` and `"\u0061"` are one name.
private func unescaped(_ literal: Slice<UnsafeRawBufferPointer>) -> [UInt8] {
    guard literal.contains(UInt8(ascii: "\\")) else { return Array(literal) }
    let quoted = Array("[\"".utf8) + literal + Array("\"]".utf8)
    let values = quoted.withUnsafeBytes { try? JSONValue.parse($0, limits: JSONLimits()).array() }
    return (try? values?.first?.utf8()) ?? Array(literal)
}
