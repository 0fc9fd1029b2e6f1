@testable import LlamaFiles
import Dispatch
import Foundation
import Synchronization
import Testing

@testable import LlamaFiles

@Suite struct MappedFileTests {
    private func temporaryPath() -> String {
        FileManager.default.temporaryDirectory.appendingPathComponent("mapped-\(UUID().uuidString)").path
    }

    @Test func mapsBytesAndEmptyFiles() throws {
        for content in [[UInt8]("weights".utf8), []] {
            let path = temporaryPath()
            defer { unlink(path) }
            try Data(content).write(to: URL(fileURLWithPath: path))
            let file = try MappedFile(path: path)
            withExtendedLifetime(file) { #expect(Array(file.bytes) == content) }
        }
    }

    @Test func saysWhatIsMissing() {
        #expect(MappedFileTests.error("/no/such/file")?.isMissing == true)
        #expect(MappedFileTests.error("/dev/null/file")?.isMissing == true)
        #expect(MappedFileTests.error("/")?.reason == "Is a directory")
        #expect(MappedFileTests.error("/dev/null")?.reason == "it is a device, not a regular file")
    }

    @Test(.timeLimit(.minutes(1))) func doesNotWaitForAPipe() throws {
        let path = temporaryPath()
        defer { unlink(path) }
        try #require(mkfifo(path, 0o600) == 0)
        #expect(MappedFileTests.error(path)?.reason == "it is a pipe, not a regular file")
    }

    /// Reading a page that is gone gives zeros, and an error where it matters.
    @Test(arguments: [0, 1, 4096, 99_999]) func survivesAFileThatShrinks(size: Int) throws {
        let path = temporaryPath()
        defer { unlink(path) }
        try Data(repeating: 7, count: 100_000).write(to: URL(fileURLWithPath: path))
        MappedFile.survivesFaults()
        let file = try MappedFile(path: path)
        try file.checkUnchanged()
        try #require(truncate(path, size) == 0)
        // The sum of what is left, on several threads, as kernels read.
        let sums = Mutex<Set<Int>>([])
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            let sum = file.bytes.reduce(0) { $0 + Int($1) }
            sums.withLock { _ = $0.insert(sum) }
        }
        #expect(sums.withLock { $0 } == [7 * size])
        let error = #expect(throws: FileError.self) { try file.checkUnchanged() }
        #expect(error?.change == .size(expected: 100_000, found: size))
        #expect(
            error?.description == """
                \(path): changed while it was being read: expected 100000 bytes, found \(size); \
                restore the file and run the command again
                """)
        // The same size again: what was read in between was not the file's.
        try #require(truncate(path, 100_000) == 0)
        let isWhole = size == 99_999
        let later = isWhole ? nil : #expect(throws: FileError.self) { try file.checkUnchanged() }
        #expect(later?.change == (isWhole ? nil : .unreadable))
        let damage = isWhole ? nil : #expect(throws: FileError.self) { try MappedFile.checkForDamage() }
        #expect(damage?.change == (isWhole ? nil : .unreadable))
    }

    /// Regions are reused, and those of other files stay as they are.
    @Test func damagesOnlyTheFileThatShrank() throws {
        MappedFile.survivesFaults()
        let paths = (0..<8).map { _ in temporaryPath() }
        defer { for path in paths { unlink(path) } }
        for path in paths { try Data(repeating: 1, count: 10_000).write(to: URL(fileURLWithPath: path)) }
        for round in paths.indices {
            let files = try paths[round...].map { path in try MappedFile(path: path) }
            try #require(truncate(paths[round], 0) == 0)
            let sums = files.map { file in file.bytes.reduce(0) { $0 + Int($1) } }
            #expect(sums == [0] + Array(repeating: 10_000, count: files.count - 1))
            #expect(throws: FileError.self) { try files[0].checkUnchanged() }
            for file in files.dropFirst() { try file.checkUnchanged() }
        }
    }

    /// Other contents of the same size are noticed, a new time of modification alone is not an error.
    @Test(arguments: [1, 7, 8, 1000, 300_000], [true, false])
    func tellsOtherContentsFromATouch(size: Int, remembers: Bool) throws {
        let path = temporaryPath()
        defer { unlink(path) }
        let url = URL(fileURLWithPath: path)
        try Data((0..<size).map { UInt8(truncatingIfNeeded: $0 / 3) }).write(to: url)
        let file = try MappedFile(path: path)
        // The ends of files that are that long are remembered at once.
        if remembers || size < 16 { file.rememberContents() }
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: path)
        try file.checkUnchanged()
        // In place, as `cp` over a file does.
        let handle = try FileHandle(forWritingTo: url)
        try handle.write(contentsOf: Data((0..<size).map { UInt8(truncatingIfNeeded: $0 / 3 + 1) }))
        try handle.close()
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 2)], ofItemAtPath: path)
        let error = #expect(throws: FileError.self) { try file.checkUnchanged() }
        #expect(error?.change == .contents)
    }

    /// A file that is replaced by renaming another one, as downloaders do, stays what it was for those that have mapped it.
    @Test func aReplacedFileIsUnchanged() throws {
        let (path, other) = (temporaryPath(), temporaryPath())
        defer { for path in [path, other] { unlink(path) } }
        try Data("weights".utf8).write(to: URL(fileURLWithPath: path))
        try Data("others, and more".utf8).write(to: URL(fileURLWithPath: other))
        let file = try MappedFile(path: path)
        try #require(rename(other, path) == 0)
        try file.checkUnchanged()
        #expect(Array(file.bytes) == Array("weights".utf8))
    }

    private static func error(_ path: String) -> FileError? {
        do {
            _ = try MappedFile(path: path)
            return nil
        } catch {
            return error
        }
    }
}
