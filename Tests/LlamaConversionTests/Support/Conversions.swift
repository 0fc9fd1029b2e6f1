@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import Foundation
import LlamaTensors
import LlamaTestSupport
import Testing

@testable import LlamaCheckpoints

/// A checkpoint to convert, and what can express it.
struct ConversionSource: Sendable, CustomTestStringConvertible {
    let path: String
    var isFixture = false
    let formats: [CheckpointFormat]

    var testDescription: String { path }

    func open() throws -> Checkpoint {
        let path =
            isFixture ? try Fixtures.checkpoint(path).path : try TestData.path("checkpoints/\(path)")
        return try Checkpoint(at: path, logger: .silent)
    }

    private static let modern: [CheckpointFormat] = [.meta, .metaSafetensors, .huggingFace, .gguf]
    private static let stated: [CheckpointFormat] = [.huggingFace, .gguf]

    /// They came with the tests.
    static let fixtures = [
        ConversionSource(
            path: "meta-2shards-f16", isFixture: true,
            formats: CheckpointFormat.allCases),
        ConversionSource(path: "hf-tied-f32", isFixture: true, formats: stated),
        ConversionSource(path: "hf-biased-bf16", isFixture: true, formats: stated),
    ]

    /// Those of the test data.
    static let shared = [
        ConversionSource(path: "micro-hf-bf16-sharded-linear-rope", formats: stated),
        ConversionSource(path: "micro-hf-f32", formats: CheckpointFormat.allCases),
        ConversionSource(path: "micro-hf-headdim-f16", formats: stated),
        ConversionSource(path: "micro-hf-llama32-tied-bf16", formats: modern),
        ConversionSource(path: "micro-meta-f16", formats: CheckpointFormat.allCases),
        ConversionSource(path: "micro-meta-f16-gqa-2shards", formats: CheckpointFormat.allCases),
        ConversionSource(path: "micro-meta-llama31-bf16-2shards", formats: modern),
        ConversionSource(path: "micro-meta-safetensors-f16", formats: CheckpointFormat.allCases),
        ConversionSource(path: "stories260K", formats: CheckpointFormat.allCases),
        ConversionSource(path: "stories260K/stories260K.bin", formats: CheckpointFormat.allCases),
    ]
}

/// A source, and a format to convert it to.
struct ConversionCase: Sendable, CustomTestStringConvertible {
    let source: ConversionSource
    let format: CheckpointFormat

    var testDescription: String { "\(source.path) to \(format.rawValue)" }
}

extension [ConversionSource] {
    /// Every source with every format that can express it.
    var expressible: [ConversionCase] { cases { $0.formats.contains($1) } }
    /// Every source with every format that cannot.
    var inexpressible: [ConversionCase] { cases { !$0.formats.contains($1) } }

    private func cases(_ isWanted: (ConversionSource, CheckpointFormat) -> Bool) -> [ConversionCase] {
        flatMap { source in
            CheckpointFormat.allCases.filter { isWanted(source, $0) }
                .map { ConversionCase(source: source, format: $0) }
        }
    }
}

extension Checkpoint {
    /// Converts to `name` in a folder and opens what was written.
    @discardableResult func converted(
        to format: CheckpointFormat, as dtype: DType? = nil, in folder: TemporaryFolder, _ name: String,
        _ change: (inout ConversionOptions, inout Converter.Behavior) -> Void = { _, _ in }
    ) throws -> Checkpoint {
        var options = ConversionOptions(format: format)
        options.dtype = dtype
        var behavior = Converter.Behavior()
        change(&options, &behavior)
        let path = folder.path + "/" + name + format.suffix
        let record = try Converter(ConversionPlan(self, options), to: path, behavior).run()
        try ConversionVerifier(record).verify(path, threads: 1, logger: .silent)
        return try Checkpoint(at: path, logger: .silent)
    }

    /// The digests of all tensors.
    func digests() throws -> [TensorRole: TensorDigest] {
        var digests: [TensorRole: TensorDigest] = [:]
        for role in TensorRole.all(of: configuration) { digests[role] = try TensorDigest(of: role, in: self) }
        return digests
    }
}

extension TemporaryFolder {
    /// The bytes of all files in a folder, by their paths in it.
    func files(_ name: String = "") throws -> [String: Data] {
        let root = name.isEmpty ? path : path + "/" + name
        var files: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: root) {
            var isFolder = ObjCBool(false)
            _ = FileManager.default.fileExists(atPath: root + "/" + name, isDirectory: &isFolder)
            if !isFolder.boolValue { files[name] = try Data(contentsOf: URL(filePath: root + "/" + name)) }
        }
        return files
    }
}
