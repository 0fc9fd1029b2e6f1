@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import Foundation
import Testing

@testable import LlamaCheckpoints

/// Where a checkpoint does not state its context length, every format gets the same, and a note says so.
struct AssumedContextLengthTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let shape: (dim: Int, nLayers: Int, nHeads: Int, nKVHeads: Int, hiddenDim: Int)
        var vocabularySize = 128_256
        var normEpsilon: Float = 1e-5
        var theta = 500_000.0
        var factor: Double?
        let length: Int
        let origin: String

        var testDescription: String { "\(length), \(origin), \(shape)" }

        var configuration: ModelConfiguration {
            let scaling = factor.map { factor in
                RoPEConfiguration.Scaling.llama3(
                    factor: factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalLength: 8192)
            }
            return ModelConfiguration(
                dim: shape.dim, nLayers: shape.nLayers, nHeads: shape.nHeads, nKVHeads: shape.nKVHeads,
                headDim: shape.dim / shape.nHeads, hiddenDim: shape.hiddenDim,
                vocabularySize: vocabularySize, normEpsilon: normEpsilon,
                rope: RoPEConfiguration(theta: theta, scaling: scaling ?? .none), ropeLayout: .interleaved,
                tiesEmbeddings: false, hasAttentionBias: false, hasFeedForwardBias: false,
                contextLength: nil, stopTokens: [])
        }
    }

    static let cases = [
        Case(
            shape: (4096, 32, 32, 32, 11008), vocabularySize: 32000, normEpsilon: 1e-6, theta: 10000,
            length: 2048, origin: "as of Llama 1"),
        Case(
            shape: (6656, 60, 52, 52, 17920), vocabularySize: 32000, theta: 10000, length: 2048,
            origin: "as of Llama 1"),
        Case(
            shape: (4096, 32, 32, 32, 11008), vocabularySize: 32000, normEpsilon: 1e-4, theta: 10000,
            length: 2048, origin: "as of Llama 1 or 2"),
        Case(
            shape: (4096, 32, 32, 32, 11008), vocabularySize: 32000, theta: 10000, length: 4096,
            origin: "as of Llama 2"),
        Case(
            shape: (8192, 80, 64, 8, 28672), vocabularySize: 32000, theta: 10000, length: 4096,
            origin: "as of Llama 2"),
        Case(shape: (4096, 32, 32, 8, 14336), length: 8192, origin: "as of Llama 3"),
        Case(shape: (4096, 32, 32, 8, 14336), factor: 8, length: 131_072, origin: "as of Llama 3.1"),
        Case(shape: (8192, 80, 64, 8, 28672), factor: 8, length: 131_072, origin: "as of Llama 3.1 or 3.3"),
        Case(shape: (2048, 16, 32, 8, 8192), factor: 32, length: 131_072, origin: "as of Llama 3.2"),
        Case(shape: (64, 2, 8, 2, 176), factor: 8, length: 131_072, origin: "as of Llama 3.1"),
        Case(shape: (64, 2, 8, 2, 176), length: 2048, origin: "Meta's default"),
    ]

    @Test(arguments: cases) func isThatOfTheFamily(example: Case) {
        let assumed = AssumedContextLength(example.configuration)
        #expect(assumed.length == example.length && assumed.origin == example.origin)
    }

    private static let note =
        "the checkpoint does not state its context length; 2048, Meta's default, is written"

    @Test(arguments: [CheckpointFormat.huggingFace, .gguf, .llama2c])
    func isWrittenAndForgotten(format: CheckpointFormat) throws {
        let source = try TemporaryFolder.meta()
        let folder = try TemporaryFolder()
        let original = try source.open()
        #expect(try ConversionPlan(original, ConversionOptions(format: format)).notes == [Self.note])
        let converted = try original.converted(to: format, in: folder, "converted")
        // A key of a GGUF file says that its number is an assumption.
        #expect(converted.configuration.contextLength == (format == .gguf ? nil : 2048))
        if format == .gguf { #expect(try converted.gguf?.int("llama.context_length") == 2048) }
        let again = try converted.converted(to: format, in: folder, "again")
        let back = try again.converted(to: .meta, in: folder, "back")
        #expect(back.configuration.contextLength == nil)
        #expect(try folder.files("back")["params.json"].map { !$0.contains("max_seq_len") } == true)
    }

    /// A value edited after the conversion is no longer an assumption.
    @Test func isForgottenOnlyWhileItIsTheSame() throws {
        let source = try TemporaryFolder.meta()
        let folder = try TemporaryFolder()
        try source.open().converted(to: .huggingFace, in: folder, "converted")
        let config = try #require(try folder.files("converted")["config.json"])
        try folder.write(
            "converted/config.json",
            String(decoding: config, as: UTF8.self).replacing(
                "2048", with: "512"))
        let edited = try folder.open("converted")
        #expect(edited.configuration.contextLength == 512)
        #expect(try edited.converted(to: .meta, in: folder, "back").configuration.contextLength == 512)
    }

    /// Tying again and assuming a length are two things.
    @Test(arguments: [CheckpointFormat.huggingFace, .gguf, .llama2c])
    func isWrittenWhereTheOutputIsTiedAgain(format: CheckpointFormat) throws {
        let model = TinyModel(isTied: true)
        let source = try TemporaryFolder.huggingFace(model, model.config(["max_position_embeddings": nil]))
        let folder = try TemporaryFolder()
        let untied = try source.open().converted(to: .meta, in: folder, "untied")
        #expect(!untied.configuration.tiesEmbeddings && untied.configuration.contextLength == nil)
        #expect(
            try ConversionPlan(untied, ConversionOptions(format: format)).notes == [
                "output.weight, a copy of the embedding, is tied to it",
                Self.note,
            ])
        #expect(try untied.converted(to: format, in: folder, "tied").configuration.tiesEmbeddings)
    }

    @Test func isNotWrittenIntoAFileThatIsKept() throws {
        let model = TinyModel()
        let source = try TemporaryFolder.huggingFace(model, model.config(["max_position_embeddings": nil]))
        let plan = try ConversionPlan(source.open(), ConversionOptions(format: .huggingFace))
        #expect(plan.notes.isEmpty)
        let folder = try TemporaryFolder()
        let copy = try source.open().converted(to: .huggingFace, in: folder, "copy")
        #expect(copy.configuration.contextLength == nil)
    }
}

extension Data {
    fileprivate func contains(_ text: String) -> Bool { String(decoding: self, as: UTF8.self).contains(text) }
}
