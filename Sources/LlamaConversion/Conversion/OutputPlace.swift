import LlamaCheckpoints
import LlamaFiles
import Glibc

/// Where a conversion's output goes, and where it grows.
struct OutputPlace: Sendable {
    let path: String
    /// The folder in which the output grows.
    let unfinished: String
    /// Where the old folder waits, on file systems that cannot exchange, until the new one is in its place.
    let replaced: String
    let isFile: Bool
    private let suffix: String
    /// Whether two folders may change places at once, where the file system can.
    var exchanges = true
    /// Bytes free for the file system of a path; nil where that is not known.
    var freeByteCount: @Sendable (String) -> Int? = { FilePath($0).freeByteCount }
    /// Called before every change that puts the output in its place; tests stop it there, as a kill does.
    var beforeChange: @Sendable () throws(ConversionError) -> Void = {}

    init(_ path: String, format: CheckpointFormat) {
        var path = path
        while path.count > 1, path.hasSuffix("/") || path.hasSuffix("/.") { path.removeLast() }
        self.path = path
        unfinished = path + ".converting"
        replaced = path + ".replaced"
        isFile = format.isSingleFile
        suffix = format.suffix
    }

    /// The folder that the destination is in.
    var folder: String { FilePath(path).folder }

    /// The folder that holds the journal of an interrupted conversion: all but the last moments, `unfinished`.
    var journalFolder: String { !hasJournal(unfinished) && hasJournal(path) ? path : unfinished }

    private func hasJournal(_ folder: String) -> Bool {
        FilePath(folder + "/" + ConversionJournal.name).isTaken
    }

    /// Makes sure that the destination is a name to be taken, in a folder that can be written to, and nothing that
    /// is read.
    func checkName(sources: [String]) throws(ConversionError) {
        guard !path.isEmpty else {
            throw .badDestination("the destination", found: "no name", advice: "name it")
        }
        guard ![".", "..", "/"].contains(FilePath(path).name) else { throw misnamed("`\(path)`") }
        let here = FilePath(path).resolved
        guard here == nil || here != FilePath(".").resolved else { throw misnamed("the current folder") }
        for place in [path, unfinished, replaced].compactMap({ FilePath($0).resolved }) {
            for source in sources.compactMap({ FilePath($0).resolved }) {
                guard source != place, !source.hasPrefix(place + "/") else { throw .isSource(path) }
            }
        }
        guard (try? FilePath(folder).isFolder()) == true else { throw .noFolder(folder) }
        guard access(folder, W_OK | X_OK) == 0 else { throw .unwritable(path: folder, code: errno) }
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

    /// Makes sure that nothing is at the destination, but an empty folder, or that it may be replaced.
    ///
    /// - Parameters:
    ///   - names: the files of the output, the one with the weights of a single file first.
    ///   - resumes: what the interrupted conversion put in its place already is no obstacle.
    func checkContents(replaces: Bool, resumes: Bool, names: [String]) throws(ConversionError) {
        if isFile, names.dropFirst().contains(FilePath(path).name) {
            throw .badDestination(
                path, found: "the name of a file that goes beside it", advice: "choose another")
        }
        guard !resumes || hasJournal(journalFolder) else {
            throw .cannotResume(path: unfinished, reason: "there is no interrupted conversion")
        }
        if resumes, !isFile, journalFolder == path { return }
        guard !FilePath(unfinished).isTaken || isLeftover else { throw .inTheWay(unfinished) }
        let finished = ConversionJournal.finished(unfinished)
        if !isFile, FilePath(replaced).isTaken {
            // What waits for its successor still counts as what is at the destination.
            let waits = !FilePath(path).isTaken && (finished != nil || Self.isCheckpoint(replaced))
            guard waits else { throw .inTheWay(replaced) }
            guard replaces || resumes else { throw .exists(path) }
        }
        if replaces { return try checkReplaceable() }
        for name in isFile ? names + [ConversionRecord.name] : names.prefix(1) {
            if resumes, finished?.isFile == true, !FilePath(unfinished + "/" + name).isTaken { continue }
            let place = name == names.first ? path : place(beside: name)
            if !isFile, FilePath(place).isRealFolder, (try? FilePath(place).entries())?.isEmpty == true {
                continue
            }
            if FilePath(place).isTaken { throw .exists(place) }
        }
    }

    /// Where a file goes that lies beside a single file.
    func place(beside name: String) -> String {
        name == ConversionRecord.name ? path + "." + name : folder + "/" + name
    }

    /// Makes sure that what is to be replaced is what a conversion makes, and nobody's home.
    private func checkReplaceable() throws(ConversionError) {
        guard FilePath(path).isRealFolder else { return }
        let names = (try? FilePath(path).entries()) ?? []
        guard names.isEmpty || Self.isCheckpoint(path) else { throw .isNoCheckpoint(path) }
    }

    /// Whether a folder holds a checkpoint, and no folders.
    static func isCheckpoint(_ path: String) -> Bool {
        guard FilePath(path).isRealFolder, let names = try? FilePath(path).entries() else { return false }
        return names.contains { ["config.json", "params.json", ConversionRecord.name].contains($0) }
            && !names.contains { FilePath(path + "/" + $0).isRealFolder }
    }

    /// Whether what is at the place where the output grows is left from a conversion, or nothing.
    private var isLeftover: Bool {
        guard let names = try? FilePath(unfinished).entries() else { return false }
        return names.isEmpty || names.contains(ConversionJournal.name)
    }

    /// Makes the folder in which the output grows, unless there is one to be gone on with or to begin anew in.
    func prepare() throws(ConversionError) {
        if FilePath(unfinished).isTaken || hasJournal(journalFolder) { return }
        guard mkdir(unfinished, 0o777) == 0 else { throw .unwritable(path: unfinished, code: errno) }
    }
}
