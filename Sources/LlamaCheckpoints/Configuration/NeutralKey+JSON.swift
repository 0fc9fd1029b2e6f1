import LlamaJSON

extension ConfigurationReader {
    /// Refuses keys that would change the model's output if they were ignored.
    func check(_ keys: [NeutralKey]) throws(CheckpointError) {
        for key in keys {
            guard let value = value(key.key), !key.allows(StatedValue(value)) else { continue }
            throw .invalid(
                file, keyPath(of: key.key), expected: key.expected(insteadOf: StatedValue(value)),
                found: value.excerpt, advice: key.reason)
        }
    }
}

extension StatedValue {
    /// The value of a JSON key.
    init(_ value: JSONValue) {
        if let flag = try? value.bool() {
            self = .flag(flag)
        } else if let number = try? value.double() {
            self = .number(number)
        } else if let word = try? value.string() {
            self = .word(word)
        } else if let elements = try? value.array() {
            self = .list(elements.map(StatedValue.init))
        } else {
            self = .object(isEmpty: (try? value.members().isEmpty) ?? false)
        }
    }
}
