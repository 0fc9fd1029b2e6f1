import Foundation

/// A file in the temporary folder, gone after `body`.
public func withTemporaryFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
    try withTemporaryFolder { folder in
        let url = folder.appending(path: "file")
        try Data(bytes).write(to: url)
        return try body(url.path)
    }
}

/// An empty folder, gone after `body` with all that it holds.
public func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appending(path: "swift-llama-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url)
}
