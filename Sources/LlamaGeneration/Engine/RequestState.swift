import LlamaTokenizers

/// A request in an engine.
final class RequestState {
    /// By which the engine's user knows it.
    let number: Int
    let options: GenerationOptions
    let prompt: Prompt
    let promptIDs: [Int32]
    let chooser: TokenChooser
    /// Where its units stand in line.
    let order: Int
    /// Most tokens of a choice.
    let room: Int
    /// Whether the predictions of the prompt's tokens are reported.
    let scoresPrompt: Bool
    /// Whether choices are compared, so that none is reported before all are done.
    let selects: Bool
    /// Whether tokens are drafted for it.
    let drafts: Bool
    var choices: [ChoiceState]
    var beams: BeamState?
    /// Of the prompt, the first nil, where they are asked for.
    var promptLogprobs: [TokenLogprobs?]
    /// Choices that are done.
    var finishedCount = 0
    /// Whether all choices were reported, or it failed or was cancelled.
    var hasEnded = false
    private let baseStream: Int
    private let tokenizer: (any Tokenizer)?

    init(
        _ request: GenerationRequest, number: Int, promptIDs: [Int32], order: Int, vocabularySize: Int,
        tokenizer: (any Tokenizer)?
    ) {
        let options = request.options
        self.number = number
        self.options = options
        self.promptIDs = promptIDs
        self.order = order
        self.tokenizer = tokenizer
        prompt = request.prompt
        baseStream = request.stream
        chooser = TokenChooser(
            options.sampling, stopTokens: options.stopTokens, vocabularySize: vocabularySize)
        let room = max(0, min(options.maxGenerationLength, options.maxSequenceLength - promptIDs.count))
        self.room = room
        scoresPrompt = options.echo && options.logprobs != nil
        let candidates = options.candidates
        let isSearch = candidates.beams > 1 && room > 0
        let count = isSearch ? 1 : candidates.bestOf ?? candidates.n
        selects = isSearch || count > candidates.n
        choices = (0..<count).map {
            ChoiceState(index: $0, prompt: promptIDs, tokenizer: tokenizer, options: options, room: room)
        }
        drafts = !isSearch && (options.lookupDrafts > 0 || options.modelDrafts > 0)
        promptLogprobs = scoresPrompt ? [nil] : []
        beams = isSearch ? BeamState(options, room: room) : nil
    }

    /// The stream of random numbers of a choice; the first has the request's own.
    func stream(of choice: Int) -> Int { baseStream &+ choice &<< 32 }

    /// The scheduler's numbers of its sequences.
    var sequences: [Int] { beams?.sequences ?? choices.compactMap(\.sequence) }

    /// A choice's tokens with the prompt's before them, as far as they are not a running sequence's.
    func history(of choice: Int) -> [Int32] { promptIDs + choices[choice].ids }

    /// What a choice came to.
    ///
    /// - Parameter index: Among the choices that are returned.
    func completion(of choice: ChoiceState, index: Int, score: Float? = nil) -> Completion {
        Completion(
            index: baseStream, choice: index, prompt: prompt.text ?? tokenizer?.decode(promptIDs),
            promptIDs: promptIDs, text: choice.hasText ? choice.text : nil, completionIDs: choice.ids,
            finishReason: choice.finishReason ?? .length,
            logprobs: options.logprobs == nil ? nil : promptLogprobs + choice.logprobs, score: score)
    }

    /// What a finished beam came to.
    func completion(of hypothesis: BeamSearch.Hypothesis, index: Int) -> Completion {
        let ids = hypothesis.isCut ? hypothesis.tokens : hypothesis.tokens.dropLast()
        var decoder = tokenizer?.makeStreamingDecoder(prompt: promptIDs)
        var text = ids.reduce(into: "") { $0 += decoder?.append($1) ?? "" }
        text += decoder?.finish() ?? ""
        return Completion(
            index: baseStream, choice: index, prompt: prompt.text ?? tokenizer?.decode(promptIDs),
            promptIDs: promptIDs, text: decoder == nil ? nil : text, completionIDs: Array(ids),
            finishReason: hypothesis.isCut ? .length : .stop,
            logprobs: nil, score: hypothesis.score)
    }
}
