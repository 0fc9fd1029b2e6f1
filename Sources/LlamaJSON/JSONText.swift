import CJSONC

/// A JSON value to be written.
package indirect enum JSONText: Sendable {
    case null
    case bool(Bool)
    case int(Int)
    /// Written in the shortest form that reads back as the same double; not-a-number and infinities as `null`.
    case double(Double)
    /// Written in the shortest form that reads back as the same float.
    case float(Float)
    case string(String)
    case array([JSONText])
    /// Members in the order given; names are distinct.
    case object([(String, JSONText)])

    /// The value on one line, without spaces.
    package var serialized: String { serialized(JSON_C_TO_STRING_PLAIN) }

    /// The value with a line for every element and member, indented by two spaces.
    package var indented: String { serialized(JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED) }

    private func serialized(_ layout: Int32) -> String {
        let object = makeObject()
        defer { json_object_put(object) }
        let flags = layout | JSON_C_TO_STRING_NOSLASHESCAPE
        return json_object_to_json_string_ext(object, flags).map { String(cString: $0) } ?? "null"
    }

    private func makeObject() -> OpaquePointer? {
        switch self {
        case .null: return nil
        case .bool(let value): return json_object_new_boolean(value ? 1 : 0)
        case .int(let value): return json_object_new_int64(Int64(value))
        case .double(let value):
            return value.isFinite ? json_object_new_double_s(value, value.description) : nil
        case .float(let value):
            return value.isFinite ? json_object_new_double_s(Double(value), value.description) : nil
        case .string(let value):
            var value = value
            return value.withUTF8 { utf8 in
                utf8.withMemoryRebound(to: CChar.self) {
                    json_object_new_string_len($0.baseAddress, Int32(clamping: $0.count))
                }
            }
        case .array(let values):
            let array = json_object_new_array()
            for value in values { json_object_array_add(array, value.makeObject()) }
            return array
        case .object(let members):
            let object = json_object_new_object()
            for (key, value) in members { json_object_object_add(object, key, value.makeObject()) }
            return object
        }
    }
}
