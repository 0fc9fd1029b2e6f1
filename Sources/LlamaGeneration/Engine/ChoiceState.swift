import LlamaTokenizers

/// One completion of a request, as far as it has been generated.
struct ChoiceState {
    /// Index among the request's choices.
    let index: Int
    /// The scheduler's number; nil before it begins, and when it is done.
    var sequence: Int?
    /// Tokens generated.
    private(set) var ids: [Int32] = []
    private(set) var finishReason: Completion.FinishReason?
    private(set) var logprobs: [TokenLogprobs?] = []
    // Of all tokens chosen, the stop token included: else a completion that stops at once would be the best one.
    private var logprobSum = 0.0
    private var logprobCount = 0
    private var decoder: StreamingDecoder?
    private var matcher: StopStringMatcher
    private(set) var text = ""
    var lookup = PromptLookup()
    /// How many tokens to draft next: more where drafts were right, fewer where they were not.
    private var draftLength = 2

    init(index: Int, prompt: [Int32], tokenizer: (any Tokenizer)?, options: GenerationOptions, room: Int) {
        self.index = index
        decoder = tokenizer?.makeStreamingDecoder(prompt: prompt)
        matcher = StopStringMatcher(options.stopStrings)
        ids.reserveCapacity(min(room, 1 << 16))
        text.reserveCapacity(min(4 * room, 1 << 16))
        if room == 0 { finishReason = .length }
    }

    /// Takes the token that was chosen; returns the text that has become certain.
    ///
    /// - Parameters:
    ///   - logprob: The token's log-probability.
    ///   - room: Most tokens of the choice.
    mutating func append(
        _ token: Int32, logprobs entry: TokenLogprobs?, logprob: Double, room: Int
    ) -> String {
        ids.append(token)
        if let entry { logprobs.append(entry) }
        add(logprob)
        if ids.count >= room { finishReason = .length }
        let new = matcher.append(decoder?.append(token) ?? "")
        text += new
        if matcher.match != nil { finishReason = .stopString }
        return new
    }

    /// How many tokens are worth drafting.
    ///
    /// - Parameter room: Most tokens of the choice.
    func mostDrafts(room: Int) -> Int { min(room - ids.count - 1, draftLength) }

    /// Counts a draft that was the token chosen.
    mutating func acceptDraft() { draftLength = min(draftLength + 1, 1024) }

    /// Counts the first draft of a step that was not.
    mutating func rejectDraft() { draftLength = max(draftLength / 2, 1) }

    /// Ends it with a stop token.
    mutating func stop(logprob: Double) {
        add(logprob)
        finishReason = .stop
    }

    /// Mean log-probability of the tokens chosen, where several choices are compared.
    var meanLogprob: Double { logprobSum / Double(max(logprobCount, 1)) }

    private mutating func add(_ logprob: Double) {
        logprobSum += logprob
        logprobCount += 1
    }

    /// Ends it; returns the text that had been held back.
    mutating func finish() -> String {
        guard matcher.match == nil else { return "" }
        let rest = matcher.append(decoder?.finish() ?? "")
        if matcher.match != nil { finishReason = .stopString }
        let all = rest + matcher.finish()
        text += all
        return all
    }

    /// Whether its text is known.
    var hasText: Bool { decoder != nil }
}
