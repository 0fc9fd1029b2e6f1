/// The key-values of a GGUF file in the order of the file, with typed access whose errors name file and key.
package struct GGUFMetadata: Sendable {
    /// One key and its value.
    package typealias Entry = (key: String, value: GGUFValue)

    /// The file they are from.
    package let file: String
    /// All of them, in the order of the file; no key twice.
    package let entries: [Entry]
    private let positions: [String: Int]

    /// - Parameter entries: Where a key is there twice, the first counts.
    package init(file: String, entries: [Entry]) {
        self.file = file
        self.entries = entries
        positions = Dictionary(
            entries.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The value of a key, or nil where the file does not have it.
    package subscript(key: String) -> GGUFValue? { positions[key].map { entries[$0].value } }

    /// Whether the file has the key.
    package func contains(_ key: String) -> Bool { positions[key] != nil }

    /// A whole number of any width, or nil where the key is absent.
    ///
    /// - Throws: where the value is something else, or more than `Int` holds.
    package func int(_ key: String) throws(CheckpointError) -> Int? {
        switch self[key] {
        case nil: return nil
        case .uint8(let value): return Int(value)
        case .int8(let value): return Int(value)
        case .uint16(let value): return Int(value)
        case .int16(let value): return Int(value)
        case .uint32(let value): return Int(value)
        case .int32(let value): return Int(value)
        case .int64(let value): return Int(value)
        case .uint64(let value):
            if let value = Int(exactly: value) { return value }
            throw invalid(key, expected: "at most \(Int.max)", found: "\(value)")
        case .some(let other): throw wrongType(key, expected: "a whole number", other)
        }
    }

    /// A floating-point number of either width, or nil where the key is absent.
    package func double(_ key: String) throws(CheckpointError) -> Double? {
        switch self[key] {
        case nil: return nil
        case .float32(let value): return Double(value)
        case .float64(let value): return value
        case .some(let other): throw wrongType(key, expected: "a number", other)
        }
    }

    /// A floating-point number, rounded to `Float`, or nil where the key is absent.
    package func float(_ key: String) throws(CheckpointError) -> Float? { try double(key).map(Float.init) }

    /// True or false, or nil where the key is absent.
    package func bool(_ key: String) throws(CheckpointError) -> Bool? {
        switch self[key] {
        case nil: return nil
        case .bool(let value): return value
        case .some(let other): throw wrongType(key, expected: "true or false", other)
        }
    }

    /// A string, or nil where the key is absent.
    ///
    /// - Throws: where the value is not a string, or not UTF-8.
    package func string(_ key: String) throws(CheckpointError) -> String? {
        guard let bytes = try bytes(key) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw invalid(key, expected: "UTF-8", found: String(decoding: bytes, as: UTF8.self))
        }
        return text
    }

    /// The bytes of a string, or nil where the key is absent.
    package func bytes(_ key: String) throws(CheckpointError) -> [UInt8]? {
        switch self[key] {
        case nil: return nil
        case .string(let bytes): return bytes
        case .some(let other): throw wrongType(key, expected: "a string", other)
        }
    }

    /// An array of whole numbers of any width, or nil where the key is absent.
    package func ints(_ key: String) throws(CheckpointError) -> [Int]? {
        try array(key, expected: "an array of whole numbers") { $0.ints }
    }

    /// An array of floating-point numbers, rounded to `Float`, or nil where the key is absent.
    package func floats(_ key: String) throws(CheckpointError) -> [Float]? {
        try array(key, expected: "an array of numbers") { $0.floats }
    }

    /// An array of strings, or nil where the key is absent. Any bytes: tokens need not be UTF-8.
    package func strings(_ key: String) throws(CheckpointError) -> GGUFStrings? {
        try array(key, expected: "an array of strings") { array in
            guard case .string(let strings) = array else { return nil }
            return strings
        }
    }

    private func array<T>(
        _ key: String, expected: String, _ convert: (GGUFArray) -> T?
    ) throws(CheckpointError) -> T? {
        guard let value = self[key] else { return nil }
        guard case .array(let array) = value, let elements = convert(array) else {
            throw wrongType(key, expected: expected, value)
        }
        return elements
    }
}

extension GGUFMetadata {
    /// The ids that begin a sequence and that pad one; nil where the file does not name them. Negative ones mean none.
    func beginAndPadTokens() throws(CheckpointError) -> (begin: Int32?, pad: Int32?) {
        (try tokenID("bos_token_id"), try tokenID("padding_token_id"))
    }

    private func tokenID(_ key: String) throws(CheckpointError) -> Int32? {
        try int("tokenizer.ggml." + key).flatMap(Int32.init(exactly:)).flatMap { $0 < 0 ? nil : $0 }
    }

    /// An error about the value of `key`.
    func invalid(_ key: String, expected: String, found: String) -> CheckpointError {
        .invalid(file, key, expected: expected, found: found)
    }

    private func wrongType(_ key: String, expected: String, _ value: GGUFValue) -> CheckpointError {
        invalid(key, expected: expected, found: value.excerpt)
    }
}

extension GGUFValue {
    /// The value in a few words, for messages.
    var excerpt: String {
        switch self {
        case .uint8(let value): "\(value)"
        case .int8(let value): "\(value)"
        case .uint16(let value): "\(value)"
        case .int16(let value): "\(value)"
        case .uint32(let value): "\(value)"
        case .int32(let value): "\(value)"
        case .uint64(let value): "\(value)"
        case .int64(let value): "\(value)"
        case .float32(let value): "\(value)"
        case .float64(let value): "\(value)"
        case .bool(let value): "\(value)"
        case .string(let bytes): "\"\(String(decoding: bytes.prefix(80), as: UTF8.self))\""
        case .array(let array): "an array of \(array.count) \(array.elementType)"
        }
    }
}
