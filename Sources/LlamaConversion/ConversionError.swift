import Glibc
import LlamaCheckpoints
import LlamaFiles
import LlamaTokenizers

/// Why a conversion failed.
package enum ConversionError: Error, Sendable {
    /// The target format cannot express the checkpoint, for these reasons. Nothing was written.
    case inexpressible(format: CheckpointFormat, reasons: [String])
    /// The source cannot be read.
    case source(CheckpointError)
    /// The source's tokenizer, or the one given in its stead, cannot be read or does not fit the model.
    case tokenizer(TokenizerError)
    /// Something exists at the destination; it may be replaced.
    case exists(String)
    /// Something that no conversion made exists under a temporary name that one needs.
    case inTheWay(String)
    /// What exists at a path of the output is not a checkpoint of the same kind, so nothing may replace it.
    case notReplaceable(String, expected: String, found: String)
    /// The destination is the source.
    case isSource(String)
    /// The destination's name cannot be a checkpoint's.
    case badDestination(String, found: String, advice: String)
    /// There is no folder to write into.
    case noFolder(String)
    /// The disk has fewer bytes free than the output needs.
    case noSpace(path: String, needed: Int, free: Int)
    /// A file or folder cannot be written; `code` is an `errno`.
    case unwritable(path: String, code: Int32)
    /// There is nothing to resume, or it is another conversion's.
    case cannotResume(path: String, reason: String)
    /// Another process is converting to the same destination.
    case busy(path: String)
    /// The conversion was interrupted; what is done is kept at `path`.
    case interrupted(path: String)
    /// libcrypto cannot compute SHA-256: it lacks memory, or was built without it.
    case digestUnavailable
    /// The system has no memory for the buffers of the conversion.
    case outOfMemory(byteCount: Int)
    /// A weight is not finite, or too large to be quantized.
    case unstorable(UnstorableWeight)
    /// The output does not read back as it was written, so it was not published; `outcome` says what is at the
    /// destination.
    case unverified(path: String, reason: String, outcome: String)
    /// The output does not read back as it should.
    case unfaithful(path: String, reason: String)
}

extension ConversionError: CustomStringConvertible {
    /// One line: what, expected, found, what to do.
    package var description: String {
        switch self {
        case .inexpressible(let format, let reasons):
            "\(format.rawValue): cannot express this checkpoint: " + reasons.joined(separator: "; ")
        case .source(let error): error.description
        case .tokenizer(let error): error.description
        case .exists(let path): "\(path): expected nothing there, found \(FilePath(path).kind ?? "something")"
        case .inTheWay(let path):
            "\(path): expected nothing there, found something that no conversion left there; move it away"
        case .notReplaceable(let path, let expected, let found):
            "\(path): expected nothing there, or \(expected) to replace, found \(found); choose a new name"
        case .isSource(let path):
            "\(path): expected another path than the source's, found the same; choose a new name"
        case .badDestination(let path, let found, let advice):
            "\(path): expected the name of a checkpoint to create, found \(found); \(advice)"
        case .noFolder(let path): "\(path): expected a folder to write into, found none; create it first"
        case .noSpace(let path, let needed, let free):
            """
            \(path): expected \(Self.grouped(needed)) bytes of free disk space, found \(Self.grouped(free)); \
            free some space or choose a path on another disk
            """
        case .unwritable(let path, let code): "\(path): cannot be written: \(String(cString: strerror(code)))"
        case .cannotResume(let path, let reason): "\(path): cannot be resumed: \(reason)"
        case .busy(let path): "\(path): another conversion is writing it; wait until it ends"
        case .interrupted(let path): "interrupted; \(path) keeps what is done"
        case .digestUnavailable: "libcrypto: expected SHA-256, found none; install OpenSSL 3 or newer"
        case .outOfMemory(let byteCount):
            "out of memory: \(byteCount >> 20) MB were requested; use fewer threads"
        case .unstorable(let weight): weight.description
        case .unverified(let path, let reason, let outcome):
            """
            \(path): does not read back as it was written: \(reason); \(outcome); check the disk and the memory, then \
            convert again
            """
        case .unfaithful(let path, let reason): "\(path): does not read back as it was written: \(reason)"
        }
    }

    /// Digits in groups of three.
    private static func grouped(_ count: Int) -> String {
        let digits = Array(String(count))
        return digits.indices.map { index in
            let isFirst = index > 0 && (digits.count - index).isMultiple(of: 3)
            return (isFirst ? "," : "") + String(digits[index])
        }.joined()
    }

    /// Whether the tokenizer is well-formed, but the target cannot hold it.
    package var isUnsupportedTokenizer: Bool {
        if case .tokenizer(let error) = self { error.isUnsupported } else { false }
    }

    /// Whether the disk, a quota or a limit on files was full.
    package var isFullDisk: Bool {
        switch self {
        case .noSpace: true
        case .unwritable(_, let code): [ENOSPC, EDQUOT, EFBIG].contains(code)
        default: false
        }
    }
}
