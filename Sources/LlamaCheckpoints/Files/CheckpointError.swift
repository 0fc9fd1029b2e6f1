import LlamaJSON

/// Why a checkpoint could not be opened: the file, the location in it, and what was expected and found there.
package struct CheckpointError: Error, Equatable, Sendable {
    /// The kind of error.
    package enum Reason: Equatable, Sendable {
        /// The file or folder does not exist.
        case missing
        /// The system refused to read it, in its words.
        case unreadable(String)
        /// It changed while it was being read: how, and what to do.
        case changed(String)
        /// The folder holds no weights.
        case noCheckpoint(found: String)
        /// The file contradicts its format, or another file of the checkpoint.
        case invalid(expected: String, found: String)
        /// The file is well-formed but holds something that is not supported.
        case unsupported(String)
        /// The tensors are not those of a Llama of this configuration.
        case tensors(missing: [String], unexpected: [String], doubled: [String])
    }

    /// Path of the file (or folder) the error is about.
    package let file: String
    /// The tensor, JSON key path, ZIP entry or byte offset, where there is one.
    package let location: String?
    /// What is wrong.
    package let reason: Reason
    /// What the user can do about it, where that is known.
    package let advice: String?

    /// An error about a file.
    package init(file: String, location: String? = nil, _ reason: Reason, advice: String? = nil) {
        self.file = file
        self.location = location
        self.reason = reason
        self.advice = advice
    }

    /// An error of ``Reason/invalid(expected:found:)``.
    package static func invalid(
        _ file: String, _ location: String? = nil, expected: String, found: String, advice: String? = nil
    ) -> CheckpointError {
        CheckpointError(
            file: file, location: location, .invalid(expected: expected, found: found), advice: advice)
    }

    /// An error of ``Reason/unsupported(_:)``.
    package static func unsupported(
        _ file: String, at location: String? = nil, _ what: String, advice: String? = nil
    ) -> CheckpointError {
        CheckpointError(file: file, location: location, .unsupported(what), advice: advice)
    }

    /// Whether the input is missing or unreadable, rather than bad.
    package var isMissingInput: Bool {
        switch reason {
        case .missing, .unreadable, .noCheckpoint: true
        case .changed, .invalid, .unsupported, .tensors: false
        }
    }
}

extension CheckpointError: CustomStringConvertible {
    /// One line: file, location, expected, found, what to do. Control characters in names from the file are escaped.
    package var description: String {
        let subject = [file.oneLine(limit: 4096), location?.oneLine()].compactMap(\.self).joined(
            separator: ": ")
        return subject + ": " + problem + (advice.map { "; \($0.oneLine())" } ?? "")
    }

    private var problem: String {
        switch reason {
        case .missing: return "no such file or directory"
        case .unreadable(let reason): return "cannot be read: \(reason)"
        case .changed(let how): return how
        case .noCheckpoint(let found): return "no checkpoint here: found \(found.oneLine())"
        case .invalid(let expected, let found):
            return "expected \(expected.oneLine()), found \(found.oneLine())"
        case .unsupported(let what): return "\(what.oneLine()) is not supported"
        case .tensors(let missing, let unexpected, let doubled):
            let groups = [("missing", missing), ("unexpected", unexpected), ("doubled", doubled)]
            let lists = groups.filter { !$0.1.isEmpty }.map { "\($0.0) \(CheckpointError.abridged($0.1))" }
            return "the tensors are not those of this Llama: " + lists.joined(separator: ", ")
        }
    }

    private static func abridged(_ names: [String]) -> String {
        let shown = names.prefix(6).map { $0.oneLine(limit: 80) }.joined(separator: " ")
        return names.count <= 6 ? shown : "\(shown) … (\(names.count) in all)"
    }
}
