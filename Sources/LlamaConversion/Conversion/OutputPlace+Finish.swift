import LlamaCheckpoints
import LlamaFiles
import Glibc

/// How a whole output takes its place.
///
/// The journal says that the output is whole before the first change and goes last, so a run that is killed in
/// between is seen by the next one, which completes it.
extension OutputPlace {
    /// Puts the finished output in its place.
    ///
    /// A folder takes its place by one exchange, or by one renaming where nothing was there. Only a file system that
    /// cannot exchange needs two, with the old folder waiting as `DST.replaced` in between.
    ///
    /// The file of a single-file format has others beside it, and several files have no common moment. Over nothing,
    /// it comes last: when it is there, all is. Over an old one, those beside it that are to change go first, then it
    /// takes its place, then the new ones theirs: a kill in between leaves a whole model, old or new, that may lack
    /// its tokenizer, never one beside the tokenizer of the other.
    func finish(_ names: [String]) throws(ConversionError) {
        if isFile { try finishFile(names) } else { try finishFolder(names) }
    }

    /// Completes what a kill cut off while the output took its place.
    func recover() throws(ConversionError) {
        if let journal = try ConversionJournal(finishedIn: path) {
            return try withExtendedLifetime(journal) { () throws(ConversionError) in try removeOldFolder() }
        }
        let isHalfReplaced = !FilePath(path).isTaken && FilePath(replaced).isTaken
        if let journal = try ConversionJournal(finishedIn: unfinished), let finished = journal.finished {
            try withExtendedLifetime(journal) { () throws(ConversionError) in
                if finished.isFile {
                    let hasMoved = !FilePath(unfinished + "/" + (finished.names.first ?? "")).isTaken
                    guard hasMoved || finished.replaces || !FilePath(path).isTaken else { return }
                    try finishFile(finished.names)
                } else if isHalfReplaced {
                    try finishFolder(finished.names)
                }
            }
        } else if isHalfReplaced, Self.isCheckpoint(replaced) {
            try rename(replaced, path)
        }
    }

    private func finishFolder(_ names: [String]) throws(ConversionError) {
        let isInPlace = journalFolder == path
        if !isInPlace {
            try removeOthers(than: names)
            if FilePath(path).isTaken, rmdir(path) != 0 {
                try replaceFolder()
            } else {
                try rename(unfinished, path)
            }
            FilePath(folder).flushFolder()
        }
        try removeOldFolder()
    }

    /// Lets old and new change places at once, or one after the other.
    private func replaceFolder() throws(ConversionError) {
        try beforeChange()
        if exchanges, Self.exchange(unfinished, path) { return }
        try rename(path, replaced)
        do { try rename(unfinished, path) } catch {
            try rename(replaced, path)
            throw error
        }
    }

    /// Removes what the output has taken the place of.
    private func removeOldFolder() throws(ConversionError) {
        for old in [unfinished, replaced] { try removeAll(old) }
        // The last thing: until here it says to others, and to a later run, whose folders these are.
        try remove(path + "/" + ConversionJournal.name)
        FilePath(folder).flushFolder()
    }

    private func finishFile(_ names: [String]) throws(ConversionError) {
        guard let main = names.first else { return }
        try removeOthers(than: names)
        let beside = Array(names.dropFirst()) + [ConversionRecord.name]
        let replaces = FilePath(path).isTaken
        if replaces, FilePath(unfinished + "/" + main).isTaken {
            for name in beside {
                let (new, old) = (unfinished + "/" + name, place(beside: name))
                if FilePath(new).isTaken, FilePath(old).isTaken, !Self.haveSameBytes(new, old) {
                    try remove(old)
                }
            }
            FilePath(folder).flushFolder()
        }
        for name in replaces ? [main] + beside : beside + [main] {
            let new = unfinished + "/" + name
            guard FilePath(new).isTaken else { continue }
            try rename(new, name == main ? path : place(beside: name))
            FilePath(folder).flushFolder()
        }
        try removeAll(unfinished)
    }

    private static func haveSameBytes(_ first: String, _ second: String) -> Bool {
        guard let left = try? mapFile(first), let right = try? mapFile(second) else { return false }
        return left.bytes.elementsEqual(right.bytes)
    }

    /// Removes what is in the folder and not of this conversion, but of one that was given up.
    private func removeOthers(than names: [String]) throws(ConversionError) {
        let wanted = Set(names + [ConversionRecord.name, ConversionJournal.name])
        for name in (try? FilePath(unfinished).entries()) ?? [] where !wanted.contains(name) {
            try removeAll(unfinished + "/" + name)
        }
        FilePath(unfinished).flushFolder()
    }

    /// `renameat2` with `RENAME_EXCHANGE`, which the headers show to GNU sources only.
    private static func exchange(_ first: String, _ second: String) -> Bool {
        typealias Function =
            @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
        guard let symbol = dlsym(nil, "renameat2") else { return false }
        return unsafeBitCast(symbol, to: Function.self)(AT_FDCWD, first, AT_FDCWD, second, 2) == 0
    }

    private func rename(_ old: String, _ new: String) throws(ConversionError) {
        try beforeChange()
        guard Glibc.rename(old, new) == 0 else { throw .unwritable(path: new, code: errno) }
    }

    private func remove(_ path: String) throws(ConversionError) {
        try beforeChange()
        guard unlink(path) == 0 || errno == ENOENT else { throw .unwritable(path: path, code: errno) }
    }

    /// Removes a folder of files, or a file; its journal last.
    private func removeAll(_ path: String) throws(ConversionError) {
        guard FilePath(path).isTaken else { return }
        guard FilePath(path).isRealFolder else { return try remove(path) }
        let names = (try? FilePath(path).entries()) ?? []
        for name in names where name != ConversionJournal.name { try removeAll(path + "/" + name) }
        try remove(path + "/" + ConversionJournal.name)
        guard rmdir(path) == 0 else { throw .unwritable(path: path, code: errno) }
    }
}
