import LlamaJSON
import LlamaTestSupport
import LlamaTokenizers
import Testing

@testable import LlamaGeneration

/// Settings by their names in JSON, one over another, and what comes of them.
struct GenerationSettingsTests {
    /// Every setting, with a value that is not the default.
    static let everything = #"""
        {"temperature": 0.5, "top_k": 4, "top_p": 0.75, "min_p": 0.25, "typical_p": 0.5, "repetition_penalty": 1.5,
        "frequency_penalty": -1, "presence_penalty": 2, "logit_bias": {"3": -100, "5": 1.5},
        "bad_words": ["a", [7, 8]], "seed": 18446744073709551615, "max_tokens": 9, "min_tokens": 2,
        "stop": ["x", "y"], "stop_token_ids": [4], "ignore_eos": true, "n": 2, "best_of": 3, "beams": 1,
        "length_penalty": 0.5, "early_stopping": "never", "logprobs": 6, "echo": true, "speculate": "lookup",
        "draft_tokens": 3}
        """#

    static func settings(_ json: String) throws -> GenerationSettings {
        try Array(json.utf8).withUnsafeBytes { try GenerationSettings(JSONValue.parse($0), besides: []) }
    }

    @Test func readsEverySetting() throws {
        let settings = try Self.settings(Self.everything)
        #expect(settings.texts.map(\.option) == OptionError.Option.allCases)
        var expected = GenerationSettings()
        (expected.temperature, expected.topK, expected.topP, expected.minP) = (0.5, 4, 0.75, 0.25)
        (expected.typicalP, expected.repetitionPenalty) = (0.5, 1.5)
        (expected.frequencyPenalty, expected.presencePenalty) = (-1, 2)
        expected.logitBias = [3: -100, 5: 1.5]
        expected.badWords = [.text("a"), .ids([7, 8])]
        (expected.seed, expected.maxTokens, expected.minTokens) = (.max, 9, 2)
        (expected.stop, expected.stopTokenIDs, expected.ignoreEOS) = (["x", "y"], [4], true)
        (expected.n, expected.bestOf, expected.beams) = (2, 3, 1)
        (expected.lengthPenalty, expected.earlyStopping) = (0.5, .never)
        (expected.logprobs, expected.echo) = (6, true)
        (expected.speculation, expected.draftTokens) = (.lookup, 3)
        #expect(settings == expected)
    }

    @Test func knowsTheNamesOfFlagsAndSingleTexts() throws {
        let settings = try Self.settings(
            #"{"max_gen_len": 3, "min_gen_len": 1, "stop": "x", "bad_words": "y", "early_stopping": true, "n": null}"#
        )
        #expect(settings.maxTokens == 3 && settings.minTokens == 1)
        #expect(settings.stop == ["x"] && settings.badWords == [.text("y")])
        #expect(settings.earlyStopping == .always && settings.n == nil)
        #expect(OptionError.Option.names.allSatisfy { OptionError.Option(name: $0) != nil })
    }

    @Test(arguments: [
        (#"{"top_kk": 1}"#, "top_kk: expected a known key (did you mean top_k?), found an unknown one"),
        (#"{"top-k": 1}"#, "top-k: expected a known key (did you mean top_k?), found an unknown one"),
        (#"{"promt": "x"}"#, "promt: expected a known key (did you mean prompt?), found an unknown one"),
        (#"{"frobnicate": 1}"#, "frobnicate: expected a known key, found an unknown one"),
        (#"{"temperature": "hot"}"#, #"temperature: expected a number, found "hot""#),
        (#"{"top_k": 1.5}"#, "top_k: expected a whole number, found 1.5"),
        (#"{"top_p": [1]}"#, "top_p: expected a number, found [1]"),
        (#"{"logit_bias": [1]}"#, "logit_bias: expected an object, found [1]"),
        (#"{"logit_bias": {"x": 1}}"#, #"logit_bias: expected token ids as keys, found "x""#),
        (#"{"logit_bias": {"1": "x"}}"#, #"logit_bias.1: expected a number, found "x""#),
        (#"{"bad_words": 1}"#, "bad_words: expected an array, found 1"),
        (#"{"bad_words": [1]}"#, "bad_words[0]: expected a string or an array of token ids, found 1"),
        (#"{"bad_words": [[-1]]}"#, "bad_words[0][0]: expected a token id, found -1"),
        (#"{"stop": 1}"#, "stop: expected a string or an array, found 1"),
        (#"{"stop": ["a", 1]}"#, "stop[1]: expected a string, found 1"),
        (#"{"stop_token_ids": 1}"#, "stop_token_ids: expected an array, found 1"),
        (#"{"ignore_eos": 1}"#, "ignore_eos: expected true or false, found 1"),
        (#"{"seed": -1}"#, "seed: expected a whole number from 0 to 18446744073709551615, found -1"),
        (#"{"seed": "1"}"#, #"seed: expected a whole number from 0 to 18446744073709551615, found "1""#),
        (#"{"early_stopping": 1}"#, #"early_stopping: expected true, false or "never", found 1"#),
        (#"{"early_stopping": "true"}"#, #"early_stopping: expected true, false or "never", found "true""#),
        (#"{"speculate": "well"}"#, #"speculate: expected "none" or "lookup", found "well""#),
        (
            #"{"max_tokens": 1, "max_gen_len": 1}"#,
            "max_gen_len: expected max_tokens or max_gen_len, found both"
        ),
    ])
    func refusesWithKeyExpectedAndFound(json: String, message: String) {
        let line = #"{"prompt": "x", "# + json.dropFirst()
        let error = #expect(throws: GenerationError.self) {
            try Array(line.utf8).withUnsafeBytes { try PromptList.parse($0, name: "in.jsonl") }
        }
        #expect(error?.description == "in.jsonl: line 1: " + message)
    }

    @Test func aLineOfPromptsHasSettings() throws {
        let lines = #"{"prompt": "a", "id": 3}"# + "\n" + #"{"prompt_ids": [1], "top_k": 3, "n": 2}"#
        let entries = try Array(lines.utf8).withUnsafeBytes { try PromptList.parse($0, name: "in.jsonl") }
        #expect(entries[0].settings.isEmpty)
        #expect(entries[1].settings.topK == 3 && entries[1].settings.n == 2)
    }

    @Test func theSettingsAboveWin() throws {
        let all = try Self.settings(Self.everything)
        #expect(GenerationSettings().overridden(by: all) == all)
        #expect(all.overridden(by: GenerationSettings()) == all)
        var above = GenerationSettings()
        (above.topK, above.stop, above.ignoreEOS) = (1, [], false)
        let both = all.overridden(by: above)
        #expect(both.topK == 1 && both.stop == [] && both.ignoreEOS == false && both.n == 2)
    }

    @Test func becomesOptions() throws {
        var settings = try Self.settings(Self.everything)
        settings.badWords = [.ids([7, 8])]
        var base = GenerationOptions(maxSequenceLength: 50)
        base.stopTokens = [2]
        let options = try settings.options(base, tokenizer: nil)
        var sampling = SamplingOptions()
        (sampling.temperature, sampling.topK, sampling.topP, sampling.minP) = (0.5, 4, 0.75, 0.25)
        (sampling.typicalP, sampling.repetitionPenalty) = (0.5, 1.5)
        (sampling.frequencyPenalty, sampling.presencePenalty) = (-1, 2)
        (sampling.logitBias, sampling.badWords) = ([3: -100, 5: 1.5], [[7, 8]])
        (sampling.seed, sampling.minTokens) = (.max, 2)
        #expect(options.sampling == sampling)
        var candidates = CandidateOptions()
        (candidates.n, candidates.bestOf, candidates.lengthPenalty) = (2, 3, 0.5)
        candidates.earlyStopping = .never
        #expect(options.candidates == candidates)
        #expect(options.maxSequenceLength == 50 && options.maxGenerationLength == 9)
        // The model's own stop token does not end a completion.
        #expect(options.stopStrings == ["x", "y"] && options.stopTokens == [4])
        #expect(options.logprobs == 6 && options.echo && options.lookupDrafts == 3)
        settings.ignoreEOS = nil
        #expect(try settings.options(base, tokenizer: nil).stopTokens == [2, 4])
    }

    @Test func draftsTokensWhereItIsSaid() throws {
        func drafts(_ json: String, hasModel: Bool) throws -> [Int] {
            var base = GenerationOptions(maxSequenceLength: 50)
            base.modelDrafts = hasModel ? GenerationSettings.usualDrafts : 0
            let options = try Self.settings(json).options(base, tokenizer: nil)
            return [options.lookupDrafts, options.modelDrafts]
        }
        #expect(try drafts("{}", hasModel: false) == [0, 0])
        #expect(try drafts("{}", hasModel: true) == [0, 8])
        #expect(try drafts(#"{"draft_tokens": 3}"#, hasModel: true) == [0, 3])
        #expect(try drafts(#"{"speculate": "lookup"}"#, hasModel: true) == [8, 8])
        #expect(try drafts(#"{"speculate": "none"}"#, hasModel: true) == [0, 0])
        #expect(throws: OptionError.self) { try drafts(#"{"draft_tokens": 3}"#, hasModel: false) }
    }

    @Test func refusesNegativeLengths() throws {
        let settings = try Self.settings(#"{"max_tokens": -1}"#)
        let error = #expect(throws: OptionError.self) {
            try settings.options(GenerationOptions(maxSequenceLength: 50), tokenizer: nil)
        }
        #expect(error?.description == "max_tokens: expected at least 0, found -1")
    }
}
