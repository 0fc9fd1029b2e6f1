import Glibc

/// Why a file or folder could not be opened or read.
package struct FileError: Error, Equatable, Sendable {
    /// The path of the file or folder.
    package let path: String
    /// The `errno` of the call that failed.
    package let code: Int32
    /// What is wrong, where that says more than ``code``; nil where the system's words do.
    private let explanation: String?

    /// - Parameters:
    ///   - code: An `errno`.
    ///   - explanation: What is wrong, where that says more than the code.
    package init(path: String, code: Int32, explanation: String? = nil) {
        self.path = path
        self.code = code
        self.explanation = explanation
    }

    /// The explanation, else the system's words for ``code``.
    package var reason: String { explanation ?? String(cString: strerror(code)) }
    /// Whether the file (or a folder on its path) does not exist.
    package var isMissing: Bool { code == ENOENT || code == ENOTDIR }
}

extension FileError: CategorizedError {
    /// One line for a person.
    package var description: String { "\(path): cannot be read: \(reason)" }
    /// Always ``ErrorCategory/missingInput``.
    package var category: ErrorCategory { .missingInput }
}
