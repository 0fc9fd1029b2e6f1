@testable import LlamaFiles
import Foundation
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

    private static func error(_ path: String) -> FileError? {
        do {
            _ = try MappedFile(path: path)
            return nil
        } catch {
            return error
        }
    }
}
