@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import Foundation
import LlamaFiles
import LlamaTensors
import Testing

@testable import LlamaCheckpoints

/// Files that shrink while a checkpoint is read: the file is named, and nothing computed from zeros is kept.
struct ChangedFileTests {
    private let folder: TemporaryFolder
    private var weights: String { folder.path + "/model.safetensors" }

    init() throws {
        MappedFile.survivesFaults()
        let model = TinyModel(dim: 24, nHeads: 4, nKVHeads: 2, headDim: 6, hiddenDim: 64)
        folder = try TemporaryFolder()
        try folder.write("config.json", model.config())
        try folder.write("model.safetensors", SafetensorsBuilder.bytes(model.converted))
    }

    private func expectChanged(_ error: (any Error)?, sourceLocation: SourceLocation = #_sourceLocation) {
        let text = error.map { "\($0)" } ?? "none"
        #expect(
            text.hasPrefix("\(weights): changed while it was being read: expected "), "\(text)",
            sourceLocation: sourceLocation)
        #expect(
            (error as? any CategorizedError)?.category == .changedInput, sourceLocation: sourceLocation)
    }

    /// By one byte, and by all of them.
    private func shrink(by count: Int) throws {
        let size = try #require(FilePath(weights).byteCount)
        try #require(truncate(weights, max(0, size - count)) == 0)
    }

    @Test(arguments: [1, 1 << 20]) func aComparisonThrows(count: Int) throws {
        let (first, second) = (try folder.open(), try folder.open())
        try shrink(by: count)
        expectChanged(#expect(throws: CheckpointError.self) { try CheckpointComparison(first, second) })
    }

    @Test(arguments: [1, 1 << 20]) func aDigestThrows(count: Int) throws {
        let checkpoint = try folder.open()
        try shrink(by: count)
        expectChanged(
            #expect(throws: ConversionError.self) { try TensorDigest(of: .norm, in: checkpoint) })
    }

    /// Nothing gets its final name, and no role counts as done.
    @Test(arguments: [1, 1 << 20], [nil, DType.float16]) func aConversionThrows(
        count: Int, dtype: DType?
    ) throws {
        var options = ConversionOptions(format: .meta)
        options.dtype = dtype
        let plan = try ConversionPlan(folder.open(), options)
        let output = try TemporaryFolder()
        try shrink(by: count)
        expectChanged(
            #expect(throws: ConversionError.self) { try Converter(plan, to: output.path + "/out").run() })
        #expect(try FileManager.default.contentsOfDirectory(atPath: output.path) == ["out.converting"])
        let journal = output.path + "/out.converting/" + ConversionJournal.name
        #expect(try String(contentsOfFile: journal, encoding: .utf8).split(separator: "\n").count == 1)
    }

    /// Roles before the change are done, those after it fail.
    @Test func aConversionThatIsHalfDoneThrows() throws {
        let plan = try ConversionPlan(folder.open(), ConversionOptions(format: .meta))
        let output = try TemporaryFolder()
        var behavior = Converter.Behavior()
        behavior.threads = 1
        let converter = Converter(plan, to: output.path + "/out", behavior)
        let (path, total) = (weights, plan.weightByteCount)
        expectChanged(
            #expect(throws: ConversionError.self) {
                try converter.run(progress: { if $0 > total / 2 { truncate(path, 8) } })
            })
        #expect(try FileManager.default.contentsOfDirectory(atPath: output.path) == ["out.converting"])
    }

    @Test func aHeaderIsCheckedOnceItIsRead() throws {
        let checkpoint = try folder.open()
        #expect(checkpoint.mappedFiles.map(\.path) == [weights])
        try checkpoint.checkUnchanged()
        try shrink(by: 8)
        expectChanged(#expect(throws: CheckpointError.self) { try checkpoint.checkUnchanged() })
    }
}
