@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import Foundation
import LlamaTensors
import Testing

@testable import LlamaCheckpoints

/// One model in several formats, and models that differ.
struct ComparisonTests {
    private static let model = TinyModel(dim: 24, nHeads: 4, nKVHeads: 2, headDim: 6, hiddenDim: 64)

    /// `change` sees the tensors under Hugging Face's names before they are written.
    private func huggingFace(
        _ model: TinyModel = model, _ config: String? = nil, change: (inout [TestTensor]) -> Void = { _ in }
    ) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        var tensors = model.converted
        change(&tensors)
        try folder.write("config.json", config ?? model.config())
        try folder.write("model.safetensors", SafetensorsBuilder.bytes(tensors))
        return folder
    }

    private func difference(
        _ comparison: CheckpointComparison, _ role: TensorRole
    ) throws -> TensorDifference {
        let entry = try #require(comparison.entries.first { $0.role == role })
        guard case .differs(let difference) = entry.outcome else {
            Issue.record("\(entry.outcome)")
            return TensorDifference(unit: .float32)
        }
        return difference
    }

    @Test(arguments: [DType.float32, .float16, .bfloat16], [1, 2])
    func findsMetaShardsIdenticalToHuggingFace(dtype: DType, shards: Int) throws {
        var model = Self.model
        model.dtype = dtype
        let (meta, hugging) = (try TemporaryFolder.metaShards(shards, model), try huggingFace(model))
        let comparison = try CheckpointComparison(meta.open(), hugging.open())
        #expect(comparison.entries.count == TensorRole.all(of: model.configuration).count)
        #expect(comparison.entries.allSatisfy { $0.outcome == .identical })
        #expect(comparison.isSame)
        #expect(comparison.fields.allSatisfy { !$0.matters && $0.first == nil })
    }

    @Test func findsUnpermutedKeysDifferent() throws {
        let meta = try TemporaryFolder.metaShards(1, Self.model)
        let hugging = try huggingFace { tensors in
            let name = "model.layers.1.self_attn.k_proj.weight"
            let index = tensors.firstIndex { $0.name == name }
            if let index {
                tensors[index].bytes = TestTensor("layers.1.attention.wk.weight", .float32, [12, 24]).bytes
            }
        }
        let comparison = try CheckpointComparison(meta.open(), hugging.open())
        #expect(comparison.entries.filter { !$0.outcome.isSame }.map(\.role) == [.layer(1, .wk)])
        // The first and the last row of a head stay in place.
        #expect(try difference(comparison, .layer(1, .wk)).firstElement?.row == 1)
        #expect(!comparison.isSame)
    }

    @Test(arguments: [DType.float16, .bfloat16]) func seesThroughALosslessCast(dtype: DType) throws {
        var narrow = Self.model
        narrow.dtype = dtype
        let meta = try TemporaryFolder.metaShards(2, narrow)
        let hugging = try huggingFace(narrow) { tensors in
            for index in tensors.indices { tensors[index].widen() }
        }
        let comparison = try CheckpointComparison(meta.open(), hugging.open())
        #expect(comparison.entries.allSatisfy { $0.outcome == .equalAfterCast })
        #expect(comparison.isSame)
    }

    @Test func measuresInUnitsOfTheNarrowerDType() throws {
        var narrow = Self.model
        narrow.dtype = .float16
        // The same numbers, rounded in one of them.
        let (wide, rounded) = (try huggingFace(), try huggingFace(narrow))
        let comparison = try CheckpointComparison(wide.open(), rounded.open())
        let difference = try difference(comparison, .output)
        #expect(difference.unit == .float16 && difference.ulps <= 0.5 && difference.ulps > 0.4)
        #expect(!comparison.isSame && comparison.isSame(tolerance: 0.5) && !comparison.isSame(tolerance: 0.1))
    }

    @Test func countsStepsAcrossPowersOfTwoAndZero() {
        var difference = TensorDifference(unit: .float32)
        difference.add(1, Float(1).nextDown, row: 3, column: 1)
        #expect(difference.ulps == 1)
        difference.add(.leastNonzeroMagnitude, -.leastNonzeroMagnitude, row: 2, column: 5)
        #expect(difference.ulps == 2 && difference.firstElement?.row == 2 && difference.oddCount == 0)
        difference.add(0, -0.0, row: 2, column: 6)
        difference.add(.nan, 1, row: 2, column: 7)
        #expect(difference.count == 4 && difference.oddCount == 2 && difference.ulps == 2)
        #expect(!difference.isWithin(ulps: 100))
    }

    @Test func takesEqualBitsOfNotANumbersForEqual() throws {
        let plant: (inout [TestTensor], UInt8) -> Void = { tensors, payload in
            tensors[0].bytes.replaceSubrange(8..<12, with: [payload, 0, 0xC0, 0x7F])
        }
        let one = try huggingFace { plant(&$0, 1) }
        let other = try huggingFace { plant(&$0, 2) }
        #expect(try CheckpointComparison(one.open(), one.open()).isSame)
        let comparison = try CheckpointComparison(one.open(), other.open())
        let difference = try difference(comparison, .tokEmbeddings)
        #expect(difference.count == 1 && difference.oddCount == 1)
        #expect(difference.firstElement?.row == 0 && difference.firstElement?.column == 2)
    }

    @Test func namesWhatIsMissingShapedOrConfiguredOtherwise() throws {
        var deeper = Self.model
        deeper.nLayers = 3
        deeper.vocabularySize = 20
        let config = deeper.config(["rope_theta": "500000.0", "eos_token_id": nil])
        let (one, other) = (try huggingFace(), try huggingFace(deeper, config))
        let comparison = try CheckpointComparison(one.open(), other.open())
        let outcomes = Dictionary(uniqueKeysWithValues: comparison.entries.map { ($0.role, $0.outcome) })
        #expect(outcomes[.layer(2, .wq)] == .missingInFirst)
        #expect(outcomes[.output] == .shapes([16, 24], [20, 24]))
        #expect(outcomes[.layer(1, .w2)] == .identical)
        let fields = comparison.fields.map {
            "\($0.field.rawValue) \($0.first ?? "-") \($0.second ?? "-") \($0.matters)"
        }
        #expect(
            fields == [
                "nLayers 2 3 true", "vocabularySize 16 20 true", "rope.theta 10000.0 500000.0 true",
                "stopTokens 2 - false",
            ])
        #expect(!comparison.isSame(tolerance: 1e9))
    }

    @Test func comparesTheOutputWithATiedEmbedding() throws {
        var tied = Self.model
        tied.isTied = true
        let one = try huggingFace(tied)
        let other = try huggingFace { tensors in
            let embedding = tensors.first { $0.name == "model.embed_tokens.weight" }
            for index in tensors.indices where tensors[index].name == "lm_head.weight" {
                tensors[index].bytes = embedding?.bytes ?? []
            }
        }
        let comparison = try CheckpointComparison(one.open(), other.open())
        #expect(comparison.isSame && comparison.fields.map(\.field) == [.tiesEmbeddings])
        #expect(try !CheckpointComparison(one.open(), huggingFace().open()).isSame)
    }
}

extension TestTensor {
    /// The same numbers as float32.
    fileprivate mutating func widen() {
        let source = self
        bytes = stride(from: 0, to: bytes.count, by: 2).flatMap { index -> [UInt8] in
            let bits = UInt16(source.bytes[index]) | UInt16(source.bytes[index + 1]) << 8
            let value =
                source.dtype == .float16
                ? Float(Float16(bitPattern: bits)) : Float(bitPattern: UInt32(bits) << 16)
            return withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init)
        }
        dtype = .float32
    }
}
