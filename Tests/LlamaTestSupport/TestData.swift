import Foundation
import Testing

/// The shared test data, where there is any.
public enum TestData {
    private static let environment = ProcessInfo.processInfo.environment
    private static let folder = environment["LLAMA_TEST_DATA"].map { URL(filePath: $0) }

    /// Whether suites that need the data run: with `LLAMA_REQUIRE_TEST_DATA=1` they do, and fail without it.
    public static let isWanted = folder != nil || environment["LLAMA_REQUIRE_TEST_DATA"] == "1"

    /// A file of the data.
    public static func url(_ path: String) throws -> URL {
        try #require(folder, "LLAMA_TEST_DATA is not set").appending(path: path)
    }

    /// The path of a file of the data.
    public static func path(_ path: String) throws -> String { try url(path).path }
}
