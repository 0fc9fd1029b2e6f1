import Foundation
import LlamaCheckpoints
import LlamaTestSupport
import LlamaTokenizers
import Testing

@testable import LlamaGeneration

/// The chat format of a model, and what ends a reply in it.
struct ChatOptionsTests {
    /// A fixture with a tokenizer of single characters and perhaps a chat template; gone after `body`.
    private func withModel(template: String? = nil, _ body: (LoadedModel) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let copy = folder.appending(path: "model")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: copy)
            try FileManager.default.copyItem(
                at: Fixtures.tokenizer("char.model"), to: copy.appending(path: "tokenizer.model"))
            if let template {
                try Data(template.utf8).write(to: copy.appending(path: "chat_template.jinja"))
            }
            try body(LoadedModel(at: copy.path))
        }
    }

    /// Of the fixtures that transformers renders.
    private func template(_ name: String) throws -> String {
        struct Fixture: Decodable { let template: String }
        let data = try Data(contentsOf: Fixtures.folder.appending(path: "Chat/expected.json"))
        return try #require(try JSONDecoder().decode([String: Fixture].self, from: data)[name]).template
    }

    @Test func isThatOfTheTemplateOrTheName() throws {
        try withModel(template: template("llama2")) { model in
            let own = try #require(try model.chat())
            #expect(own.choice.format.name == .llama2 && own.choice.origin == .template)
            let named = try #require(try model.chat(named: "alpaca"))
            #expect(named.choice.format.name == .alpaca && named.choice.origin == .name)
            let error = #expect(throws: ChatError.self) { try model.chat(named: "llama3") }
            #expect(error?.description.contains("<|eot_id|>") == true)
        }
    }

    @Test func isRefusedOnlyWhenItIsAskedFor() throws {
        try withModel(template: "{{ '[INST]' + x }}") { model in
            let error = #expect(throws: ChatError.self) { try model.chat() }
            #expect(error?.description.hasSuffix("pass --chat-format llama2") == true)
            let named = try model.chat(named: "llama2")
            #expect(named?.choice.format.name == .llama2)
        }
        try withModel { model in
            #expect(throws: ChatError.noFormat(model: model.checkpoint.folder)) { try model.chat() }
        }
        let untokenized = try LoadedModel(at: Fixtures.checkpoint("hf-tied-f32").path).chat()
        #expect(untokenized?.choice == nil)
    }

    @Test func endsReplies() throws {
        try withModel { model in
            let chat = try #require(try model.chat(named: "alpaca")).encoder
            var settings = GenerationSettings()
            settings.stop = ["x"]
            settings.maxTokens = 40
            var options = try model.generationOptions(settings, chat: chat)
            #expect(options.stopTokens.isSuperset(of: chat.stopTokens) && !chat.stopTokens.isEmpty)
            #expect(options.stopStrings == ["x", "\n\n### Instruction:"])
            #expect(try model.generationOptions(settings).stopStrings == ["x"])
            // What cannot occur in two tokens is not looked for, and is no error of the user.
            settings.maxTokens = 2
            options = try model.generationOptions(settings, chat: chat)
            #expect(options.stopStrings == ["x"])
            settings = GenerationSettings()
            settings.ignoreEOS = true
            options = try model.generationOptions(settings, chat: chat)
            #expect(options.stopStrings.isEmpty && options.stopTokens.isEmpty)
            settings = GenerationSettings()
            settings.beams = 2
            options = try model.generationOptions(settings, chat: chat)
            #expect(options.stopStrings.isEmpty && !options.stopTokens.isEmpty)
        }
    }
}
