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
    mutating func events(for event: Completer.Event) -> [CompletionEvent] {
        switch event {
        case .read(let count):
            return [.promptProgress(tokens: count)]
        case .token(let index, let id, let text):
            completions[index].tokenIDs.append(id)
            completions[index].text += text
            return [.text(text, promptIndex: index)]
        case .finished(let completion, let rest):
            let index = completion.index
            completions[index].text += rest
            completions[index].finishReason = completion.finishReason == .stop ? .stopToken : .length
            let finished = CompletionEvent.finished(completions[index])
            return rest.isEmpty ? [finished] : [.text(rest, promptIndex: index), finished]
        }
    }
}
