import LlamaCheckpoints
import LlamaFiles
import Glibc
import LlamaJSON

/// Records which parts of a conversion are on the disk: a file beside the unfinished output, one line per role.
final class ConversionJournal: Sendable {
    /// The journal's name in the folder of the unfinished output.
    static let name = "conversion.journal"
    /// The version of its lines, which another version of this program may not understand.
    private static let version = 2

    private let path: String
    private let descriptor: Int32
    /// The results of earlier runs, by Meta's names.
    let done: [String: RoleConversion.Result]
    /// Whether the journal was empty, so that nothing of the output counts.
    let isNew: Bool
    /// Set where the complete output is on the disk and only has to be moved.
    let finished: Finished?

    /// A complete output.
    struct Finished: Sendable {
        /// Its files; for a format of one file, that file first.
        let names: [String]
        /// The first of them.
        let main: String
        /// Whether the format is of one file.
        let isFile: Bool
        /// Whether it may replace what exists at its destination.
        let replaces: Bool

        /// Nil for an output without files.
        init?(names: [String], isFile: Bool, replaces: Bool) {
            guard let main = names.first else { return nil }
            (self.names, self.main, self.isFile, self.replaces) = (names, main, isFile, replaces)
        }
    }

    /// Opens the journal of a conversion and locks it.
    ///
    /// - Parameters:
    ///   - fingerprint: Identifies the conversion.
    ///   - resumes: Whether to resume what is there, rather than start over.
    /// - Throws: ``ConversionError/busy(path:)`` where another process has it, or
    ///   ``ConversionError/cannotResume(path:reason:)`` where it does not fit.
    init(folder: String, fingerprint: String, resumes: Bool) throws(ConversionError) {
        let path = folder + "/" + Self.name
        let descriptor = try OutputFile.open(path, O_RDWR | O_CREAT | O_APPEND)
        do throws(ConversionError) {
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .busy(path: folder) }
            if resumes, let found = try Self.read(path, descriptor, fingerprint) {
                (done, finished, isNew) = (found.done, found.finished, false)
            } else {
                isNew = true
                guard ftruncate(descriptor, 0) == 0 else { throw .unwritable(path: path, code: errno) }
                (done, finished) = ([:], nil)
            }
        } catch {
            close(descriptor)
            throw error
        }
        (self.path, self.descriptor) = (path, descriptor)
        if isNew {
            try append([.object([("conversion", .string(fingerprint)), ("version", .int(Self.version))])])
        }
    }

    /// Locks the journal of a complete output; nil where there is none.
    init?(finishedIn folder: String) throws(ConversionError) {
        path = folder + "/" + Self.name
        guard let descriptor = try? OutputFile.open(path, O_RDWR) else { return nil }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw .busy(path: folder)
        }
        (self.descriptor, done, isNew, finished) = (descriptor, [:], false, Self.finished(folder))
        if finished == nil { return nil }
    }

    deinit { close(descriptor) }

    /// The complete output that the journal in a folder describes; nil where there is none.
    static func finished(_ folder: String) -> Finished? {
        guard let file = try? mapFile(folder + "/" + name) else { return nil }
        let lines = String(decoding: file.bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 2, lines.last == "" else { return nil }
        return finished(lines[lines.count - 2])
    }

    private static func finished(_ line: Substring) -> Finished? {
        guard let value = try? parse(line), let names = try? value["finished"]?.array(),
            let isFile = try? value["is_file"]?.bool(),
            let replaces = try? value["replaces"]?.bool()
        else { return nil }
        let files = names.compactMap { try? $0.string() }
        // A damaged name must not lead out of the folder.
        guard files.count == names.count, !files.contains(where: { $0.contains("/") }) else { return nil }
        return Finished(names: files, isFile: isFile, replaces: replaces)
    }

    /// The journal's content; nil where it was abandoned before its first line was complete.
    private static func read(
        _ path: String, _ descriptor: Int32, _ fingerprint: String
    ) throws(ConversionError) -> (done: [String: RoleConversion.Result], finished: Finished?)? {
        let folder = FilePath(path).folder
        var lines: [Substring] = []
        var length = 0
        do {
            let file = try mapFile(path)
            // A line that a kill cut off has no newline and does not count.
            let text = String(decoding: file.bytes, as: UTF8.self)
            lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            // The next line must not be appended to it.
            length = file.bytes.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        } catch { throw .source(error) }
        guard let first = lines.first else { return nil }
        guard let conversion = try? parse(first) else {
            throw .cannotResume(path: folder, reason: "its journal is damaged")
        }
        guard (try? conversion["version"]?.int()) == version else {
            throw .cannotResume(path: folder, reason: "another version of this program began it")
        }
        guard (try? conversion["conversion"]?.string()) == fingerprint else {
            throw .cannotResume(
                path: folder, reason: "it is of another conversion, or its source has changed")
        }
        guard ftruncate(descriptor, length) == 0 else { throw .unwritable(path: path, code: errno) }
        var done: [String: RoleConversion.Result] = [:]
        for line in lines.dropFirst() {
            if let finished = finished(line) { return (done, finished) }
            guard let (name, result) = try? result(line) else {
                throw .cannotResume(path: folder, reason: "its journal is damaged")
            }
            done[name] = result
        }
        return (done, nil)
    }

    private static func parse(_ line: Substring) throws(JSONError) -> JSONValue {
        try Array(line.utf8).withUnsafeBufferPointer { bytes throws(JSONError) in
            try JSONValue.parse(UnsafeRawBufferPointer(bytes))
        }
    }

    private static func result(_ line: Substring) throws(JSONError) -> (String, RoleConversion.Result) {
        let value = try parse(line)
        var loss: ConversionLoss?
        if let stated = value["loss"] {
            loss = ConversionLoss(journal: try stated.ints())
            guard loss != nil else {
                throw .wrongType(
                    path: "loss", expected: "\(ConversionLoss().journal.count) numbers", found: "others")
            }
        }
        let result = RoleConversion.Result(
            digest: TensorDigest(text: try value.member("sha256").string()),
            checksums: try value.member("crc").ints().map { UInt32(truncatingIfNeeded: $0) }, loss: loss)
        return (try value.member("role").string(), result)
    }

    /// Records roles as done; what they wrote must be on the disk by now.
    func append(_ results: [(role: TensorRole, result: RoleConversion.Result)]) throws(ConversionError) {
        try append(
            results.map { role, result in
                var members: [(String, JSONText)] = [
                    ("role", .string(TensorNaming.meta.name(of: role))),
                    ("sha256", .string(result.digest.text)),
                    ("crc", .array(result.checksums.map { .int(Int($0)) })),
                ]
                if let loss = result.loss {
                    members.append(("loss", .array(loss.journal.map { .int($0) })))
                }
                return .object(members)
            })
    }

    /// Records that the complete output is on the disk.
    func append(_ finished: Finished) throws(ConversionError) {
        try append([
            .object([
                ("finished", .array(finished.names.map { .string($0) })), ("is_file", .bool(finished.isFile)),
                ("replaces", .bool(finished.replaces)),
            ])
        ])
    }

    /// Forgets everything, so that no run resumes or publishes the output.
    func discard() throws(ConversionError) {
        guard ftruncate(descriptor, 0) == 0, fdatasync(descriptor) == 0 else {
            throw .unwritable(path: path, code: errno)
        }
    }

    private func append(_ lines: [JSONText]) throws(ConversionError) {
        let bytes = Array(lines.map { $0.serialized + "\n" }.joined().utf8)
        var start = 0
        while start < bytes.count {
            let count = bytes[start...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .unwritable(path: path, code: errno) }
            start += count
        }
        guard fdatasync(descriptor) == 0 else { throw .unwritable(path: path, code: errno) }
    }
}

extension ConversionLoss {
    /// What a journal says of it, to the last bit.
    fileprivate var journal: [Int] {
        [
            changed, count, overflowed, underflowed, nonFinite, becameFinite,
            Int(largestRelativeError.bitPattern), Int(bitPattern: UInt(squaredError.bitPattern)),
        ]
    }

    fileprivate init?(journal numbers: [Int]) {
        self.init()
        guard numbers.count == journal.count else { return nil }
        (changed, count, overflowed, underflowed) = (numbers[0], numbers[1], numbers[2], numbers[3])
        (nonFinite, becameFinite) = (numbers[4], numbers[5])
        largestRelativeError = Float(bitPattern: UInt32(truncatingIfNeeded: numbers[6]))
        squaredError = Double(bitPattern: UInt64(UInt(bitPattern: numbers[7])))
    }
}
