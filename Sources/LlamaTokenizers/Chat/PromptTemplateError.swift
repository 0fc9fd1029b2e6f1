import LlamaFiles
import LlamaJSON

/// Why a prompt template cannot be used; `description` is the message for the user.
package enum PromptTemplateError: Error, Sendable, Equatable {
    /// The file cannot be read.
    case unreadable(WholeFile.Failure)
    /// The file is not UTF-8.
    case notText(file: String)
    /// A JSON template that is malformed or lacks a text.
    case invalidJSON(file: String, reason: String)
    /// A placeholder of another name, in a line counted from 1; `allowsInput` is whether `{input}` may be there.
    case unknownPlaceholder(String, allowsInput: Bool, file: String, line: Int)
    /// There is no placeholder for the instruction.
    case noInstruction(file: String)
    /// The template needs an input.
    case missingInput(file: String)
    /// The template has no placeholder for the input.
    case unexpectedInput(file: String)
}

extension PromptTemplateError: CategorizedError {
    /// That of the file's error, or ``ErrorCategory/badInput``.
    package var category: ErrorCategory {
        if case .unreadable(let error) = self { return error.category }
        return .badInput
    }

    /// One line that names the file, what was expected, what was found, and what to do.
    package var description: String {
        switch self {
        case .unreadable(let error): error.description
        case .notText(let file):
            "\(file): expected a prompt template in UTF-8, found other bytes; convert the file"
        case .invalidJSON(let file, let reason):
            "\(file): expected JSON with prompt_input and prompt_no_input, found otherwise (\(reason)); correct it"
        case .unknownPlaceholder(let name, let allowsInput, let file, let line):
            "\(file), line \(line): expected {instruction}\(allowsInput ? " or {input}" : ""), found {\(name.oneLine())}; "
                + "write {{\(name.oneLine())}} for the word in braces"
        case .noInstruction(let file):
            "\(file): expected the placeholder {instruction}, found none; add it where the instruction belongs"
        case .missingInput(let file):
            "\(file): expected an input for the placeholder {input}, found none; add one, or use a JSON template "
                + "with prompt_input and prompt_no_input"
        case .unexpectedInput(let file):
            "\(file): expected the placeholder {input}, found an input without one; add it where the input belongs"
        }
    }
}
