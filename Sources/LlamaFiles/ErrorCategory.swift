/// What kind of problem an error reports, in terms that every library shares.
///
/// Commands turn it into an exit code without knowing the library that threw the error.
package enum ErrorCategory: Sendable, Equatable, CaseIterable {
    /// An option or argument has a value that cannot be used.
    case invalidArgument
    /// A file or folder to read does not exist or cannot be read.
    case missingInput
    /// The input was read and is damaged, inconsistent or not supported.
    case badInput
    /// A file changed while it was being read.
    case changedInput
    /// The system lacks memory, threads, a library or an instruction set.
    case insufficientResources
    /// The output cannot be created where it was asked for.
    case uncreatableOutput
    /// Writing the output failed.
    case unwritableOutput
    /// The user interrupted the operation.
    case interrupted
}

/// An error of one of the libraries: its description is one line for a person.
package protocol CategorizedError: Error, CustomStringConvertible {
    /// What kind of problem it is.
    var category: ErrorCategory { get }
}

extension WholeFile.Failure: CategorizedError {
    /// One line for a person.
    package var description: String {
        switch self {
        case .system(let error): error.description
        case .tooLarge(let path, let limit):
            "\(path): expected at most \(limit) bytes, found more; check the path"
        }
    }

    /// ``ErrorCategory/missingInput`` or ``ErrorCategory/badInput``.
    package var category: ErrorCategory {
        switch self {
        case .system(let error): error.category
        case .tooLarge: .badInput
        }
    }
}
