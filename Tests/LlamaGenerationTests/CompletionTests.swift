import Testing

@testable import LlamaGeneration

struct CompletionTests {
    @Test func writesTextAndIDs() {
        #expect(
            completion(prompt: "Hi \"you\"\n", text: "\u{1F999}\u{0}é/\\\u{1F}\u{2028}").json
                == #"{"index":3,"prompt":"Hi \"you\"\n","prompt_ids":[1,5],"completion":"🦙\u0000é/\\\u001f"#
                + "\u{2028}" + #"","completion_ids":[7],"finish_reason":"length"}"#)
    }

    @Test func leavesOutTextsThatThereAreNot() {
        #expect(
            completion(prompt: nil, text: nil, ids: [], reason: .stop).json
                == #"{"index":3,"prompt_ids":[1,5],"completion_ids":[],"finish_reason":"stop"}"#)
    }

    @Test func keepsEmptyTexts() {
        #expect(
            completion(prompt: "", text: "").json
                == #"{"index":3,"prompt":"","prompt_ids":[1,5],"completion":"","completion_ids":[7],"#
                + #""finish_reason":"length"}"#)
    }

    @Test func writesLogprobsAsFloatsInOrderOfLikelihood() {
        let entry = TokenLogprobs(
            ([-0.1, -1e-7, -.infinity, -20] as [Float]).span, normalizer: 0, token: 0, top: 4)
        #expect(
            completion(prompt: nil, text: nil, logprobs: [nil, entry]).json
                == #"{"index":3,"prompt_ids":[1,5],"completion_ids":[7],"finish_reason":"length","logprobs":"#
                + #"{"token_logprobs":[null,-0.1],"#
                + #""top_logprobs":[null,{"1":-1e-07,"0":-0.1,"3":-20.0,"2":null}]}}"#)
    }

    @Test func writesNoTopLogprobsWhereNoneAreAsked() {
        let entry = TokenLogprobs(([0] as [Float]).span, normalizer: 0.5, token: 0, top: 0)
        #expect(
            completion(prompt: nil, text: nil, logprobs: [entry]).json.hasSuffix(
                #""logprobs":{"token_logprobs":[-0.5],"top_logprobs":[{}]}}"#))
    }

    private func completion(
        prompt: String?, text: String?, ids: [Int32] = [7], reason: Completion.FinishReason = .length,
        logprobs: [TokenLogprobs?]? = nil
    ) -> Completion {
        Completion(
            index: 3, choice: 0, prompt: prompt, promptIDs: [1, 5], text: text, completionIDs: ids,
            finishReason: reason,
            logprobs: logprobs, score: nil)
    }
}
