import LlamaFiles
import LlamaJSON
import Logging

/// Reads values of a JSON configuration file; every error names the file and the key.
package struct ConfigurationReader {
    /// The file.
    package let file: String
    private let object: JSONValue

    /// Parses a file.
    ///
    /// - Throws: where it cannot be read or is not a JSON object.
    package init(_ file: String) throws(CheckpointError) {
        let mapped = try mapFile(file)
        self.file = file
        do throws(JSONError) {
            object = try JSONValue.parse(mapped.bytes, limits: JSONLimits(byteCount: 16 << 20))
            if !object.isObject { throw .wrongType(path: "", expected: "an object", found: object.excerpt) }
        } catch {
            throw CheckpointError(error, in: file, bytes: mapped.bytes)
        }
    }

    private init(file: String, object: JSONValue) {
        self.file = file
        self.object = object
    }

    /// A reader of the object under `key`; nil where the key is absent or `null`.
    package func object(_ key: String) throws(CheckpointError) -> ConfigurationReader? {
        guard let value = object[key] else { return nil }
        guard value.isObject else { throw invalid(key, expected: "an object", found: value.excerpt) }
        return ConfigurationReader(file: file, object: value)
    }

    /// A whole number in `range`, or nil where the key is absent or `null`.
    package func optionalInt(_ key: String, in range: ClosedRange<Int>) throws(CheckpointError) -> Int? {
        guard let value = try read(key, { value throws(JSONError) in try value.int() }) else { return nil }
        guard range.contains(value) else {
            throw invalid(key, expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(value)")
        }
        return value
    }

    /// A whole number in `range`.
    package func int(_ key: String, in range: ClosedRange<Int>) throws(CheckpointError) -> Int {
        try required(key, try optionalInt(key, in: range))
    }

    /// A finite number greater than 0, or nil where the key is absent or `null`.
    package func optionalPositive(_ key: String) throws(CheckpointError) -> Double? {
        guard let value = try read(key, { value throws(JSONError) in try value.double() }) else { return nil }
        guard value > 0, value.isFinite else {
            // A number that is too large for a double is shown as it is written.
            let found = value.isFinite ? "\(value)" : object[key]?.excerpt ?? "\(value)"
            throw invalid(key, expected: "a number above 0", found: found)
        }
        return value
    }

    /// The base of the rotations, or nil where the key is absent or `null`.
    package func ropeTheta() throws(CheckpointError) -> Double? {
        try optionalNumber("rope_theta", in: 1...1e12)
    }

    /// What a norm adds to the mean square, or nil where the key is absent or `null`.
    package func normEpsilon(_ key: String) throws(CheckpointError) -> Float? {
        try optionalNumber(key, in: 1e-12...1).map(Float.init)
    }

    private func optionalNumber(_ key: String, in range: ClosedRange<Double>) throws(CheckpointError)
        -> Double?
    {
        guard let value = try optionalPositive(key) else { return nil }
        guard range.contains(value) else {
            throw invalid(key, expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(value)")
        }
        return value
    }

    /// A finite number greater than 0.
    package func positive(_ key: String) throws(CheckpointError) -> Double {
        try required(key, try optionalPositive(key))
    }

    /// `true` or `false`; `false` where the key is absent or `null`.
    package func flag(_ key: String) throws(CheckpointError) -> Bool {
        try read(key, { value throws(JSONError) in try value.bool() }) ?? false
    }

    /// A string, or nil where the key is absent or `null`.
    package func optionalString(_ key: String) throws(CheckpointError) -> String? {
        try read(key, { value throws(JSONError) in try value.string() })
    }

    /// One id or an array of ids; empty where the key is absent or `null`. Negative ids mean none.
    package func tokens(_ key: String) throws(CheckpointError) -> Set<Int32> {
        let ids = try read(key) { value throws(JSONError) in
            try value.isArray ? value.ints() : [value.int()]
        }
        var tokens: Set<Int32> = []
        for id in ids ?? [] where id >= 0 {
            guard let token = Int32(exactly: id) else {
                throw invalid(key, expected: "ids of 31 bits", found: "\(id)")
            }
            tokens.insert(token)
        }
        return tokens
    }

    /// All members, in the order of the file.
    package func members() throws(CheckpointError) -> [(String, JSONText)] {
        do throws(JSONError) {
            return try object.members().map { member throws(JSONError) in
                (member.key, try member.value.text())
            }
        } catch {
            throw .invalid(file, error.location, expected: error.expected, found: error.found)
        }
    }

    /// The ids of `eos_token_id` that the vocabulary has.
    package func stopTokens(vocabularySize: Int, logger: Logger) throws(CheckpointError) -> Set<Int32> {
        let key = "eos_token_id"
        return try tokens(key).filter { id in
            if Int(id) < vocabularySize { return true }
            logger.notice("\(file): \(key) \(id) left out: the vocabulary has \(vocabularySize) ids")
            return false
        }
    }

    /// The value of a key, or nil where it is absent or `null`.
    package func value(_ key: String) -> JSONValue? { object[key] }

    /// Whether the key is there, and not `null`.
    package func has(_ key: String) -> Bool { object[key] != nil }

    /// The key path: the key after those of the enclosing objects.
    package func keyPath(of key: String) -> String { object.path.isEmpty ? key : "\(object.path).\(key)" }

    /// An error about the value of `key`.
    package func invalid(_ key: String, expected: String, found: String) -> CheckpointError {
        .invalid(file, keyPath(of: key), expected: expected, found: found)
    }

    /// A number, or an error where it is nil.
    package func required<Number>(_ key: String, _ value: Number?) throws(CheckpointError) -> Number {
        guard let value else { throw invalid(key, expected: "a number", found: "none") }
        return value
    }

    /// Checks that heads share keys evenly and have pairs to rotate.
    ///
    /// - Parameter keys: The names of the two counts in the file, for the error.
    package func checkHeads(
        nHeads: Int, nKVHeads: Int, headDim: Int, keys: (keyValue: String, heads: String)
    ) throws(CheckpointError) {
        guard nHeads.isMultiple(of: nKVHeads) else {
            throw invalid(
                keys.keyValue, expected: "a divisor of \(keys.heads) \(nHeads)", found: "\(nKVHeads)")
        }
        guard headDim.isMultiple(of: 2) else {
            throw invalid(keys.heads, expected: "heads of even width", found: "width \(headDim)")
        }
    }

    private func read<T>(
        _ key: String, _ convert: (JSONValue) throws(JSONError) -> T
    ) throws(CheckpointError) -> T? {
        guard let value = object[key] else { return nil }
        do {
            return try convert(value)
        } catch {
            throw .invalid(file, error.location, expected: error.expected, found: error.found)
        }
    }
}

extension ClosedRange<Int> {
    /// Bounds on the widths of a model: far above any Llama's, low enough that no product of them overflows.
    package static let width = 1...(1 << 20)
    /// Bounds on counts of layers and heads.
    package static let modelCount = 1...(1 << 12)
    /// Bounds on the number of tokens.
    package static let vocabulary = 1...(1 << 24)
    /// Bounds on a context length.
    package static let context = 1...(1 << 30)
}
