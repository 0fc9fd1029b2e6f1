import LlamaCheckpoints
import LlamaFiles
import Glibc

/// Where a conversion's output goes, and where it is written until it is complete.
struct Destination: Sendable {
    /// The folder or file that the output becomes.
    let path: String
    /// The folder in which the output is written.
    let unfinished: String
    /// The old folder's name until the new one has its own, on file systems that cannot exchange the two.
    let replaced: String
    /// Whether the format is of a single file.
    let isFile: Bool
    /// What may be replaced.
    let replacement: Replacement
    private let suffix: String
    /// Whether the path was given as that of a folder, with a slash at its end.
    private let namesFolder: Bool
    /// Whether to exchange the old and the new folder atomically, where the file system can.
    var exchanges = true
    /// Free bytes on the file system of a path; nil where they are not known.
    var freeByteCount: @Sendable (String) -> Int? = { FilePath($0).freeByteCount }
    /// Called before every change that moves the output to its destination. Tests throw here to simulate a kill.
    var beforeChange: @Sendable () throws(ConversionError) -> Void = {}

    init(_ path: String, format: CheckpointFormat) {
        namesFolder = path.count > 1 && path.hasSuffix("/")
        var path = path
        while path.count > 1, path.hasSuffix("/") || path.hasSuffix("/.") { path.removeLast() }
        self.path = path
        unfinished = path + ".converting"
        replaced = path + ".replaced"
        isFile = format.isSingleFile
        replacement = Replacement(format: format)
        suffix = format.suffix
    }

    /// The folder that the destination is in.
    var folder: String { FilePath(path).folder }

    /// The folder that holds the journal of an interrupted conversion: `unfinished`, until the final rename.
    var journalFolder: String { !hasJournal(unfinished) && hasJournal(path) ? path : unfinished }

    /// Where the output is now: where it is written, or where a run that was killed has moved it.
    ///
    /// - Parameter main: The name of its first file.
    func current(_ main: String) -> String {
        guard isFile else { return journalFolder }
        let file = unfinished + "/" + main
        return FilePath(file).isTaken ? file : path
    }

    private func hasJournal(_ folder: String) -> Bool {
        FilePath(folder + "/" + ConversionJournal.name).isTaken
    }

    /// Checks that the destination is a usable name, in a writable folder, and none of the files that are read.
    func checkName(sources: [String]) throws(ConversionError) {
        guard !path.isEmpty else {
            throw .badDestination("the destination", found: "no name", advice: "name it")
        }
        guard ![".", "..", "/"].contains(FilePath(path).name) else { throw misnamed("`\(path)`") }
        // A single file's record lies beside it, a folder's inside.
        let beside = isFile ? [unfinished, path(beside: ConversionRecord.name)] : [unfinished, replaced]
        let longest = (beside.map(\.utf8.count).max() ?? 0) - path.utf8.count
        guard FilePath(path).name.utf8.count + longest <= Int(NAME_MAX) else {
            throw .badDestination(
                path, found: "a name of \(FilePath(path).name.utf8.count) bytes",
                advice:
                    "the files beside it have longer names: choose one of at most \(Int(NAME_MAX) - longest)")
        }
        let here = FilePath(path).resolved
        guard here == nil || here != FilePath(".").resolved else { throw misnamed("the current folder") }
        for output in [path, unfinished, replaced].compactMap({ FilePath($0).resolved }) {
            for source in sources.compactMap({ FilePath($0).resolved }) {
                guard source != output, !source.hasPrefix(output + "/") else { throw .isSource(path) }
            }
        }
        guard (try? FilePath(folder).isFolder()) == true else { throw .noFolder(folder) }
        guard access(folder, W_OK | X_OK) == 0 else { throw .unwritable(path: folder, code: errno) }
        if isFile, namesFolder { throw misnamed("the name of a folder") }
        if FilePath(path).isRealFolder {
            if isFile { throw misnamed("a folder") }
            guard FilePath(path).device == FilePath(folder).device else {
                throw misnamed("where another file system is mounted")
            }
        }
    }

    private func misnamed(_ found: String) -> ConversionError {
        let inside = (path == "/" ? "" : path) + "/" + (isFile ? "llama" + suffix : "llama")
        return .badDestination(path, found: found, advice: "choose one in it, such as \(inside)")
    }

