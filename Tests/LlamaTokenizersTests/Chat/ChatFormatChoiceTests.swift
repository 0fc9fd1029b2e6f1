import Foundation
import LlamaCheckpoints
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// Which chat format a model gets.
@Suite struct ChatFormatChoiceTests {
    private func choice(
        _ name: String? = nil, _ templates: ChatTemplates = ChatTemplates(), _ vocabulary: String,
        _ configuration: ModelConfiguration? = nil
    ) throws -> ChatFormatChoice {
        try ChatFormatChoice(
            named: name, templates: (templates, "chat_template.jinja"),
            tokenizer: smallTokenizer(vocabulary),
            configuration: configuration, model: "folder")
    }

    private func configuration(dim: Int = 4096, vocabularySize: Int, _ scaling: RoPEConfiguration.Scaling)
        -> ModelConfiguration
    {
        ModelConfiguration(
            dim: dim, nLayers: 1, nHeads: 8, nKVHeads: 8, headDim: dim / 8, hiddenDim: dim,
            vocabularySize: vocabularySize, normEpsilon: 1e-5,
            rope: RoPEConfiguration(theta: 500_000, scaling: scaling), ropeLayout: .interleaved,
            tiesEmbeddings: false, hasAttentionBias: false, hasFeedForwardBias: false, contextLength: nil,
            stopTokens: [])
    }

    @Test func theNameWins() throws {
        let templates = ChatTemplates(standard: try ChatFixture("llama3").template)
        let choice = try choice("plain", templates, "llama3")
        #expect(choice.format == ChatFormat(.plain))
        #expect(choice.origin == .name)
        #expect(throws: ChatError.unknownFormat("Llama3")) { try self.choice("Llama3", templates, "llama3") }
    }

    @Test func theTemplateComesNext() throws {
        let template = try ChatFixture("llama2-untrimmed").template
        let choice = try choice(nil, ChatTemplates(standard: template), "llama3")
        #expect(choice.format.name == .llama2)
        #expect(!choice.format.trimsSystem)
        #expect(choice.origin == .template)
    }

    @Test func refusesAnUnknownTemplateWhateverTheFamily() {
        let templates = ChatTemplates(standard: "<|start_header_id|>{{ x }}<|end_header_id|>")
        #expect(throws: ChatError.unknownTemplate(source: "chat_template.jinja", nearest: .llama3)) {
            try choice(nil, templates, "llama3")
        }
        let named = ChatTemplates(named: [.init(name: "tool_use", template: "<|im_start|>")])
        #expect(throws: ChatError.unknownTemplate(source: "chat_template.jinja", nearest: .chatml)) {
            try choice(nil, named, "llama3")
        }
    }

    static let scalings: [(Int, Int, RoPEConfiguration.Scaling, ChatFormat.Name)] = [
        (4096, 128_256, .none, .llama3),
        (4096, 128_256, llama3(8), .llama31), (8192, 128_256, llama3(8), .llama31),
        (4096, 128_256, .factors([1]), .llama31),
        (2048, 128_256, llama3(32), .llama32), (3072, 128_256, .factors([1]), .llama32),
        (2048, 431, llama3(32), .llama32),
    ]

    private static func llama3(_ factor: Double) -> RoPEConfiguration.Scaling {
        .llama3(factor: factor, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalLength: 8192)
    }

    @Test(arguments: scalings)
    func tellsTheLlama3sApart(
        _ dim: Int, _ vocabularySize: Int, _ scaling: RoPEConfiguration.Scaling, _ name: ChatFormat.Name
    ) throws {
        let choice = try choice(
            nil, ChatTemplates(), "llama3", configuration(dim: dim, vocabularySize: vocabularySize, scaling))
        #expect(choice.format == ChatFormat(name))
        #expect(choice.origin == .family)
    }

    @Test func findsOtherFamilies() throws {
        #expect(try choice(nil, ChatTemplates(), "llama3").format.name == .llama3)
        #expect(try choice(nil, ChatTemplates(), "smollm").format.name == .chatml)
        // Any SentencePiece model has <s> and </s>; only Llama 2's size says that it may be a chat model.
        let error = #expect(throws: ChatError.self) { try choice(nil, ChatTemplates(), "llama2") }
        #expect(try #require(error) == .noFormat(model: "folder"))
    }
}

/// Where a checkpoint's chat templates are.
@Suite struct ChatTemplateSourceTests {
    @Test func aFileOfItsOwnComesFirst() throws {
        try withTemporaryFolder { folder in
            #expect(try ChatTemplates.found(in: folder.path) == nil)
            let settings = folder.appending(path: "tokenizer_config.json")
            try Data(#"{"chat_template": "a"}"#.utf8).write(to: settings)
            var found = try #require(try ChatTemplates.found(gguf: nil, folder: folder.path))
            #expect(found.templates == ChatTemplates(standard: "a"))
            #expect(found.file == settings.path)
            let jinja = folder.appending(path: "chat_template.jinja")
            try Data("b".utf8).write(to: jinja)
            found = try #require(try ChatTemplates.found(gguf: nil, folder: folder.path))
            #expect(found.templates == ChatTemplates(standard: "b"))
            #expect(found.file == jinja.path)
        }
    }

    @Test func aGGUFFileHasItsOwn() throws {
        try withTemporaryFolder { folder in
            try Data("b".utf8).write(to: folder.appending(path: "chat_template.jinja"))
            let template = ChatTemplates(standard: try ChatFixture("llama3").template)
            let gguf = GGUFMetadata(
                file: "m.gguf", entries: template.entries)
            let found = try #require(try ChatTemplates.found(gguf: gguf, folder: folder.path))
            #expect(found.templates == template)
            #expect(found.file == "m.gguf")
            let none = GGUFMetadata(file: "m.gguf", entries: [])
            #expect(try ChatTemplates.found(gguf: none, folder: folder.path) == nil)
        }
    }
}

/// Families by their published vocabularies.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct ChatFamilySharedDataTests {
    static let families: [(String, ChatFormat.Name?)] = [
        ("tokenizers/llama2/tokenizer.model", .llama2), ("tokenizers/llama2/tokenizer.json", .llama2),
        ("tokenizers/llama3/tokenizer.model", .llama3), ("checkpoints/stories260K/tokenizer.model", nil),
    ]

    @Test(arguments: families)
    func recognizesTheFamily(_ path: String, _ name: ChatFormat.Name?) throws {
        #expect(try ChatFormatChoice.family(loadTokenizer(at: TestData.path(path)), nil) == name)
    }
}
