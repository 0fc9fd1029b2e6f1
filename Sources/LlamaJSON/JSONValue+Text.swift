extension JSONValue {
    /// The value for writing: numbers in their shortest form, members in their order.
    package func text() throws(JSONError) -> JSONText {
        if isNull { return .null }
        if isString { return .string(try string()) }
        if isArray {
            return .array(try array().map { element throws(JSONError) in try element.text() })
        }
        if isObject {
            return .object(
                try members().map { member throws(JSONError) in (member.key, try member.value.text()) })
        }
        if let value = try? bool() { return .bool(value) }
        // A whole number of more than 64 bits is a double to most readers.
        if let value = try? int() { return .int(value) }
        return .double(try double())
    }
}
