internal import LlamaGeneration

/// Completion for threads that may block. These calls need none of the threads that tasks share: the engine has its own.
/// In a task prefer ``generate(_:options:)``, which blocks no thread.
extension Llama {
    /// Completes one prompt. Blocks the calling thread until it is done.
    ///
    /// - Parameters:
    ///   - prompt: The beginning of the text.
    ///   - options: Nil for ``defaultOptions``.
    /// - Returns: The completion; of several the first.
    /// - Throws: ``LlamaError`` for a prompt or options that cannot be used, and where memory or threads are short.
    public func complete(_ prompt: Prompt, options: CompletionOptions? = nil) throws(LlamaError) -> Completion
    {
        try complete(prompt, options: options) { _ in .continue }
    }

    /// Completes one prompt, and reports its text as it is generated. Blocks the calling thread until it is done.
    ///
    /// - Parameters:
    ///   - prompt: The beginning of the text.
    ///   - options: Nil for ``defaultOptions``.
    ///   - onEvent: Called on the calling thread with each event; returns whether to continue.
    /// - Returns: The completion, or the first of several; what there is of it if `onEvent` stopped it.
    /// - Throws: ``LlamaError`` for a prompt or options that cannot be used, and where memory or threads are short.
    public func complete(
        _ prompt: Prompt, options: CompletionOptions? = nil,
        onEvent: (CompletionEvent) -> CompletionAction
    ) throws(LlamaError) -> Completion {
        let completions = try complete([prompt], options: options, onEvent: onEvent)
        guard let first = completions.first else {
            throw LlamaError(kind: .badInput, description: "expected a completion, found none")
        }
        return first
    }

    /// Completes several prompts together, and reports their text as it is generated. Blocks the calling thread until all
    /// are done.
    ///
    /// The prompts have random numbers of their own each, so that equal ones get different texts.
    ///
    /// - Parameters:
    ///   - prompts: The beginnings of the texts.
    ///   - options: Of each prompt; nil for ``defaultOptions``.
    ///   - onEvent: Called on the calling thread with each event; returns whether to continue.
    /// - Returns: The completions in the order of the prompts, ``CompletionOptions/n`` for each; what there is of them if
    ///   `onEvent` stopped it.
    /// - Throws: ``LlamaError`` for a prompt or options that cannot be used, before anything is computed; and where
    ///   memory or threads are short.
    public func complete(
        _ prompts: [Prompt], options: CompletionOptions? = nil,
        onEvent: (CompletionEvent) -> CompletionAction = { _ in .continue }
    ) throws(LlamaError) -> [Completion] {
        let options = options ?? defaultOptions
        let generation = try options.generationOptions(for: model, contextLength: contextLength)
        if prompts.isEmpty { return [] }
        return try LlamaError.translating {
            let engine = try engine.started()
            let requests = prompts.enumerated().map { index, prompt in
                request(
                    prompt, generation, source: prompts.count == 1 ? "prompt" : "prompt \(index)",
                    stream: index)
            }
            let promptIDs = try requests.map { try engine.promptIDs(of: $0) }
            var run = BlockingRun(
                engine: engine, requests: Array(zip(requests, promptIDs)),
                // A few wait, so that one that ends is followed at once, and the rest cost nothing yet.
                width: 2 * self.options.maximumBatchSize,
                recorder: CompletionRecorder(promptIDs: promptIDs, options: options))
            return try run.completions(onEvent)
        }
    }
}

/// Some prompts that a thread waits for.
private struct BlockingRun {
    let engine: Engine
    let requests: [(request: GenerationRequest, ids: [Int32])]
    /// Most requests in the engine.
    let width: Int
    var recorder: CompletionRecorder
    private let queue = EventQueue()
    /// Indices of the requests in the engine, by the engine's numbers.
    private var prompts: [Int: Int] = [:]

    init(
        engine: Engine, requests: [(request: GenerationRequest, ids: [Int32])], width: Int,
        recorder: CompletionRecorder
    ) {
        self.engine = engine
        self.requests = requests
        self.width = width
        self.recorder = recorder
    }

    mutating func completions(
        _ onEvent: (CompletionEvent) -> CompletionAction
    ) throws(GenerationError) -> [Completion] {
        // Whatever ends the run ends its requests.
        defer { for number in prompts.keys { engine.cancel(number) } }
        var next = 0
        var events: [EngineEvent] = []
        while true {
            while next < requests.count, prompts.count < width {
                let (request, ids) = requests[next]
                prompts[try engine.submit(request, ids: ids, to: queue)] = next
                next += 1
            }
            if prompts.isEmpty { return recorder.completions }
            queue.wait(&events)
            for event in events {
                guard let prompt = prompts[event.request] else { continue }
                for event in recorder.events(for: event, of: prompt) where onEvent(event) == .stop {
                    return recorder.completions
                }
                switch event {
                case .ended(let number): prompts[number] = nil
                case .failed(let number, let error):
                    prompts[number] = nil
                    throw error
                default: break
                }
            }
        }
    }
}
