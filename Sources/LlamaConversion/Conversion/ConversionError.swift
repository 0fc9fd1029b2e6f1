import Glibc
import LlamaCheckpoints
import LlamaTokenizers

/// Why a conversion was not made.
package enum ConversionError: Error, Sendable {
    /// The target format cannot express the checkpoint, for these reasons. Nothing was written.
    case inexpressible(format: CheckpointFormat, reasons: [String])
    /// The source is bad, or its weights are.
    case source(CheckpointError)
    /// The source's tokenizer, or the one given in its stead, cannot be read or does not fit the model.
    case tokenizer(TokenizerError)
    /// There is something at the destination already, which may be replaced.
    case exists(String)
    /// There is something that no conversion made where one needs room.
    case inTheWay(String)
    /// The folder to be replaced holds other things than a checkpoint.
    case isNoCheckpoint(String)
    /// The destination is what is read.
    case isSource(String)
    /// The destination is no name that a checkpoint can have.
    case badDestination(String, found: String, advice: String)
    /// There is no folder to write into.
    case noFolder(String)
    /// The disk has fewer bytes free than the output needs.
    case noSpace(path: String, needed: Int, free: Int)
    /// A file or folder cannot be written; `code` is an `errno`.
    case unwritable(path: String, code: Int32)
    /// There is nothing to go on with, or it is of another conversion.
    case cannotResume(path: String, reason: String)
    /// Another process is converting to the same place.
    case busy(path: String)
    /// It was interrupted; what is done is kept at `path`.
    case interrupted(path: String)
    /// libcrypto cannot compute SHA-256: it lacks memory, or was built without it.
    case digestUnavailable
    /// What was written does not read back as what was to be written.
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
        case .exists(let path): "\(path): expected nothing there, found a file or folder"
        case .inTheWay(let path):
            "\(path): expected nothing there, found what no conversion to this place left; move it away"
        case .isNoCheckpoint(let path):
            "\(path): expected a checkpoint to replace, found a folder with other things in it; choose a new name"
        case .isSource(let path):
            "\(path): expected another place than the checkpoint that is read, found the same; choose a new name"
        case .badDestination(let path, let found, let advice):
            "\(path): expected the name of a checkpoint to be made, found \(found); \(advice)"
        case .noFolder(let path): "\(path): expected a folder to write into, found none; make it first"
        case .noSpace(let path, let needed, let free):
            """
            \(path): expected \(Self.grouped(needed)) bytes of free disk space, found \(Self.grouped(free)); \
            make room or choose a place on another disk
            """
        case .unwritable(let path, let code): "\(path): cannot be written: \(String(cString: strerror(code)))"
        case .cannotResume(let path, let reason): "\(path): cannot be gone on with: \(reason)"
        case .busy(let path): "\(path): another conversion is writing it; wait for its end"
        case .interrupted(let path): "interrupted; \(path) keeps what is done"
        case .digestUnavailable: "libcrypto: expected SHA-256, found none; install OpenSSL 3 or newer"
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

    /// Whether the disk, a quota or a limit on files was full.
    package var isFullDisk: Bool {
        switch self {
        case .noSpace: true
        case .unwritable(_, let code): [ENOSPC, EDQUOT, EFBIG].contains(code)
        default: false
        }
    }
}
