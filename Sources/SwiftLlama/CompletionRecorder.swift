internal import LlamaGeneration

/// Turns the engine's events into public ones, and keeps the completions, partial ones included.
struct CompletionRecorder {
    /// In the order of the prompts.
    private(set) var completions: [Completion]

    /// - Parameter promptIDs: The encoded prompts.
    init(promptIDs: [[Int32]]) {
        completions = promptIDs.enumerated().map { index, ids in
            Completion(
                promptIndex: index, text: "", tokenIDs: [], promptTokenIDs: ids, finishReason: .cancelled)
        }
    }

    /// Records an event of the engine; returns what to report.
    mutating func events(for event: EngineEvent) -> [CompletionEvent] {
        switch event {
        case .read(let count):
            return [.promptProgress(tokens: count)]
        case .token(let index, _, let id, let text, _):
            completions[index].tokenIDs.append(id)
            completions[index].text += text
            return [.text(text, promptIndex: index)]
        case .finished(let index, let completion, let rest):
            completions[index].text += rest
            completions[index].finishReason = completion.finishReason == .length ? .length : .stopToken
            let finished = CompletionEvent.finished(completions[index])
            return rest.isEmpty ? [finished] : [.text(rest, promptIndex: index), finished]
        case .ended, .failed:
            return []
        }
    }
}
