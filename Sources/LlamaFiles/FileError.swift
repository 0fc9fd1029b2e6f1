import Glibc

/// Why a file or folder could not be opened or read.
package struct FileError: Error, Equatable, Sendable {
    /// How a mapped file changed while it was being read.
    package enum Change: Equatable, Sendable {
        /// Its size in bytes.
        case size(expected: Int, found: Int)
        /// Some of its bytes could not be read: it shrank for a moment, or its disk failed.
        case unreadable
        /// Its contents were overwritten by others of the same size.
        case contents
    }

    /// The path of the file or folder.
    package let path: String
    /// The `errno` of the call that failed; `EIO` for a file that changed.
    package let code: Int32
    /// How the file changed while it was being read; nil where a call failed.
    package let change: Change?
    /// What is wrong, where that says more than ``code``; nil where the system's words do.
    private let explanation: String?

    /// - Parameters:
    ///   - code: An `errno`.
    ///   - explanation: What is wrong, where that says more than the code.
    package init(path: String, code: Int32, explanation: String? = nil) {
        self.path = path
        self.code = code
        self.explanation = explanation
        change = nil
    }

    /// An error of a file that changed while it was being read.
    package init(path: String, _ change: Change) {
        self.path = path
        code = EIO
        self.change = change
        explanation = nil
    }

    /// How the file changed and what to do, else the explanation, else the system's words for ``code``.
    package var reason: String {
        switch change {
        case nil:
            explanation ?? String(cString: strerror(code))
                + (code == EMFILE ? "; allow this process more, with `ulimit -n`" : "")
        case .size(let expected, let found):
            "changed while it was being read: expected \(expected) bytes, found \(found); "
                + "restore the file and run the command again"
        case .unreadable:
            "changed while it was being read: expected its bytes, found that some cannot be read; "
                + "check the file and its disk and run the command again"
        case .contents:
            "changed while it was being read: expected the same contents, found others; run the command again"
        }
    }

    /// Whether the file (or a folder on its path) does not exist.
    package var isMissing: Bool { code == ENOENT || code == ENOTDIR }
}

extension FileError: CategorizedError {
    /// One line for a person.
    package var description: String {
        change == nil ? "\(path): cannot be read: \(reason)" : "\(path): \(reason)"
    }
    /// ``ErrorCategory/missingInput`` or ``ErrorCategory/changedInput``.
    package var category: ErrorCategory { change == nil ? .missingInput : .changedInput }
}
