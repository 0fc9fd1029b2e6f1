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
    ///
    /// Other programs may change the destination at any time. What appears where nothing was is never replaced, what
    /// was exchanged is examined before it is removed, and a rename replaces a name but never writes through it.
    ///
    /// - Parameter replaces: Whether what exists at the destination may be replaced. Otherwise, nothing but an empty
    ///   folder is, not even a checkpoint that appears at the last moment.
    func finish(_ names: [String], replaces: Bool) throws(ConversionError) {
        if isFile {
            try finishFile(names, replaces: replaces)
        } else {
            try finishFolder(names, replaces: replaces)
        }
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
                    try finishFile(finished.names, replaces: finished.replaces)
                } else if isHalfReplaced {
                    try finishFolder(finished.names, replaces: finished.replaces)
                }
            }
        } else if isHalfReplaced, isCheckpoint(replaced) {
            try rename(replaced, path)
        }
    }

    /// Leaves an output unpublished that is not as it was written.
    ///
    /// Only a run that did not verify, and was killed while it published the output, may have replaced the old one by
    /// now; what is left of that is kept.
    ///
    /// - Parameter main: The name of its first file.
    /// - Returns: What is at the destination, in words.
    func retract(_ main: String) throws(ConversionError) -> String {
        if current(main) == path {
            guard !isFile else { return "it has replaced \(path) already" }
            try remove(path + "/" + ConversionJournal.name)
            let old = [unfinished, replaced].first { FilePath($0).isTaken }
            return "it has replaced \(path) already"
                + (old.map { ", and what is left of the old one is \($0)" } ?? "")
        }
        if !FilePath(path).isTaken, isCheckpoint(replaced) { try rename(replaced, path) }
        FilePath(folder).flushFolder()
        return FilePath(path).isTaken ? "\(path) is as it was" : "\(path) was not created"
    }

    private func finishFolder(_ names: [String], replaces: Bool) throws(ConversionError) {
        if journalFolder != path {
            try removeOthers(than: names)
            if FilePath(path).isTaken, rmdir(path) != 0 {
                guard replaces else { throw .exists(path) }
                try replaceFolder()
            } else {
                try rename(unfinished, path, replaces: replaces)
            }
            FilePath(folder).flushFolder()
        }
        try removeOldFolder()
    }

    /// Exchanges the old and the new folder, atomically where possible.
    private func replaceFolder() throws(ConversionError) {
        try beforeChange()
        if exchanges, Self.rename(unfinished, path, flags: Self.exchange) {
            guard let found = replacement.obstacle(at: unfinished) else { return }
            let isBack = Self.rename(unfinished, path, flags: Self.exchange)
            throw .notReplaceable(
                path, expected: replacement.expected,
                found: isBack ? found : "\(found), which is now \(unfinished)")
        }
        try rename(path, replaced)
        do { try rename(unfinished, path) } catch {
            try rename(replaced, path)
            throw error
        }
    }

    /// Removes what the output has replaced.
    private func removeOldFolder() throws(ConversionError) {
        for old in [unfinished, replaced] where FilePath(old).isTaken {
            // Less than a checkpoint is what a kill during the removal left of one.
            guard FilePath(old).isRealFolder, try Replacement.foreignEntry(in: old) == nil,
                Replacement.otherFamily(in: old) == nil
            else {
                throw .inTheWay(old)
            }
            try removeAll(old)
        }
        // Last: until then it tells other runs that these folders belong to a conversion.
        try remove(path + "/" + ConversionJournal.name)
        FilePath(folder).flushFolder()
    }

    private func finishFile(_ names: [String], replaces: Bool) throws(ConversionError) {
        guard let main = names.first else { return }
        try removeOthers(than: names)
        let beside = Array(names.dropFirst()) + [ConversionRecord.name]
        let isOldThere = FilePath(path).isTaken
        guard replaces || !isOldThere || !FilePath(unfinished + "/" + main).isTaken else {
            throw .exists(path)
        }
        if isOldThere, FilePath(unfinished + "/" + main).isTaken {
            for name in beside {
                let (new, old) = (unfinished + "/" + name, path(beside: name))
                if FilePath(new).isTaken, FilePath(old).isTaken, !Self.haveSameBytes(new, old) {
                    try remove(old)
                }
            }
            FilePath(folder).flushFolder()
        }
        for name in isOldThere ? [main] + beside : beside + [main] {
            let new = unfinished + "/" + name
            guard FilePath(new).isTaken else { continue }
            // Other models in the folder may use it, too.
            if name != main, Self.haveSameBytes(new, path(beside: name)) { continue }
            if name == main {
                try checkReplaceable()
                try rename(new, path, replaces: replaces)
            } else {
                try rename(new, path(beside: name), replaces: replaces)
            }
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
        if let entry = try foreignEntry(than: names) { throw .inTheWay(entry) }
        let wanted = Set(names + [ConversionRecord.name, ConversionJournal.name])
        for name in try Self.entries(of: unfinished) where !wanted.contains(name) {
            try removeAll(unfinished + "/" + name)
        }
        FilePath(unfinished).flushFolder()
    }

    /// `RENAME_NOREPLACE`.
    private static var noReplacing: UInt32 { 1 }
    /// `RENAME_EXCHANGE`.
    private static var exchange: UInt32 { 2 }

    /// `renameat2`, which the headers declare for GNU sources only; false with `errno` set where it failed.
    private static func rename(_ old: String, _ new: String, flags: UInt32) -> Bool {
        typealias Function =
            @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
        guard let symbol = dlsym(nil, "renameat2") else {
            errno = ENOSYS
            return false
        }
        return unsafeBitCast(symbol, to: Function.self)(AT_FDCWD, old, AT_FDCWD, new, flags) == 0
    }

    private func rename(_ old: String, _ new: String, replaces: Bool = true) throws(ConversionError) {
        let wasTaken = FilePath(new).isTaken
        try beforeChange()
        if !wasTaken || !replaces {
            if Self.rename(old, new, flags: Self.noReplacing) { return }
            // Some file systems know no flags.
            guard [EINVAL, ENOSYS].contains(errno) else { throw failure(of: new) }
            guard replaces || !FilePath(new).isTaken else { throw .exists(new) }
        }
        guard Glibc.rename(old, new) == 0 else { throw failure(of: new) }
    }

    private func failure(of path: String) -> ConversionError {
        errno == EEXIST ? .exists(path) : .unwritable(path: path, code: errno)
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
