import LlamaCheckpoints
import LlamaFiles
import Glibc

/// How a complete output is moved to its destination.
///
/// The journal says that the output is complete before the first change and is removed last, so the next run detects
/// one that was killed in between, and completes it.
extension Destination {
    /// Moves the complete output to its destination.
    ///
    /// A folder needs one atomic exchange, or one rename where nothing was there. Only a file system that cannot
    /// exchange needs two renames; in between, the old folder is `DST.replaced`.
    ///
    /// The file of a single-file format has others beside it, and several files cannot be replaced atomically. Where
    /// nothing was there, it is moved last: once it exists, so do the others. Where an old one is replaced, the old
    /// files beside it that will change are removed first, then it is replaced, then the new ones are moved: a kill in
    /// between leaves a complete model, old or new, possibly without its tokenizer but never with the other's.
    func finish(_ names: [String]) throws(ConversionError) {
        if isFile { try finishFile(names) } else { try finishFolder(names) }
    }

    /// Completes a move to the destination that was killed.
    func recover() throws(ConversionError) {
        if let journal = try ConversionJournal(finishedIn: path) {
            return try withExtendedLifetime(journal) { () throws(ConversionError) in try removeOldFolder() }
        }
        let isHalfReplaced = !FilePath(path).isTaken && FilePath(replaced).isTaken
        if let journal = try ConversionJournal(finishedIn: unfinished), let finished = journal.finished {
            try withExtendedLifetime(journal) { () throws(ConversionError) in
                if finished.isFile {
                    let hasMoved = !FilePath(unfinished + "/" + finished.main).isTaken
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
        if journalFolder != path {
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

    /// Exchanges the old and the new folder, atomically where possible.
    private func replaceFolder() throws(ConversionError) {
        try beforeChange()
        if exchanges, Self.exchange(unfinished, path) { return }
        try rename(path, replaced)
        do { try rename(unfinished, path) } catch {
            try rename(replaced, path)
            throw error
        }
    }

    /// Removes what the output has replaced.
    private func removeOldFolder() throws(ConversionError) {
        for old in [unfinished, replaced] { try removeAll(old) }
        // Last: until then it tells other runs that these folders belong to a conversion.
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
                let (new, old) = (unfinished + "/" + name, path(beside: name))
                if FilePath(new).isTaken, FilePath(old).isTaken, !Self.haveSameBytes(new, old) {
                    try remove(old)
                }
            }
            FilePath(folder).flushFolder()
        }
        for name in replaces ? [main] + beside : beside + [main] {
            let new = unfinished + "/" + name
            guard FilePath(new).isTaken else { continue }
            try rename(new, name == main ? path : path(beside: name))
            FilePath(folder).flushFolder()
        }
        try removeAll(unfinished)
    }

    private static func haveSameBytes(_ first: String, _ second: String) -> Bool {
        guard let left = try? mapFile(first), let right = try? mapFile(second) else { return false }
        return left.bytes.elementsEqual(right.bytes)
    }

    /// Removes what an abandoned conversion left in the folder.
    private func removeOthers(than names: [String]) throws(ConversionError) {
        let wanted = Set(names + [ConversionRecord.name, ConversionJournal.name])
        for name in try Self.entries(of: unfinished) where !wanted.contains(name) {
            try removeAll(unfinished + "/" + name)
        }
        FilePath(unfinished).flushFolder()
    }

    /// `renameat2` with `RENAME_EXCHANGE`, which the headers declare for GNU sources only.
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

    /// Removes a file, or a folder with its journal last.
    private func removeAll(_ path: String) throws(ConversionError) {
        guard FilePath(path).isTaken else { return }
        guard FilePath(path).isRealFolder else { return try remove(path) }
        for name in try Self.entries(of: path) where name != ConversionJournal.name {
            try removeAll(path + "/" + name)
        }
        try remove(path + "/" + ConversionJournal.name)
        guard rmdir(path) == 0 else { throw .unwritable(path: path, code: errno) }
    }
}
