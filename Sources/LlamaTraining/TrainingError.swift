import Glibc
import LlamaFiles
import LlamaKernels

/// Why a model could not be trained.
package enum TrainingError: Error, Equatable, Sendable {
    /// The data cannot be read.
    case unreadableData(file: String, reason: String)
    /// A file changed while it was being read.
    case changedFile(FileError)
    /// The data is not UTF-8.
    case notUTF8(file: String)
    /// A split is shorter than a sequence and the token after it.
    case tooLittleData(file: String, split: String, count: Int, needed: Int)
    /// The tokenizer has no token for a character of the data.
    case unknownCharacter(file: String, character: String, line: Int)
    /// An option is out of its range.
    case invalidOption(String, expected: String, found: String)
    /// The state to resume from was made with other options.
    case otherRun(file: String, option: String, expected: String, found: String)
    /// The state to resume from is missing or damaged.
    case invalidState(file: String, expected: String, found: String, isMissing: Bool)
    /// The loss is no longer a finite number.
    case lossNotFinite(step: Int, lastGood: String?)
    /// A weight is too large for the type of the checkpoint.
    case weightOutOfRange(String, step: Int)
    /// An operation could not be run.
    case kernels(KernelError)
    /// A file could not be written; the previous one is unchanged.
    case cannotWrite(String)

    /// Whether the input does not exist, rather than being invalid.
    package var isMissingInput: Bool {
        switch self {
        case .unreadableData: true
        case .invalidState(_, _, _, let isMissing): isMissing
        default: false
        }
    }
}

extension TrainingError: CustomStringConvertible {
    /// One line for a person.
    package var description: String {
        switch self {
        case .unreadableData(let file, let reason):
            "\(file): cannot be read: \(reason)"
        case .changedFile(let error): error.description
        case .notUTF8(let file):
            "\(file): expected text in UTF-8, found other bytes"
        case .tooLittleData(let file, let split, let count, let needed):
            "\(file): expected at least \(needed) tokens in the \(split) split, found \(count); "
                + "give more text or lower --max-seq-len"
        case .unknownCharacter(let file, let character, let line):
            "\(file): line \(line): expected characters that the tokenizer knows, found \(character); "
                + "train a tokenizer on this text with --tokenizer char, or give a resumed run the text that it began with"
        case .invalidOption(let option, let expected, let found):
            "\(option): expected \(expected), found \(found)"
        case .otherRun(let file, let option, let expected, let found):
            "\(file): expected a run with \(option) \(expected), found \(found); leave the option out to resume as before"
        case .invalidState(let file, let expected, let found, _):
            "\(file): expected \(expected), found \(found)"
        case .lossNotFinite(let step, let lastGood):
            "step \(step): the loss is no longer a finite number; start again with a lower --learning-rate; "
                + (lastGood.map { "the last good checkpoint is kept in \($0)" }
                    ?? "no checkpoint was written yet")
        case .weightOutOfRange(let name, let step):
            "step \(step): \(name): expected weights that F16 can hold (below 65504), found larger ones; "
                + "start again with --dtype float32 or a lower --learning-rate"
        case .kernels(let error): "\(error)"
        case .cannotWrite(let problem):
            "\(problem); the files written before are kept"
        }
    }
}
