/// Reads a JSON text from left to right without building a tree, for large tables (a vocabulary of a hundred thousand
/// entries and its merges) whose tree would dominate the cost.
///
/// As strict as ``JSONValue``, except that duplicate names are left to the caller.
package struct JSONReader {
    private let text: UnsafeBufferPointer<UInt8>
    private let maximumDepth: Int
    private var depth = 0
    private var scratch: [UInt8] = []

    /// The offset of the byte that is read next.
    package private(set) var offset: Int

    /// - Parameter text: the whole text, which must outlive the reader.
    package init(_ text: UnsafeBufferPointer<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        guard text.count <= limits.byteCount else {
            throw .tooLarge(byteCount: text.count, limit: limits.byteCount)
        }
        let bytes = UnsafeRawBufferPointer(text)
        if let offset = firstInvalidUTF8(in: bytes[...]) {
            throw .syntax("bytes that are not UTF-8", offset: offset)
        }
        self.text = text
        maximumDepth = limits.depth
        offset = text.starts(with: byteOrderMark) ? byteOrderMark.count : 0
    }

    /// A reader of a value that another reader has skipped; offsets count from the beginning of the text.
    ///
    /// - Parameters:
    ///   - text: the text up to the end of the value.
    ///   - start: the offset of the value.
    package init(within text: UnsafeBufferPointer<UInt8>, from start: Int, limits: JSONLimits = JSONLimits())
    {
        self.text = text
        offset = start
        maximumDepth = limits.depth
    }

    /// The first byte of the next value, which tells its kind; 0 at the end of the text.
    package mutating func peek() -> UInt8 {
        while offset < text.count, JSONDocument.isSpace(text[offset]) { offset += 1 }
        return offset < text.count ? text[offset] : 0
    }

    /// Checks that nothing follows.
    package mutating func end() throws(JSONError) {
        guard peek() == 0, offset == text.count else { throw unexpected() }
    }

    /// Reads an object; `member` gets each name and must read its value.
    package mutating func object(
        _ member: (inout JSONReader, UnsafeBufferPointer<UInt8>) throws(JSONError) -> Void
    ) throws(JSONError) {
        try elements(from: "{", to: "}", "an object") { reader throws(JSONError) in
            guard reader.peek() == UInt8(ascii: "\"") else { throw reader.unexpected() }
            // A name stays valid while its value is read: one with escapes is copied.
            let name = try reader.literal()
            let unescaped = name == nil ? reader.scratch : []
            try reader.expect(":")
            if let name {
                try member(&reader, name)
            } else {
                try unescaped.withUnsafeBufferPointer { bytes throws(JSONError) in try member(&reader, bytes)
                }
            }
        }
    }

    /// Reads an array; `element` must read each value.
    package mutating func array(
        _ element: (inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        try elements(from: "[", to: "]", "an array", element)
    }

    /// Reads a string; `body` gets its bytes, with escapes resolved.
    package mutating func string<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) throws(JSONError) -> R {
        guard peek() == UInt8(ascii: "\"") else { throw wrongType("a string") }
        if let bytes = try literal() { return body(bytes) }
        return scratch.withUnsafeBufferPointer(body)
    }

    /// Reads a whole number of at most 18 digits.
    package mutating func int() throws(JSONError) -> Int {
        let isNegative = peek() == UInt8(ascii: "-")
        let start = isNegative ? offset + 1 : offset
        var value = 0
        var end = start
        while end < text.count, (0x30...0x39).contains(text[end]), end - start < 18 {
            value = value * 10 + Int(text[end] & 0xF)
            end += 1
        }
        let hasLeadingZero = end - start > 1 && text[start] == 0x30
        let goesOn = end < text.count && (0x30...0x39).contains(text[end] | 0x20 == 0x65 ? 0x30 : text[end])
        guard end > start, !hasLeadingZero, !goesOn, end == text.count || text[end] != 0x2E else {
            throw wrongType("a whole number")
        }
        offset = end
        return isNegative ? -value : value
    }

    /// Skips a value and returns its byte range. Its content is only checked as far as finding its end requires.
    package mutating func skip() throws(JSONError) -> Range<Int> {
        let first = peek()
        let start = offset
        switch first {
        case UInt8(ascii: "\""): try skipString()
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            var open = 0
            repeat {
                guard offset < text.count else { throw .syntax("the end of the text", offset: offset) }
                switch text[offset] {
                case UInt8(ascii: "\""):
                    try skipString()
                    continue
                case UInt8(ascii: "{"), UInt8(ascii: "["): open += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"): open -= 1
                default: break
                }
                guard depth + open <= maximumDepth else { throw tooDeep() }
                offset += 1
            } while open > 0
        default:
            while offset < text.count, !Self.endsScalar(text[offset]) { offset += 1 }
            guard offset > start else { throw unexpected() }
        }
        return start..<offset
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        JSONDocument.isSpace(byte) || [0x2C, 0x5D, 0x7D, 0x22, 0x5B, 0x7B, 0x3A].contains(byte)
    }

    private mutating func elements(
        from open: Unicode.Scalar, to close: Unicode.Scalar, _ name: String,
        _ element: (inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        guard peek() == UInt8(ascii: open) else { throw wrongType(name) }
        offset += 1
        depth += 1
        guard depth <= maximumDepth else { throw tooDeep() }
        defer { depth -= 1 }
        if peek() == UInt8(ascii: close) {
            offset += 1
            return
        }
        while true {
            try element(&self)
            let next = peek()
            guard next == UInt8(ascii: ",") || next == UInt8(ascii: close) else { throw unexpected() }
            offset += 1
            if next == UInt8(ascii: close) { return }
        }
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(JSONError) {
        guard peek() == UInt8(ascii: character) else { throw unexpected() }
        offset += 1
    }

    /// Reads the string that begins here: its bytes in the text, or nil if they are in `scratch`.
    private mutating func literal() throws(JSONError) -> UnsafeBufferPointer<UInt8>? {
        let start = offset + 1
        var end = start
        while end < text.count {
            switch text[end] {
            case UInt8(ascii: "\""):
                offset = end + 1
                return UnsafeBufferPointer(rebasing: text[start..<end])
            case UInt8(ascii: "\\"):
                try unescape(from: start, firstEscape: end)
                return nil
            case 0..<0x20: throw .syntax("a control character in a string", offset: end)
            default: end += 1
            }
        }
        throw .syntax("the end of the text", offset: text.count)
    }

    private mutating func skipString() throws(JSONError) {
        var end = offset + 1
        while end < text.count, text[end] != UInt8(ascii: "\"") {
            end += text[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < text.count else { throw .syntax("the end of the text", offset: text.count) }
        offset = end + 1
    }

    private mutating func unescape(from start: Int, firstEscape: Int) throws(JSONError) {
        scratch.removeAll(keepingCapacity: true)
        scratch.append(contentsOf: text[start..<firstEscape])
        var position = firstEscape
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\""):
                offset = position + 1
                return
            case UInt8(ascii: "\\"): position = try unescape(at: position)
            case 0..<0x20: throw .syntax("a control character in a string", offset: position)
            case let byte:
                scratch.append(byte)
                position += 1
            }
        }
        throw .syntax("the end of the text", offset: text.count)
    }

    /// Resolves the escape whose backslash is at `position`; returns where it ends.
    private mutating func unescape(at position: Int) throws(JSONError) -> Int {
        guard position + 1 < text.count else { throw .syntax("the end of the text", offset: text.count) }
        let byte: UInt8
        switch text[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte = text[position + 1]
        case UInt8(ascii: "b"): byte = 0x08
        case UInt8(ascii: "f"): byte = 0x0C
        case UInt8(ascii: "n"): byte = 0x0A
        case UInt8(ascii: "r"): byte = 0x0D
        case UInt8(ascii: "t"): byte = 0x09
        case UInt8(ascii: "u"): return try unescapeScalar(at: position)
        default: throw .syntax("an unknown escape in a string", offset: position)
        }
        scratch.append(byte)
        return position + 2
    }

    /// `\u` and four hexadecimal digits, twice for a scalar beyond U+FFFF.
    private mutating func unescapeScalar(at position: Int) throws(JSONError) -> Int {
        guard var value = hex(at: position + 2) else { throw .syntax("a malformed escape", offset: position) }
        var end = position + 6
        if (0xD800..<0xDC00).contains(value), end + 1 < text.count, text[end] == UInt8(ascii: "\\"),
            text[end + 1] == UInt8(ascii: "u"), let low = hex(at: end + 2), (0xDC00..<0xE000).contains(low)
        {
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            end += 6
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw .syntax("half a surrogate pair", offset: position)
        }
        scratch.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
        return end
    }

    private func hex(at position: Int) -> UInt32? {
        position + 4 <= text.count ? codeUnit(hexDigits: text[position..<(position + 4)]) : nil
    }

    private func unexpected() -> JSONError {
        .syntax(offset < text.count ? "an unexpected character" : "the end of the text", offset: offset)
    }

    private func tooDeep() -> JSONError {
        .syntax("more than \(maximumDepth) levels of nesting", offset: offset)
    }

    private func wrongType(_ expected: String) -> JSONError {
        .syntax("no \(expected.split(separator: " ").dropFirst().joined(separator: " "))", offset: offset)
    }
}
