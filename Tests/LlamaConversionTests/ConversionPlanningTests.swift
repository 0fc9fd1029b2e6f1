@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
@testable import LlamaFiles
import Foundation
import Testing

@testable import LlamaCheckpoints

/// What is refused before a byte is written.
struct ConversionPlanningTests {
    private func plan(
        _ source: TemporaryFolder, _ format: CheckpointFormat = .huggingFace, companion: String? = nil
    ) throws -> ConversionPlan {
        var options = ConversionOptions(format: format)
        if let companion {
            options.companions = [CompanionFile(name: "tokenizer.model", content: .copy(companion))]
        }
        return try ConversionPlan(source.open(), options)
    }

    private func message(_ folder: TemporaryFolder, _ body: () throws -> Void) -> String {
        do {
            try body()
            return "none"
        } catch { return "\(error)".replacingOccurrences(of: folder.path, with: "DIR") }
    }

    @Test func companionsThatCannotBeCopied() throws {
        let source = try TemporaryFolder.huggingFace(TinyModel())
        let folder = try TemporaryFolder()
        let manager = FileManager.default
        try manager.createDirectory(atPath: folder.path + "/folder", withIntermediateDirectories: false)
        #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
        try manager.createSymbolicLink(
            atPath: folder.path + "/link", withDestinationPath: folder.path + "/pipe")
        let advice = "; put the file itself there, or remove it"
        for (name, found) in [
            ("folder", "expected a regular file, found a folder" + advice),
            ("pipe", "expected a regular file, found a pipe" + advice),
            ("link", "expected a regular file, found a pipe" + advice),
            ("none", "no such file or directory"),
        ] {
            let line = message(folder) { _ = try plan(source, companion: folder.path + "/" + name) }
            #expect(line == "DIR/\(name): \(found)")
        }
        // As Hugging Face's cache has it: a link out of the checkpoint's folder.
        try folder.write("blob", "tokens")
        try manager.createSymbolicLink(
            atPath: source.path + "/tokenizer.model", withDestinationPath: folder.path + "/blob")
        let linked = try plan(source, companion: source.path + "/tokenizer.model")
        #expect(linked.files.last?.byteCount == 6)
        let output = try TemporaryFolder()
        _ = try Converter(linked, to: output.path + "/out").run()
        #expect(try output.files()["out/tokenizer.model"] == Data("tokens".utf8))
    }

    private static let foreign =
        "found a folder with other things in it, such as file; choose a new name"

    @Test(arguments: [
        ("DIR/none/out", "DIR/none: expected a folder to write into, found none; create it first"),
        ("", "the destination: expected the name of a checkpoint to create, found no name; name it"),
        (
            ".",
            ".: expected the name of a checkpoint to create, found `.`; choose one in it, such as ./llama"
        ),
        (
            "/",
            "/: expected the name of a checkpoint to create, found `/`; choose one in it, such as /llama"
        ),
        (
            "DIR/there/..",
            """
            DIR/there/..: expected the name of a checkpoint to create, found `DIR/there/..`; \
            choose one in it, such as DIR/there/../llama
            """
        ),
        ("DIR/there/.", "DIR/there: expected nothing there, or a checkpoint to replace, \(foreign)"),
        ("DIR/there//", "DIR/there: expected nothing there, or a checkpoint to replace, \(foreign)"),
        ("DIR/empty/.", "none"),
        (
            "DIR/mine",
            "DIR/mine.converting: expected nothing there, found something that no conversion left there; move it away"
        ),
        (
            "DIR/old",
            "DIR/old.replaced: expected nothing there, found something that no conversion left there; move it away"
        ),
    ]) func destinations(path: String, expected: String) throws {
        let source = try TemporaryFolder.huggingFace(TinyModel())
        let folder = try TemporaryFolder()
        for name in ["there", "empty", "mine.converting", "old.replaced"] {
            try FileManager.default.createDirectory(
                atPath: folder.path + "/" + name, withIntermediateDirectories: false)
            if name != "empty" { try folder.write(name + "/file", "mine") }
        }
        let before = try folder.files()
        let target = path.replacingOccurrences(of: "DIR", with: folder.path)
        let converter = try Converter(plan(source), to: target)
        #expect(message(folder) { try converter.check() } == expected)
        #expect(try folder.files() == before)
        if expected != "none" {
            #expect(message(folder) { _ = try converter.run() } == expected)
            #expect(try folder.files() == before)
        }
    }

    @Test func aFolderWhereAFileIsToBe() throws {
        let source = try TemporaryFolder.huggingFace(TinyModel())
        let folder = try TemporaryFolder()
        let converter = try Converter(plan(source, .gguf), to: folder.path)
        #expect(
            message(folder) { try converter.check() }
                == """
                DIR: expected the name of a checkpoint to create, found a folder; \
                choose one in it, such as DIR/llama.gguf
                """)
    }

    /// Free space is checked on the destination's disk, less what is written already.
    @Test func moreThanTheDiskHolds() throws {
        let source = try TemporaryFolder.huggingFace(TinyModel())
        let folder = try TemporaryFolder()
        var converter = try Converter(plan(source), to: folder.path + "/out")
        try converter.checkSpace()
        converter.destination.freeByteCount = { _ in 1234 }
        let line = message(folder) { try converter.checkSpace() }
        let needed = converter.plan.byteCount
        try #require((4000..<1_000_000).contains(needed))
        let digits = "\(needed / 1000),\("\(needed)".suffix(3))"
        #expect(
            line == """
                DIR/out: expected \(digits) bytes of free disk space, found 1,234; \
                free some space or choose a path on another disk
                """)
        #expect(message(folder) { _ = try converter.run() } == line)
        #expect(try folder.files().isEmpty)
        #expect(!FilePath(folder.path + "/out.converting").exists)
        converter.destination.freeByteCount = { _ in needed }
        _ = try converter.run()
    }

    /// Tokens spelled like the zeros that a digest overwrites stay as they are.
    @Test func tokensThatLookLikeDigestFields() throws {
        let source = try TemporaryFolder.huggingFace(TinyModel())
        let folder = try TemporaryFolder()
        let spelled = Array(TensorDigest.zeros.utf8)
        let cut = Array(TensorDigest.zeros.utf8.prefix(20))
        var options = ConversionOptions(format: .gguf)
        let tokens = GGUFStrings([spelled, cut, spelled + cut, Array("last".utf8)])
        options.vocabulary = [("tokenizer.ggml.tokens", .array(.string(tokens)))]
        let path = folder.path + "/out.gguf"
        let record = try Converter(ConversionPlan(source.open(), options), to: path).run()
        let metadata = try #require(try folder.open("out.gguf").gguf)
        #expect(
            try metadata.strings("tokenizer.ggml.tokens")?.map { Array($0) } == [
                spelled, cut, spelled + cut, Array("last".utf8),
            ])
        let digests = try #require(try metadata.strings("swift-llama.digests"))
            .map { String(decoding: $0, as: UTF8.self) }
        #expect(digests.count == record.entries.count)
        for entry in record.entries {
            #expect(digests.contains { $0.hasSuffix(" " + entry.digest.text) }, "\(entry.name)")
        }
    }
}
