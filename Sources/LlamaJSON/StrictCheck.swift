/// Refuses what json-c accepts even in strict mode.
///
/// It silently keeps the last of two members with one name and truncates a name at a NUL, so that two readers of one file
/// may see different content; names are therefore compared in the text itself. It also accepts 'single' quotes and control
/// characters in strings, and does not check UTF-8 completely.
///
/// - Parameter text: JSON that json-c has already found valid.
func checkStrictly(_ text: Slice<UnsafeRawBufferPointer>, allowsDuplicates: Bool) throws(JSONError) {
    if let offset = firstInvalidUTF8(in: text) { throw .syntax("bytes that are not UTF-8", offset: offset) }
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
            if let control = text[start..<index].firstIndex(where: { $0 < 0x20 }) {
                throw .syntax("a control character in a string", offset: control)
            }
            if expectsKey {
                let name = try unescaped(text[start..<index])
                if name.contains(0) { throw .syntax("a key with a NUL character", offset: start) }
                if !allowsDuplicates, open[open.count - 1]?.insert(name).inserted == false {
                    throw .duplicateKey(String(decoding: name, as: UTF8.self))
                }
                expectsKey = false
            }
        case UInt8(ascii: "'"): throw .syntax("a single quote", offset: index)
        default: break
        }
        index += 1
    }
}

/// Index of the quote that closes the string whose first byte is at `start`.
func endOfString(in text: Slice<UnsafeRawBufferPointer>, from start: Int) -> Int {
    var index = start
    while index < text.endIndex, text[index] != UInt8(ascii: "\"") {
        index += text[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    return min(index, text.endIndex)
}

/// The bytes of a string literal, so that `"a"` and `"\u0061"` are the same name.
private func unescaped(_ literal: Slice<UnsafeRawBufferPointer>) throws(JSONError) -> [UInt8] {
    guard literal.contains(UInt8(ascii: "\\")) else { return Array(literal) }
    let quoted = Array("\"".utf8) + literal + Array("\"".utf8)
    return try quoted.withUnsafeBufferPointer { bytes throws(JSONError) in
        try JSONValue.parse(UnsafeRawBufferPointer(bytes)).utf8()
    }
}

func firstInvalidUTF8(in text: Slice<UnsafeRawBufferPointer>) -> Int? {
    guard String(validating: text, as: UTF8.self) == nil else { return nil }
    var parser = Unicode.UTF8.ForwardParser()
    var bytes = text.makeIterator()
    var offset = text.startIndex
    while case .valid(let scalar) = parser.parseScalar(from: &bytes) { offset += scalar.count }
    return offset
}
