@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import LlamaTensors
import LlamaTestSupport
import Testing

@testable import LlamaCheckpoints

/// Through two formats and back, nothing changes.
enum RoundTrip {
    /// From a checkpoint through `first` and each other format back to its own.
    static func check(_ source: ConversionSource, through first: CheckpointFormat) throws {
        let original = try source.open()
        let folder = try TemporaryFolder()
        let dtype = try #require(original.dtypes.first)
        let one = try original.converted(to: first, in: folder, "one")
        let others = source.formats.filter { $0 != first }
        try #require(!others.isEmpty)
        for second in others {
            let name = "\(second.rawValue)"
            let two = try one.converted(to: second, in: folder, name)
            let isWidened = dtype != .float32 && (first == .llama2c || second == .llama2c)
            let back = try two.converted(
                to: original.format, as: isWidened ? dtype : nil, in: folder, name + "-back")
            try expectSame(original, back, "\(first.rawValue), \(second.rawValue)", path: [first, second])
        }
    }

    private static func expectSame(
        _ original: Checkpoint, _ back: Checkpoint, _ comment: Comment, path: [CheckpointFormat]
    ) throws {
        let comparison = try CheckpointComparison(original, back)
        #expect(comparison.entries.count == TensorRole.all(of: original.configuration).count, comment)
        for entry in comparison.entries {
            #expect(entry.outcome == .identical, "\(comment): \(entry.role)")
        }
        #expect(comparison.isSame, comment)
        #expect(try original.digests() == back.digests(), comment)
        #expect(original.naming == back.naming, comment)
        // Meta's files and llama2.c's cannot state a stop token.
        let forgetsStops = !Set(path).isDisjoint(with: [.meta, .metaSafetensors, .llama2c])
        let forgotten = comparison.fields.map(\.field).filter { field in
            !(field == .stopTokens && forgetsStops)
        }
        #expect(forgotten.isEmpty, comment)
    }
}

struct ConversionRoundTripTests {
    @Test(arguments: ConversionSource.fixtures.expressible) func comesBackToTheLastBit(
        _ example: ConversionCase
    )
        throws
    {
        try RoundTrip.check(example.source, through: example.format)
    }

    @Test(arguments: ConversionSource.fixtures.inexpressible)
    func isRefusedWhereItCannotBe(_ example: ConversionCase) throws { try expectRefusal(of: example) }

    /// In every format, for every dtype.
    @Test(arguments: [DType.float32, .float16, .bfloat16], CheckpointFormat.allCases)
    func digestsDoNotDependOnTheFormat(dtype: DType, format: CheckpointFormat) throws {
        let model = TinyModel(nKVHeads: 2, dtype: dtype)
        let source = try TemporaryFolder.metaShards(2, model)
        let folder = try TemporaryFolder()
        let original = try source.open()
        let other = try original.converted(to: format, in: folder, "other")
        if format == .llama2c, dtype != .float32 {
            #expect(try CheckpointComparison(original, other).isSame)
            return
        }
        // GGUF has its norms in float32, whose digests are those of norms that were widened elsewhere.
        let wide = try original.converted(to: .huggingFace, as: .float32, in: folder, "wide").digests()
        let (kept, found) = (try original.digests(), try other.digests())
        #expect(found.count == kept.count)
        for (role, digest) in found {
            let isNorm = role.shape(in: original.configuration).count == 1
            #expect(digest == (isNorm && format == .gguf ? wide : kept)[role], "\(role)")
        }
    }

    /// GGUF stores norms in float32 whatever dtype is chosen, so there and back they lose nothing.
    @Test func narrowsNoNormOnTheWayThroughGGUF() throws {
        let source = try TemporaryFolder.huggingFace(TinyModel(dtype: .float32))
        let folder = try TemporaryFolder()
        let original = try source.open()
        let narrow = try original.converted(to: .gguf, as: .float16, in: folder, "narrow")
        let back = try narrow.converted(to: .huggingFace, in: folder, "back")
        let direct = try original.converted(to: .huggingFace, as: .float16, in: folder, "direct")
        let (before, after) = (try original.digests(), try back.digests())
        for role in TensorRole.all(of: original.configuration) {
            let isNorm = role.shape(in: original.configuration).count == 1
            #expect(try narrow.weight(role).dtype == (isNorm ? .float32 : .float16), "\(role)")
            #expect(try back.weight(role).dtype == (isNorm ? .float32 : .float16), "\(role)")
            #expect((after[role] == before[role]) == isNorm, "\(role)")
            // Without GGUF between, float16 means the norms too.
            #expect(try direct.weight(role).dtype == .float16, "\(role)")
        }
    }

    @Test(arguments: [CheckpointFormat.meta, .metaSafetensors], [(1, 2), (2, 1), (1, 4), (4, 2)])
    func reshardsAndBack(format: CheckpointFormat, counts: (Int, Int)) throws {
        let model = TinyModel(nHeads: 4, nKVHeads: 4, headDim: 2, dtype: .float16)
        let source = try TemporaryFolder.metaShards(1, model)
        let folder = try TemporaryFolder()
        let original = try source.open()
        let first = try original.converted(to: format, in: folder, "first") { options, _ in
            options.shards = counts.0
        }
        let second = try first.converted(to: format, in: folder, "second") { options, _ in
            options.shards = counts.1
        }
        #expect(first.files.count == counts.0 && second.files.count == counts.1)
        let back = try second.converted(to: .meta, in: folder, "back")
        #expect(back.files.count == 1)
        for checkpoint in [first, second, back] {
            let comparison = try CheckpointComparison(original, checkpoint)
            #expect(comparison.fields.isEmpty && comparison.entries.allSatisfy { $0.outcome == .identical })
        }
    }

    @Test(arguments: [100, 1000, 5000]) func cutsHuggingFacesFiles(size: Int) throws {
        let source = try TemporaryFolder.meta()
        let folder = try TemporaryFolder()
        let original = try source.open()
        let cut = try original.converted(to: .huggingFace, in: folder, "cut") { options, _ in
            options.maximumShardSize = size
        }
        #expect(cut.files.count > 1)
        #expect(try folder.files("cut")["model.safetensors.index.json"] != nil)
        #expect(try CheckpointComparison(original, cut).isSame)
        let back = try cut.converted(to: .meta, in: folder, "back")
        #expect(try CheckpointComparison(original, back).entries.allSatisfy { $0.outcome == .identical })
    }
}

/// The same with the shared checkpoints.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct ConversionRoundTripSharedDataTests {
    @Test(arguments: ConversionSource.shared.expressible) func comesBackToTheLastBit(
        _ example: ConversionCase
    )
        throws
    {
        try RoundTrip.check(example.source, through: example.format)
    }

    @Test(arguments: ConversionSource.shared.inexpressible)
    func isRefusedWhereItCannotBe(_ example: ConversionCase) throws { try expectRefusal(of: example) }
}

/// Formats that the table does not name refuse.
private func expectRefusal(of example: ConversionCase) throws {
    let checkpoint = try example.source.open()
    let error = #expect(throws: ConversionError.self) {
        try ConversionPlan(checkpoint, ConversionOptions(format: example.format))
    }
    guard case .inexpressible(example.format, let reasons) = error, !reasons.isEmpty else {
        return #expect(Bool(false), "\(String(describing: error))")
    }
}
