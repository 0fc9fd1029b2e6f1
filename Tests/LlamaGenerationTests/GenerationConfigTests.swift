import Foundation
import LlamaTestSupport
import Logging
import Synchronization
import Testing

@testable import LlamaGeneration

/// What `generation_config.json` recommends.
struct GenerationConfigTests {
    /// Messages by level.
    private final class Log: Sendable {
        let messages = Mutex<[(level: Logger.Level, text: String)]>([])

        func texts(_ level: Logger.Level) -> [String] {
            messages.withLock { $0.filter { $0.level == level }.map(\.text) }
        }
    }

    private struct Handler: LogHandler {
        let log: Log
        var logLevel = Logger.Level.debug
        var metadata: Logger.Metadata = [:]

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.messages.withLock { $0.append((event.level, "\(event.message)")) }
        }
    }

    private func load(
        _ config: String?, fixture: String = "hf-tied-f32"
    ) throws -> (model: LoadedModel, log: Log, file: String) {
        try withTemporaryFolder { folder in
            let copy = folder.appending(path: "model")
            try FileManager.default.copyItem(at: Fixtures.checkpoint(fixture), to: copy)
            let file = copy.appending(path: "generation_config.json")
            if let config { try Data(config.utf8).write(to: file) }
            let log = Log()
            let logger = Logger(label: "test") { _ in Handler(log: log) }
            return (try LoadedModel(at: copy.path, logger: logger), log, file.path)
        }
    }

    @Test(arguments: ["hf-tied-f32", "meta-2shards-f16"])
    func isTheDefault(fixture: String) throws {
        let (model, log, file) = try load(
            #"""
            {"do_sample": true, "temperature": 0.7, "top_k": 20, "top_p": 0.8, "min_p": 0.1, "typical_p": 0.9,
            "repetition_penalty": 1.1, "max_new_tokens": 5, "eos_token_id": 7, "transformers_version": "4.0"}
            """#, fixture: fixture)
        var expected = SamplingOptions()
        (expected.temperature, expected.topK, expected.topP, expected.minP) = (0.7, 20, 0.8, 0.1)
        (expected.typicalP, expected.repetitionPenalty) = (0.9, 1.1)
        let options = model.generationOptions
        #expect(options.sampling == expected)
        #expect(options.maxGenerationLength == 128 && options.stopTokens.contains(7))
        #expect(log.texts(.notice) == [])
        #expect(log.texts(.debug).contains("\(file): not used: max_new_tokens"))
        var given = GenerationSettings()
        given.temperature = 1
        expected.temperature = 1
        #expect(try model.generationOptions(given).sampling == expected)
    }

    @Test func withoutTheFileOrItsKeysTheProjectsDefaultsHold() throws {
        for config in [nil, "{}", #"{"temperature": null, "eos_token_id": [7]}"#] {
            let (model, log, _) = try load(config)
            #expect(model.generationOptions.sampling == SamplingOptions())
            #expect(model.recommendedSettings.isEmpty && log.texts(.notice) == [])
        }
    }

    @Test func notSamplingIsTemperatureZero() throws {
        #expect(try load(#"{"do_sample": false}"#).model.generationOptions.sampling.temperature == 0)
        let both = try load(#"{"do_sample": false, "temperature": 0.7}"#).model
        #expect(both.generationOptions.sampling.temperature == 0)
        #expect(try load(#"{"do_sample": true}"#).model.generationOptions.sampling.temperature == 0.6)
    }

    @Test(arguments: [
        (
            #"{"temperature": -1}"#,
            "temperature: expected a number from 0 on, found -1.0; the default, 0.6, is used"
        ),
        (#"{"top_p": 2}"#, "top_p: expected above 0, at most 1, found 2.0; the default, 0.9, is used"),
        (#"{"top_p": "all"}"#, #"top_p: expected a number, found "all"; the default, 0.9, is used"#),
        (#"{"top_k": 1.5}"#, "top_k: expected a whole number, found 1.5; the default, 0, is used"),
        (#"{"top_k": -5}"#, "top_k: expected 0 (off) or more, found -5; the default, 0, is used"),
        (#"{"min_p": 7}"#, "min_p: expected a number from 0 to 1, found 7.0; the default, 0.0, is used"),
        (
            #"{"repetition_penalty": 0}"#,
            "repetition_penalty: expected a number above 0, found 0.0; the default, 1.0, is used"
        ),
        (#"{"do_sample": "no"}"#, #"do_sample: expected true or false, found "no"; it is ignored"#),
    ])
    func whatCannotBeUsedIsLeftOutWithANotice(config: String, message: String) throws {
        let (model, log, file) = try load(config)
        #expect(model.generationOptions.sampling == SamplingOptions())
        #expect(log.texts(.notice) == ["\(file): \(message)"])
    }

    @Test func refusesWhatTheModelCannotDo() throws {
        let model = try load(nil).model
        func message(_ change: (inout GenerationSettings) -> Void) -> String? {
            var settings = GenerationSettings()
            change(&settings)
            do throws(OptionError) {
                _ = try model.generationOptions(settings)
                return nil
            } catch {
                return error.description
            }
        }
        #expect(message { $0.logitBias = [96: 1] } == "logit_bias: expected token ids from 0 to 95, found 96")
        #expect(
            message { $0.stopTokenIDs = [96] } == "stop_token_ids: expected token ids from 0 to 95, found 96")
        #expect(message { $0.stop = ["x"] } == #"stop: expected none without a tokenizer, found "x""#)
        #expect(message { $0.stopTokenIDs = [95] } == nil)
    }
}
