import LlamaTokenizers

/// A prompt being completed: what has been computed, what has been generated.
struct GenerationSequence {
    let index: Int
    let slot: Int
    let prompt: Prompt
    let promptCount: Int
    /// The prompt's text: as given, or decoded from its ids; nil for ids without a tokenizer.
    private let promptText: String?
    /// Prompt and completion.
    private(set) var ids: [Int32]
    /// How many of ``ids`` have been put into the batch, and so are in the cache.
    private var cachedCount = 0
    private(set) var finishReason: Completion.FinishReason?
    private var logprobs: [TokenLogprobs?]
    private var decoder: StreamingDecoder?
    private var text = ""

    init(
        index: Int, slot: Int, prompt: Prompt, ids: [Int32], tokenizer: (any Tokenizer)?,
        options: GenerationOptions
    ) {
        self.index = index
        self.slot = slot
        self.prompt = prompt
        self.ids = ids
        promptCount = ids.count
        promptText = prompt.text ?? tokenizer?.decode(ids)
        decoder = tokenizer?.makeStreamingDecoder(prompt: ids)
        logprobs = options.logprobs != nil && options.echo ? [nil] : []
        let room = max(0, min(options.maxGenerationLength, options.maxSequenceLength - ids.count))
        self.ids.reserveCapacity(ids.count + room)
        if isFull(options) { finishReason = .length }
    }

    /// Whether any rows of this sequence remain to be computed.
    func needsRows(_ options: GenerationOptions) -> Bool {
        // Even if nothing may be generated, the prompt is evaluated when its log-probabilities are wanted.
        finishReason == nil || (scoresPrompt(options) && cachedCount < promptCount - 1)
    }

    /// Whether the next row is one of the prompt's.
    var isInPrompt: Bool { cachedCount < promptCount }

    /// The next row to compute, counted as computed from here on; nil when there is none.
    mutating func nextRow(_ options: GenerationOptions) -> (token: Int32, position: Int, needsLogits: Bool)? {
        guard cachedCount < ids.count else { return nil }
        defer { cachedCount += 1 }
        return (ids[cachedCount], cachedCount, needsLogits(at: cachedCount, options))
    }

    /// Whether the prediction made at `position` is needed.
    private func needsLogits(at position: Int, _ options: GenerationOptions) -> Bool {
        if position == ids.count - 1 { return finishReason == nil }
        return scoresPrompt(options) && position < promptCount - 1
    }

    /// Handles the prediction for the position after `position`; returns the generated token, if there is one.
    ///
    /// - Parameter logits: `[vocabularySize]`.
    mutating func accept(
        _ logits: Span<Float>, at position: Int, options: GenerationOptions,
        scratch: inout Sampler.Scratch, normalizer: (Span<Float>) -> Double
    ) throws(GenerationError) -> (id: Int32, text: String)? {
        let known = position + 1 < ids.count ? ids[position + 1] : nil
        let next =
            known ?? options.sampler.next(logits, prompt: index, position: position + 1, scratch: &scratch)
        guard let token = next else {
            throw .notFinite(source: prompt.source, position: position + 1)
        }
        if known == nil, options.stopTokens.contains(token) {
            finishReason = .stop
            return nil
        }
        if let count = options.logprobs {
            let normalizer = normalizer(logits)
            // A token of the prompt is not sampled, so its logits have not been checked yet.
            guard normalizer.isFinite else { throw .notFinite(source: prompt.source, position: position + 1) }
            logprobs.append(TokenLogprobs(logits, normalizer: normalizer, token: token, top: count))
        }
        if known != nil { return nil }
        ids.append(token)
        if isFull(options) { finishReason = .length }
        let new = decoder?.append(token) ?? ""
        text += new
        return (token, new)
    }

    /// The completion, and the text that the decoder had held back.
    mutating func finish(_ options: GenerationOptions) -> (completion: Completion, rest: String) {
        let rest = decoder?.finish() ?? ""
        let completion = Completion(
            index: index, prompt: promptText, promptIDs: Array(ids[..<promptCount]),
            text: decoder == nil ? nil : text + rest, completionIDs: Array(ids[promptCount...]),
            finishReason: finishReason ?? .length, logprobs: options.logprobs == nil ? nil : logprobs)
        return (completion, rest)
    }

    private func scoresPrompt(_ options: GenerationOptions) -> Bool {
        options.echo && options.logprobs != nil
    }

    private func isFull(_ options: GenerationOptions) -> Bool {
        ids.count - promptCount >= options.maxGenerationLength || ids.count >= options.maxSequenceLength
    }
}
