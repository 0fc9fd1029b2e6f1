import LlamaJSON

extension ConfigurationReader {
    /// Refuses what would be run wrongly if it were ignored.
    func check(_ keys: [NeutralKey]) throws(CheckpointError) {
        for key in keys {
            guard let value = value(key.key), !key.allows(StatedValue(value)) else { continue }
            throw .invalid(
                file, place(of: key.key), expected: key.expected(insteadOf: StatedValue(value)),
                found: value.excerpt, advice: key.reason)
        }
    }
}

extension GGUFConfiguration {
    /// Refuses what would be run wrongly if it were ignored.
    func check(_ keys: [NeutralKey]) throws(CheckpointError) {
        for key in keys {
            let name = "llama." + key.key
            guard let value = metadata[name], !key.allows(StatedValue(value)) else { continue }
            throw .invalid(
                metadata.file, name, expected: key.expected(insteadOf: StatedValue(value)),
                found: value.excerpt, advice: key.reason)
        }
    }
}

extension StatedValue {
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
            self = .object(isEmpty: (try? value.members().isEmpty) ?? true)
        }
    }

    init(_ value: GGUFValue) {
        switch value {
        case .bool(let flag): self = .flag(flag)
        case .uint8(let number): self = .number(Double(number))
        case .int8(let number): self = .number(Double(number))
        case .uint16(let number): self = .number(Double(number))
        case .int16(let number): self = .number(Double(number))
        case .uint32(let number): self = .number(Double(number))
        case .int32(let number): self = .number(Double(number))
        case .uint64(let number): self = .number(Double(number))
        case .int64(let number): self = .number(Double(number))
        case .float32(let number): self = .number(Double(number))
        case .float64(let number): self = .number(number)
        case .string(let bytes): self = .word(String(decoding: bytes, as: UTF8.self))
        case .array(.bool(let flags)): self = .list(flags.map(StatedValue.flag))
        case .array(let array):
            let numbers = array.ints.map { $0.map(Double.init) } ?? array.floats.map { $0.map(Double.init) }
            self = numbers.map { .list($0.map(StatedValue.number)) } ?? .object(isEmpty: array.count == 0)
        }
    }
}
