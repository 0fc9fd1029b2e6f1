import Glibc

/// Where a conversion's output goes, and where it grows.
struct OutputPlace: Sendable {
    let path: String
    /// The folder in which the output grows.
    let unfinished: String
    private let isFile: Bool

    init(_ path: String, format: CheckpointFormat) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        unfinished = path + ".converting"
        isFile = format.isSingleFile
    }

    /// Makes sure that nothing is at the destination, but an empty folder, or that it may be replaced.
    ///
    /// - Parameters:
    ///   - companions: the files that go beside an output of one file.
    ///   - sources: the files that are read, which no output may replace.
    func check(replaces: Bool, companions: [String], sources: [String]) throws(ConversionError) {
        for place in [path, unfinished].compactMap(Self.resolved) {
            for source in sources.compactMap(Self.resolved) {
                guard source != place, !source.hasPrefix(place + "/") else { throw .isSource(path) }
            }
        }
        if isFile, companions.contains(FilePath(path).name) { throw .exists(path) }
        guard !replaces else { return try checkReplaceable() }
        let folder = FilePath(path).folder
        let beside = isFile ? [path + "." + ConversionRecord.name] + companions.map { folder + "/" + $0 } : []
        for path in [path] + beside {
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            if isFolder, !isFile, (try? FilePath(path).entries())?.isEmpty == true { continue }
            throw .exists(path)
        }
    }

    /// Makes sure that what is to be replaced is what a conversion makes, and nobody's home.
    private func checkReplaceable() throws(ConversionError) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
        guard !isFile else { throw .unwritable(path: path, code: EISDIR) }
        let names = (try? FilePath(path).entries()) ?? []
        let isCheckpoint = names.contains {
            ["config.json", "params.json", ConversionRecord.name].contains($0)
        }
        let hasFolders = names.contains { name in
            lstat(path + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        }
        guard names.isEmpty || isCheckpoint && !hasFolders else { throw .isNoCheckpoint(path) }
    }

    /// Whether what is at the place where the output grows is left from a conversion, or nothing.
    private var isLeftover: Bool {
        guard let names = try? FilePath(unfinished).entries() else { return false }
        return names.isEmpty || names.contains(ConversionJournal.name)
    }

    /// A path without symbolic links; nil where nothing is there.
    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }

    /// Makes the folder in which the output grows, empty unless it is to be gone on with.
    func prepare(resumes: Bool) throws(ConversionError) {
        let exists = FilePath(unfinished).exists
        if resumes {
            guard exists, FilePath(unfinished + "/" + ConversionJournal.name).exists else {
                throw .cannotResume(path: unfinished, reason: "there is no interrupted conversion")
            }
            return
        }
        guard !exists else {
            if isLeftover { return }
            throw .exists(unfinished)
        }
        guard mkdir(unfinished, 0o777) == 0 else { throw .unwritable(path: unfinished, code: errno) }
    }

    /// Puts the finished output in its place.
    func finish(_ names: [String]) throws(ConversionError) {
        if isFile { return try finishFile(names) }
        // What is in the folder and not of this conversion is left from one that was given up.
        let wanted = Set(names + [ConversionRecord.name, ConversionJournal.name])
        for name in (try? FilePath(unfinished).entries()) ?? [] where !wanted.contains(name) {
            try removeAll(unfinished + "/" + name)
        }
        Self.flushFolder(unfinished)
        if FilePath(path).exists, rmdir(path) != 0 {
            try replaceFolder()
        } else {
            try rename(unfinished, path)
        }
        // The last thing: until here it says to others, and to a later run, whose folder this is.
        try remove(path + "/" + ConversionJournal.name)
        Self.flushFolder(FilePath(path).folder)
    }

    /// Lets old and new change places at once, then removes the old.
    private func replaceFolder() throws(ConversionError) {
        if Self.exchange(unfinished, path) { return try removeAll(unfinished) }
        // A file system that cannot exchange.
        let old = path + ".replaced"
        try rename(path, old)
        do { try rename(unfinished, path) } catch {
            try rename(old, path)
            throw error
        }
        try removeAll(old)
    }

    /// `renameat2` with `RENAME_EXCHANGE`, which the headers show to GNU sources only.
    private static func exchange(_ first: String, _ second: String) -> Bool {
        typealias Function =
            @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
        guard let symbol = dlsym(nil, "renameat2") else { return false }
        return unsafeBitCast(symbol, to: Function.self)(AT_FDCWD, first, AT_FDCWD, second, 2) == 0
    }

    private func finishFile(_ names: [String]) throws(ConversionError) {
        let folder = FilePath(path).folder
        let main = names.first ?? ""
        try rename(unfinished + "/" + ConversionRecord.name, path + "." + ConversionRecord.name)
        for name in names.dropFirst() { try rename(unfinished + "/" + name, folder + "/" + name) }
        try rename(unfinished + "/" + main, path)
        Self.flushFolder(folder)
        try removeAll(unfinished)
    }

    private func rename(_ old: String, _ new: String) throws(ConversionError) {
        guard Glibc.rename(old, new) == 0 else { throw .unwritable(path: new, code: errno) }
    }

    private func remove(_ path: String) throws(ConversionError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw .unwritable(path: path, code: errno) }
    }

    /// Removes a folder of files, or a file.
    private func removeAll(_ path: String) throws(ConversionError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else { return try remove(path) }
        for name in (try? FilePath(path).entries()) ?? [] { try removeAll(path + "/" + name) }
        guard rmdir(path) == 0 else { throw .unwritable(path: path, code: errno) }
    }

    private static func flushFolder(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
