import LlamaFiles

/// Where one value of a ``ModelConfiguration`` came from.
package struct ConfigurationSource: Sendable, Equatable {
    /// The value's name, as in ``ModelConfiguration``; `rope.theta` for a nested one.
    package let name: String
    /// The value as text.
    package let value: String
    /// The file and key (`config.json: hidden_size`), the tensor whose shape implies it, or `default` and why.
    package let source: String

    init(_ name: String, _ value: String, _ source: String) {
        (self.name, self.value, self.source) = (name, value, source)
    }
}

extension ConfigurationReader {
    /// Where a value came from: the key where the file has it, else `otherwise`.
    func source(_ key: String, otherwise: String = "default") -> String {
        has(key) ? "\(FilePath(file).name): \(keyPath(of: key))" : otherwise
    }
}
