import CJSONC

/// One value of a parsed JSON text: a cheap view that knows its key path for error messages.
///
/// Not `Sendable`: json-c values are reference-counted without locks. Read what is needed, keep that.
package struct JSONValue {
    private let document: JSONDocument
    private let object: OpaquePointer?
    /// The key path of the value, such as `rope_scaling.factor` or `weights[3]`; empty for the root.
    package let path: String

    /// Parses a whole text.
    ///
    /// - Parameter path: the key path of the text in a larger one, for messages.
    package static func parse(
        _ text: UnsafeRawBufferPointer, limits: JSONLimits = JSONLimits(), path: String = ""
    ) throws(JSONError) -> JSONValue {
        let document = try JSONDocument(parsing: text, limits: limits)
        return JSONValue(document: document, object: document.root, path: path)
    }

    /// The member `key` of an object; nil if it is absent or `null`, or if this is not an object.
    package subscript(key: String) -> JSONValue? {
        var member: OpaquePointer?
        guard json_object_is_type(object, json_type_object) != 0,
            json_object_object_get_ex(object, key, &member) != 0, let member
        else { return nil }
        return JSONValue(document: document, object: member, path: path.isEmpty ? key : "\(path).\(key)")
    }

    /// The member `key`, which must be there.
    package func member(_ key: String) throws(JSONError) -> JSONValue {
        try expect(json_type_object, "an object")
        guard let value = self[key] else { throw .missingKey(key, path: path) }
        return value
    }

    /// Names and values of an object's members, in the order of the text (`null` members included).
    package func members() throws(JSONError) -> [(key: String, value: JSONValue)] {
        try expect(json_type_object, "an object")
        var result: [(key: String, value: JSONValue)] = []
        result.reserveCapacity(Int(json_object_object_length(object)))
        var entry = json_object_get_object(object)?.pointee.head
        while let current = entry {
            let key = String(cString: current.pointee.k.assumingMemoryBound(to: CChar.self))
            let value = current.pointee.v.map { OpaquePointer($0) }
            let path = path.isEmpty ? key : "\(path).\(key)"
            result.append((key, JSONValue(document: document, object: value, path: path)))
            entry = current.pointee.next
        }
        return result
    }

    /// The elements of an array.
    package func array() throws(JSONError) -> [JSONValue] {
        try expect(json_type_array, "an array")
        return (0..<json_object_array_length(object)).map { index in
            JSONValue(
                document: document, object: json_object_array_get_idx(object, index),
                path: "\(path)[\(index)]")
        }
    }

    /// A string's text.
    package func string() throws(JSONError) -> String { String(decoding: try utf8(), as: UTF8.self) }

    /// A string's bytes, which may hold NUL.
    package func utf8() throws(JSONError) -> [UInt8] {
        try expect(json_type_string, "a string")
        let count = Int(json_object_get_string_len(object))
        return Array(UnsafeRawBufferPointer(start: json_object_get_string(object), count: count))
    }

    /// A whole number, above `Int.min`.
    package func int() throws(JSONError) -> Int {
        guard json_object_is_type(object, json_type_int) != 0 else {
            let found = excerpt
            let expected = "a whole number" + (isLongInteger(found.utf8) ? " of 64 bits" : "")
            throw .wrongType(path: path, expected: expected, found: found)
        }
        let value = json_object_get_int64(object)
        guard value != .min else {
            throw .wrongType(path: path, expected: "a whole number above \(Int64.min)", found: excerpt)
        }
        return Int(value)
    }

    /// A whole number of 64 bits without a sign.
    package func uint64() throws(JSONError) -> UInt64 {
        guard let value = UInt64(excerpt) else {
            throw .wrongType(path: path, expected: "a whole number from 0 to \(UInt64.max)", found: excerpt)
        }
        return value
    }

    /// An array of whole numbers.
    package func ints() throws(JSONError) -> [Int] {
        var numbers: [Int] = []
        for element in try array() { numbers.append(try element.int()) }
        return numbers
    }

    /// A number, whole or not.
    package func double() throws(JSONError) -> Double {
        if json_object_is_type(object, json_type_int) == 0 { try expect(json_type_double, "a number") }
        return json_object_get_double(object)
    }

    /// `true` or `false`.
    package func bool() throws(JSONError) -> Bool {
        try expect(json_type_boolean, "true or false")
        return json_object_get_boolean(object) != 0
    }

    /// Whether the value is a string, and so on: for members that come in several forms.
    package var isString: Bool { json_object_is_type(object, json_type_string) != 0 }
    /// Whether the value is an array.
    package var isArray: Bool { json_object_is_type(object, json_type_array) != 0 }
    /// Whether the value is an object.
    package var isObject: Bool { json_object_is_type(object, json_type_object) != 0 }

    /// Whether the value is `null`.
    package var isNull: Bool { json_object_is_type(object, json_type_null) != 0 }

    /// A short form of the value for an error message.
    package var excerpt: String {
        guard let text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE) else {
            return "null"
        }
        let full = withoutMark(String(cString: text))
        return full.count <= 60 ? full : full.prefix(57) + "…"
    }

    private func expect(_ type: json_type, _ name: String) throws(JSONError) {
        guard json_object_is_type(object, type) != 0 else {
            throw .wrongType(path: path, expected: name, found: excerpt)
        }
    }
}
