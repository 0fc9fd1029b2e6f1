@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import Foundation
import LlamaFiles
import Testing

@testable import LlamaCheckpoints

/// A damaged file is opened and described as its own format, never by another format's reader.
struct DamagedFileTests {
    /// The file with the weights of a small model in a format.
    private func weightFile(_ format: CheckpointFormat, in folder: TemporaryFolder) throws -> String {
        let source = try TemporaryFolder.huggingFace(TinyModel())
        let checkpoint = try source.open().converted(to: format, in: folder, "out") { options, _ in
            options.tokens = SpecialTokenIDs(bos: 1, stops: [2])
        }
        #expect(checkpoint.format == format && checkpoint.container == format.definition.container)
        return try #require(checkpoint.files.first)
    }

    private func truncate(_ path: String, to share: Double) throws {
        let bytes = try Data(contentsOf: URL(filePath: path))
        try bytes.prefix(max(6, Int(Double(bytes.count) * share))).write(to: URL(filePath: path))
    }

    /// What only the format's own reader says of a file cut in the middle.
    private static let words: [CheckpointFormat: String] = [
        .meta: "expected a ZIP directory", .metaSafetensors: "expected data inside the file",
        .huggingFace: "expected data inside the file", .gguf: "expected data inside the file",
        .llama2c: "by the header's dim 8",
    ]

    @Test(arguments: CheckpointFormat.allCases) func isDescribedAsItsFormat(format: CheckpointFormat) throws {
        let folder = try TemporaryFolder()
        let file = try weightFile(format, in: folder)
        try truncate(file, to: 0.5)
        let report = try CheckpointReport(at: file)
        let failure = try #require(report.failure)
        let words = try #require(Self.words[format])
        #expect(failure.file == file && failure.description.contains(words), "\(failure)")
        #expect(report.format == format.definition.container.name)
        #expect(report.problems.isEmpty)
        #expect(report.files.map(\.tensorCount) == [nil])
        // The same where the folder is given.
        guard !format.isSingleFile || format == .gguf else { return }
        let whole = try CheckpointReport(at: FilePath(file).folder)
        #expect(whole.failure == failure && whole.format == report.format && whole.problems.isEmpty)
    }

    /// Cut inside its first header.
    @Test(arguments: CheckpointFormat.allCases) func keepsItsOwnErrorWithoutAHeader(format: CheckpointFormat)
        throws
    {
        let folder = try TemporaryFolder()
        let file = try weightFile(format, in: folder)
        try truncate(file, to: 0)
        let report = try CheckpointReport(at: file)
        let words: [CheckpointFormat: String] = [
            .meta: "expected a ZIP directory", .metaSafetensors: "header length: expected 8 bytes",
            .huggingFace: "header length: expected 8 bytes", .gguf: "version: expected 4 bytes at byte 4",
            .llama2c: "the end of the file at byte 6",
        ]
        let failure = try #require(report.failure)
        #expect(failure.description.contains(try #require(words[format])), "\(failure)")
        #expect(report.format == format.definition.container.name && report.problems.isEmpty)
    }

    @Test func everyContainerIsListedOnceAndHasItsOwnSuffixes() {
        #expect(
            CheckpointFormat.containers.map { $0.name } == [".pth", "safetensors", "GGUF", "llama2.c .bin"])
        #expect(CheckpointFormat.isWeightFile("model.gguf") && CheckpointFormat.isWeightFile("stories.bin"))
        #expect(!CheckpointFormat.isWeightFile("tokenizer.bin") && !CheckpointFormat.isWeightFile("a.json"))
    }
}
