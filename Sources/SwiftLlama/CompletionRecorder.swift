internal import LlamaGeneration

/// Turns the engine's events into public ones, and keeps the completions, partial ones included.
struct CompletionRecorder {
    /// In the order of the prompts, and those of a prompt in the order of choices.
    private(set) var completions: [Completion]
    private let choices: Int

    /// - Parameters:
    ///   - promptIDs: The encoded prompts.
    ///   - options: Of each.
    init(promptIDs: [[Int32]], options: CompletionOptions) {
        let choices = options.n
        self.choices = choices
        completions = promptIDs.enumerated().flatMap { index, ids in
            (0..<choices).map { choice in
                var completion = Completion(promptIndex: index, choice: choice, promptTokenIDs: ids)
                if options.logprobs != nil { completion.logprobs = [] }
                return completion
            }
        }
    }

    /// Records an event of the engine for a prompt; returns what to report.
    mutating func events(for event: EngineEvent, of prompt: Int) -> [CompletionEvent] {
        switch event {
        case .read(_, let count):
            return [.promptProgress(tokens: count)]
        case .token(_, let choice, let id, let text, let logprobs):
            let index = prompt * choices + choice
            completions[index].tokenIDs.append(id)
            completions[index].text += text
            if let logprobs { completions[index].logprobs?.append(TokenLogprobs(logprobs)) }
            return [.text(text, promptIndex: prompt, choice: choice)]
        case .finished(_, let completion, let rest):
            let new = Completion(completion, promptIndex: prompt)
            completions[prompt * choices + completion.choice] = new
            let finished = CompletionEvent.finished(new)
            return rest.isEmpty
                ? [finished] : [.text(rest, promptIndex: prompt, choice: completion.choice), finished]
        case .ended, .failed:
            return []
        }
    }
}
