import LlamaTensors
@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaCheckpoints

struct Llama2cWriterTests {
    @Test(arguments: [true, false]) func readsBackWhatItWrites(isTied: Bool) throws {
        let model = TinyModel(nHeads: 4, nKVHeads: 2, headDim: 2, isTied: isTied)
        let configuration = model.configuration.with(contextLength: 5)
        let layout = try Llama2cWriter.layout(configuration: configuration)
        let folder = try TemporaryFolder()
        try folder.write("model.bin", try layout.assembled(model.tensors(.meta)))
        let checkpoint = try folder.open("model.bin")
        #expect(checkpoint.configuration == configuration)
        try expect(checkpoint, holds: model.tensors(.meta))
    }

    static let refusals: [(ModelConfiguration, String)] = [
        (
            tiny(rope: RoPEConfiguration(theta: 500_000, scaling: .none)),
            "rope_theta: expected 10000, which the format assumes, found 500000.0; choose another format"
        ),
        (
            tiny(rope: RoPEConfiguration(theta: 10000, scaling: .linear(factor: 2))),
            "rope_scaling: expected none, which the format assumes, found linear, factor 2.0; choose another format"
        ),
        (
            tiny(normEpsilon: 1e-6),
            "norm_eps: expected 1e-05, which the format assumes, found 1e-06; choose another format"
        ),
        (
            tiny(model: TinyModel(hasAttentionBias: true)),
            "biases: expected none, which the format assumes, found those of wq, wk, wv and wo; choose another format"
        ),
        (
            tiny(model: TinyModel(hasAttentionBias: true, hasFeedForwardBias: true)),
            "biases: expected none, which the format assumes, found those of wq, wk, wv and wo, and w1, w2 and w3; choose another format"
        ),
        (
            tiny(model: TinyModel(headDim: 6)),
            "head_dim: expected dim 8 / n_heads 2, which the format assumes, found 6; choose another format"
        ),
        (
            tiny(contextLength: nil),
            "seq_len: expected a context length, which the header states, found none; add max_seq_len to params.json"
        ),
        (
            tiny(contextLength: 1 << 30),
            "seq_len: expected 1 to 8388608 positions, whose rotations the file holds, found 1073741824; set a smaller max_seq_len in params.json"
        ),
        (tiny(model: TinyModel(nLayers: 5000)), "n_layers: expected 1 to 4096, found 5000"),
    ]

    @Test(arguments: refusals)
    func refusesWhatTheFormatCannotExpress(configuration: ModelConfiguration, message: String) {
        let error = #expect(throws: CheckpointError.self) {
            try Llama2cWriter.layout(configuration: configuration)
        }
        #expect(error?.description == "llama2.c .bin: " + message)
    }

    @Test func refusesOtherTypes() {
        let error = #expect(throws: CheckpointError.self) {
            try Llama2cWriter.layout(configuration: Llama2cWriterTests.tiny(), dtype: .float16)
        }
        #expect(
            error?.description
                == "llama2.c .bin: dtype: expected float32, the only type of version 0, found F16; choose --dtype float32"
        )
    }

    private static func tiny(
        model: TinyModel = TinyModel(), rope: RoPEConfiguration? = nil, normEpsilon: Float? = nil,
        contextLength: Int? = 8
    ) -> ModelConfiguration {
        model.configuration.with(contextLength: contextLength, rope: rope, normEpsilon: normEpsilon)
    }
}

/// The one file that llama2.c's author published with its `.pt` (karpathy/tinyllamas, stories260K).
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct Stories260KTests {
    private func open(_ file: String) throws -> Checkpoint {
        try Checkpoint(at: TestData.path("checkpoints/stories260K/\(file)"), logger: .silent)
    }

    @Test func holdsWhatTheTorchFileHolds() throws {
        let (bin, torch) = (try open("stories260K.bin"), try open("consolidated.00.pth"))
        #expect(bin.configuration.tiesEmbeddings)
        for role in TensorRole.all(of: bin.configuration) {
            let (ours, theirs) = (try bin.weight(role).parts[0], try torch.weight(role).parts[0])
            #expect(ours.hasSameBytes(as: theirs), "\(role)")
        }
    }

    /// All to the bit but the tables, whose cosines torch computed with SLEEF and we with the C library: there the
    /// last bit of some differs. llama2.c itself skips them.
    @Test func isWrittenAsLlama2cWroteIt() throws {
        let path = try TestData.path("checkpoints/stories260K/stories260K.bin")
        let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let checkpoint = try open("stories260K.bin")
        let tensors = try Llama2cFile.open(path).tensors
        let layout = try Llama2cWriter.layout(configuration: checkpoint.configuration)
        let written = try layout.assembled { try #require(tensors[$0.name]).elementBytes }
        try #require(written.count == original.count)
        let tables = layout.pieces[1].offset
        #expect(written[..<tables] == original[..<tables])
        for offset in stride(from: tables, to: written.count, by: 4) {
            let (ours, theirs) = (float(written, offset), float(original, offset))
            #expect(abs(ours - theirs) <= 0x1p-24)
        }
    }

    private func float(_ bytes: [UInt8], _ offset: Int) -> Float {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Float.self) }
    }
}

extension ModelConfiguration {
    fileprivate func with(
        contextLength: Int?, rope: RoPEConfiguration? = nil, normEpsilon: Float? = nil
    ) -> ModelConfiguration {
        ModelConfiguration(
            dim: dim, nLayers: nLayers, nHeads: nHeads, nKVHeads: nKVHeads, headDim: headDim,
            hiddenDim: hiddenDim, vocabularySize: vocabularySize,
            normEpsilon: normEpsilon ?? self.normEpsilon,
            rope: rope ?? self.rope, ropeLayout: ropeLayout, tiesEmbeddings: tiesEmbeddings,
            hasAttentionBias: hasAttentionBias, hasFeedForwardBias: hasFeedForwardBias,
            contextLength: contextLength, stopTokens: stopTokens)
    }
}