    /// Checks that the destination does not exist or is an empty folder, or that it may be replaced.
    ///
    /// - Parameters:
    ///   - files: The files of the output; for a format of one file, that file first.
    ///   - resumes: Whether files that the interrupted conversion has already moved are allowed.
    func checkContents(replaces: Bool, resumes: Bool, files: [PlannedFile]) throws(ConversionError) {
        let names = files.map(\.name)
        if isFile, names.dropFirst().contains(FilePath(path).name) {
            throw .badDestination(
                path, found: "the name of a file that goes beside it", advice: "choose another")
        }
        // A run that was killed at once has left an empty folder.
        guard !resumes || hasJournal(journalFolder) || isLeftover else {
            throw .cannotResume(path: unfinished, reason: "there is no interrupted conversion")
        }
        if resumes, !isFile, journalFolder == path { return }
        guard !FilePath(unfinished).isTaken || isLeftover else { throw .inTheWay(unfinished) }
        if let entry = try foreignEntry(than: names) { throw .inTheWay(entry) }
        let finished = ConversionJournal.finished(unfinished)
        if !isFile, FilePath(replaced).isTaken {
            // The old folder still counts as what exists at the destination.
            let isOldFolder = !FilePath(path).isTaken && (finished != nil || isCheckpoint(replaced))
            guard isOldFolder else { throw .inTheWay(replaced) }
            guard replaces || resumes else { throw .exists(path) }
        }
        for name in isFile ? names + [ConversionRecord.name] : names.prefix(1) {
            if resumes, finished?.isFile == true, !FilePath(unfinished + "/" + name).isTaken { continue }
            let target = name == names.first ? path : path(beside: name)
            guard FilePath(target).isTaken else { continue }
            if !isFile, FilePath(target).isRealFolder, try Self.entries(of: target).isEmpty { continue }
            if target == path {
                try checkReplaceable()
            } else {
                let content = files.first { $0.name == name }?.companion
                if replacement.isSame(target, as: content) { continue }
                if let found = replacement.obstacle(beside: target, to: content, of: path) {
                    throw .notReplaceable(target, expected: "a file like the new one", found: found)
                }
            }
            if !replaces { throw .exists(target) }
        }
    }

    /// The final path of a file that accompanies a single file.
    func path(beside name: String) -> String {
        name == ConversionRecord.name ? path + "." + name : folder + "/" + name
    }

    /// Checks that what exists at the destination is a checkpoint of the same kind.
    func checkReplaceable() throws(ConversionError) {
        guard let found = replacement.obstacle(at: path) else { return }
        throw .notReplaceable(path, expected: replacement.expected, found: found)
    }

    /// Names of a folder's entries.
    ///
    /// - Throws: ``ConversionError/unwritable(path:code:)`` where it cannot be listed: what cannot be seen must not be
    ///   replaced.
    static func entries(of folder: String) throws(ConversionError) -> [String] {
        do { return try FilePath(folder).entries() } catch {
            throw .unwritable(path: error.path, code: error.code)
        }
    }

    /// Whether a folder holds a checkpoint and nothing else.
    func isCheckpoint(_ path: String) -> Bool {
        FilePath(path).isRealFolder && replacement.obstacle(at: path) == nil
    }

    /// Whether the unfinished output is left from an earlier conversion, or empty.
    private var isLeftover: Bool {
        guard FilePath(unfinished).isRealFolder, let names = try? FilePath(unfinished).entries() else {
            return false
        }
        return names.isEmpty || names.contains(ConversionJournal.name)
    }

    /// Something in the folder of the unfinished output that no conversion has put there; nil where there is nothing.
    ///
    /// - Parameter names: The files of the output.
    func foreignEntry(than names: [String]) throws(ConversionError) -> String? {
        guard FilePath(unfinished).isTaken else { return nil }
        let name = try Self.entries(of: unfinished).first { name in
            let isOwn =
                names.contains(name) || name == FilePath(path).name || Replacement.isOfCheckpoint(name)
            return !isOwn || FilePath(unfinished + "/" + name).isRealFolder
        }
        return name.map { unfinished + "/" + $0 }
    }

    /// Creates the folder in which the output is written, unless there is one to resume or to restart in.
    func prepare() throws(ConversionError) {
        if FilePath(unfinished).isTaken || hasJournal(journalFolder) { return }
        guard mkdir(unfinished, 0o777) == 0 else { throw .unwritable(path: unfinished, code: errno) }
    }
}
