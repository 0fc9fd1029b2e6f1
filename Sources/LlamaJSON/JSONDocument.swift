import CJSONC

/// Bounds on what a parser accepts from an untrusted file.
package struct JSONLimits: Sendable {
    /// Largest text, in bytes.
    package var byteCount: Int
    /// Deepest nesting of arrays and objects.
    package var depth: Int
    /// Whether two members of one object may share a name (json-c keeps the last).
    package var allowsDuplicateKeys: Bool

    /// Limits that fit every configuration file of a checkpoint.
    package init(byteCount: Int = 100_000_000, depth: Int = 64, allowsDuplicateKeys: Bool = false) {
        self.byteCount = byteCount
        self.depth = depth
        self.allowsDuplicateKeys = allowsDuplicateKeys
    }
}

/// Owns a tree of json-c objects; every ``JSONValue`` of the tree keeps it alive.
final class JSONDocument {
    let root: OpaquePointer?

    init(parsing text: UnsafeRawBufferPointer, limits: JSONLimits) throws(JSONError) {
        guard text.count <= min(limits.byteCount, Int(Int32.max)) else {
            throw .tooLarge(byteCount: text.count, limit: limits.byteCount)
        }
        // RFC 8259, section 8.1: a parser may ignore a byte order mark, which some editors write.
        let mark = text.starts(with: byteOrderMark) ? byteOrderMark.count : 0
        do throws(JSONError) {
            root = try Self.root(of: UnsafeRawBufferPointer(rebasing: text[mark...]), limits)
        } catch {
            guard case .syntax(let found, let offset) = error else { throw error }
            throw .syntax(found, offset: offset + mark)
        }
    }

    private static func root(
        of text: UnsafeRawBufferPointer, _ limits: JSONLimits
    ) throws(JSONError) -> OpaquePointer? {
        func parse(copy: [UInt8]) throws(JSONError) -> OpaquePointer? {
            try copy.withUnsafeBufferPointer { bytes throws(JSONError) in
                try Self.parse(UnsafeRawBufferPointer(bytes), limits)
            }
        }
        let plain = spellingOutSurrogatePairs(text[...])
        let root = if let plain { try parse(copy: plain) } else { try Self.parse(text, limits) }
        // Only in valid JSON is it certain what is a number.
        guard let exact = markingLongIntegers(text[...]) else { return root }
        if let root { json_object_put(root) }
        return try exact.withUnsafeBufferPointer { bytes throws(JSONError) in
            let bytes = UnsafeRawBufferPointer(bytes)
            guard let plain = spellingOutSurrogatePairs(bytes[...]) else {
                return try Self.parse(bytes, limits)
            }
            return try parse(copy: plain)
        }
    }

    /// Parses strictly; the caller owns what is returned.
    private static func parse(
        _ text: UnsafeRawBufferPointer, _ limits: JSONLimits
    ) throws(JSONError) -> OpaquePointer? {
        guard let tokener = json_tokener_new_ex(Int32(clamping: limits.depth)) else {
            throw .syntax("no memory for a parser", offset: 0)
        }
        defer { json_tokener_free(tokener) }
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8)
        let bytes = text.bindMemory(to: CChar.self)
        // In strict mode nothing may follow the value, not even the spaces that safetensors pads with.
        let end = (text.lastIndex { !JSONDocument.isSpace($0) } ?? -1) + 1
        var root = json_tokener_parse_ex(tokener, bytes.baseAddress, Int32(end))
        let offset = json_tokener_get_parse_end(tokener)
        var status = json_tokener_get_error(tokener)
        if status == json_tokener_continue {
            // A bare number or a literal may need to see its end; anything else was cut off.
            root = json_tokener_parse_ex(tokener, "\0", 1)
            status = json_tokener_get_error(tokener)
        }
        do throws(JSONError) {
            guard status == json_tokener_success else {
                throw JSONError.syntax(status.found(depth: limits.depth), offset: offset)
            }
            // To json-c a NUL ends the text.
            guard offset == end else { throw JSONError.syntax("a NUL byte", offset: offset) }
            try checkStrictly(text[..<end], allowsDuplicates: limits.allowsDuplicateKeys)
        } catch {
            if let root { json_object_put(root) }
            throw error
        }
        return root
    }

    deinit {
        if let root { json_object_put(root) }
    }

    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }
}

extension json_tokener_error {
    /// What the parser found, as a phrase after "expected valid JSON, found".
    fileprivate func found(depth: Int) -> String {
        switch self {
        case json_tokener_error_depth: "more than \(depth) levels of nesting"
        case json_tokener_error_parse_eof: "the end of the text"
        case json_tokener_error_parse_null, json_tokener_error_parse_boolean: "an unknown word"
        case json_tokener_error_parse_number: "a malformed number"
        case json_tokener_error_parse_array: "no comma between elements"
        case json_tokener_error_parse_object_key_name: "a key without quotes"
        case json_tokener_error_parse_object_key_sep: "no colon after a key"
        case json_tokener_error_parse_object_value_sep: "no comma between members"
        case json_tokener_error_parse_string: "a malformed string"
        case json_tokener_error_parse_utf8_string: "bytes that are not UTF-8"
        default: "an unexpected character"
        }
    }
}
