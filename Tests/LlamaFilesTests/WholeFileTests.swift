import LlamaTestSupport
import Foundation
import Testing

@testable import LlamaFiles

@Suite struct WholeFileTests {
    @Test(arguments: [0, 1, 65_536, 200_000])
    func readsEveryByte(_ count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try withTemporaryFile(bytes) { path in
            let read = try WholeFile.read(path, limit: count)
            #expect(read == bytes)
            let prefix = try WholeFile.prefix(of: path, count: 4)
            #expect(prefix == Array(bytes.prefix(4)))
        }
    }

    @Test func refusesMoreThanTheLimit() throws {
        try withTemporaryFile([1, 2, 3]) { path in
            let error = WholeFile.Failure.tooLarge(path: path, limit: 2)
            #expect(throws: error) { try WholeFile.read(path, limit: 2) }
        }
        let endless = WholeFile.Failure.tooLarge(path: "/dev/zero", limit: 1 << 20)
        #expect(throws: endless) { try WholeFile.read("/dev/zero", limit: 1 << 20) }
    }

    @Test func readsAPipeToItsEnd() throws {
        let pipe = Pipe()
        let bytes = [UInt8](repeating: 7, count: 300_000)
        let writer = Thread {
            pipe.fileHandleForWriting.write(Data(bytes))
            try? pipe.fileHandleForWriting.close()
        }
        writer.start()
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        let read = try WholeFile.read(descriptor, named: "pipe", limit: bytes.count)
        #expect(read == bytes)
    }

    @Test func givesTheSystemsReason() {
        func reason(_ path: String) -> String? {
            do throws(WholeFile.Failure) { _ = try WholeFile.read(path, limit: 9) } catch {
                if case .system(let error) = error { return error.reason }
            }
            return nil
        }
        #expect(reason("/no/such/file") == "No such file or directory")
        #expect(reason("/") == "Is a directory")
        #expect(throws: FileError.self) { try WholeFile.prefix(of: "/no/such/file", count: 4) }
    }

    /// Neither waits for a writer nor takes its bytes.
    @Test(.timeLimit(.minutes(1))) func takesNoPrefixOfAPipe() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "pipe").path
            try #require(mkfifo(path, 0o600) == 0)
            let prefix = try WholeFile.prefix(of: path, count: 4)
            #expect(prefix == nil)
        }
    }
}
