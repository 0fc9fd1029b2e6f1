@testable import LlamaConversion
import Foundation
import Logging
import LlamaTestSupport
import Testing

@testable import LlamaCheckpoints

/// What a conversion must never touch.
@Suite struct ConversionDestinationTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func convert(
        _ source: URL, to target: URL, _ format: CheckpointFormat = .huggingFace, forced: Bool = false
    ) throws {
        let plan = try ConversionPlan(
            Checkpoint(at: source.path, logger: Self.logger), ConversionOptions(format: format))
        var behavior = Converter.Behavior()
        behavior.replaces = forced
        _ = try Converter(plan, to: target.path, behavior).run()
    }

    private func copy(in folder: URL, _ name: String) throws -> URL {
        let copy = folder.appending(path: name)
        try FileManager.default.createDirectory(
            at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: copy)
        return copy
    }

    private func message(_ body: () throws -> Void) -> String {
        do { try body() } catch let error as ConversionError { return "\(error)" } catch { return "\(error)" }
        return "none"
    }

    @Test(arguments: ["model", "model/../model", "outer"])
    func neverReplacesWhatItReads(_ target: String) throws {
        try withTemporaryFolder { folder in
            let name = target == "outer" ? "outer/model" : "model"
            let source = try copy(in: folder, name)
            let found = message { try convert(source, to: folder.appending(path: target), forced: true) }
            #expect(found.contains("expected another path than the source"))
            #expect(throws: Never.self) { try Checkpoint(at: source.path, logger: Self.logger) }
        }
    }

    @Test func leavesAForeignFolderWhereItWouldGrow() throws {
        try withTemporaryFolder { folder in
            let source = try copy(in: folder, "model")
            let foreign = folder.appending(path: "out.converting/thesis")
            try FileManager.default.createDirectory(
                at: foreign.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("years".utf8).write(to: foreign)
            let found = message { try convert(source, to: folder.appending(path: "out")) }
            #expect(found.contains("out.converting: expected nothing there"))
            #expect(try Data(contentsOf: foreign) == Data("years".utf8))
        }
    }

    @Test func replacesNoFolderWithOtherThingsInIt() throws {
        try withTemporaryFolder { folder in
            let source = try copy(in: folder, "model")
            let home = folder.appending(path: "home")
            try FileManager.default.createDirectory(
                at: home.appending(path: "documents"), withIntermediateDirectories: true)
            let found = message { try convert(source, to: home, forced: true) }
            #expect(found.contains("found a folder with other things in it"))
            #expect(FileManager.default.fileExists(atPath: home.appending(path: "documents").path))
        }
    }

    @Test func overwritesNoFileBesideItsOwn() throws {
        try withTemporaryFolder { folder in
            let source = try copy(in: folder, "model")
            let record = folder.appending(path: "x.gguf.conversion.json")
            try Data("mine".utf8).write(to: record)
            let found = message { try convert(source, to: folder.appending(path: "x.gguf"), .gguf) }
            #expect(found.contains("x.gguf.conversion.json: expected nothing there"))
            let forced = message {
                try convert(source, to: folder.appending(path: "x.gguf"), .gguf, forced: true)
            }
            #expect(forced.contains("x.gguf.conversion.json: expected nothing there, or a file like the new"))
            #expect(try Data(contentsOf: record) == Data("mine".utf8))
        }
    }
}
