internal import LlamaModel
internal import LlamaCheckpoints
internal import LlamaGeneration
internal import LlamaKernels

/// A Llama model with its tokenizer, ready to complete text.
///
/// ```swift
/// let llama = try Llama(at: "llama-2-7b")
/// let completion = try llama.complete("The capital of France is")
/// print(completion.text)
/// ```
///
/// A value is immutable and `Sendable`. The weights stay in the files, which are mapped into memory; copies share them.
/// Every call of ``complete(_:options:)`` has threads and a key-value cache of its own, so calls may run at the same
/// time; several prompts in one call share each pass over the weights and are faster. What a prompt gets is independent
/// of the other prompts, the batch size and the number of threads.
public struct Llama: Sendable {
    /// How weights are held in memory.
    public enum Weights: Sendable {
        /// As they are stored in the files: nothing is copied.
        case stored
        /// Expanded to 32-bit floats, four bytes per parameter: faster for small models.
        case float32
        /// Matrices quantized to GGML's Q8_0 in memory: 8.5 bits per weight.
        case q8_0
        /// Matrices quantized to GGML's Q6_K in memory: 6.6 bits per weight.
        case q6_K
        /// Matrices quantized to GGML's Q4_K in memory, 4.5 bits per weight, and the output head to Q6_K.
        case q4_K
        /// Matrices quantized to GGML's Q4_0 in memory: 4.5 bits per weight.
        case q4_0

        fileprivate var type: Transformer.WeightType {
            switch self {
            case .stored: .stored
            case .float32: .float32
            case .q8_0: .q8_0
            case .q6_K: .q6_K
            case .q4_K: .q4_K
            case .q4_0: .q4_0
            }
        }
    }

    let model: LoadedModel

    /// Opens a checkpoint with its tokenizer.
    ///
    /// Reads Meta's checkpoints (`params.json` with `consolidated.*.pth` or `consolidated.safetensors`), Hugging Face's
    /// (`config.json` with `model.safetensors` or `pytorch_model.bin`, sharded or not), GGUF files and llama2.c's `.bin`
    /// files. No weight is read before it is used, unless `weights` asks for another type: then all are read and converted,
    /// quantized ones on all processors. What is quantized already stays as it is, and a matrix whose rows are not whole
    /// blocks is held in a type with smaller blocks, or in 16-bit floats.
    ///
    /// - Parameters:
    ///   - path: The folder of the checkpoint, or a file in it.
    ///   - tokenizer: A tokenizer to use instead of the checkpoint's own: its file, or a GGUF file, checkpoint or folder
    ///     with one. A checkpoint without any tokenizer completes token ids only.
    ///   - weights: How weights are held in memory.
    /// - Throws: ``LlamaError`` for files that are missing, damaged or not supported, a tokenizer of another model, and
    ///   weights that are not finite or too large to be quantized.
    public init(at path: String, tokenizer: String? = nil, weights: Weights = .stored) throws(LlamaError) {
        model = try LlamaError.translating {
            var loading = WeightLoading(weights.type)
            loading.threads = KernelContext.processorCount
            return try LoadedModel(at: path, tokenizer: tokenizer, weights: loading)
        }
    }

    /// The model's shape.
    public var shape: ModelShape { ModelShape(model.checkpoint.configuration) }

    /// Completes one prompt. Blocks the calling thread until it is done.
    ///
    /// - Throws: ``LlamaError`` for a prompt or options that cannot be used, and where memory or threads are short.
    public func complete(
        _ prompt: Prompt, options: CompletionOptions = CompletionOptions()
    ) throws(LlamaError) -> Completion {
        try complete(prompt, options: options) { _ in .continue }
    }

    /// Completes one prompt, and reports its text as it is generated. Blocks the calling thread until it is done.
    ///
    /// - Parameter onEvent: Called on the calling thread with each event; returns whether to continue.
    /// - Returns: The completion; what there is of it if `onEvent` stopped it.
    /// - Throws: ``LlamaError`` for a prompt or options that cannot be used, and where memory or threads are short.
    public func complete(
        _ prompt: Prompt, options: CompletionOptions = CompletionOptions(),
        onEvent: (CompletionEvent) -> CompletionAction
    ) throws(LlamaError) -> Completion {
        let completions = try complete([prompt], options: options, onEvent: onEvent)
        guard let first = completions.first else {
            throw LlamaError(kind: .badInput, description: "expected a completion, found none")
        }
        return first
    }

    /// Completes several prompts in batches, and reports their text as it is generated. Blocks the calling thread until
    /// all are done.
    ///
    /// - Parameter onEvent: Called on the calling thread with each event; returns whether to continue.
    /// - Returns: A completion for each prompt, in their order; what there is of them if `onEvent` stopped it.
    /// - Throws: ``LlamaError`` for a prompt or options that cannot be used, before anything is computed; and where
    ///   memory or threads are short.
    public func complete(
        _ prompts: [Prompt], options: CompletionOptions = CompletionOptions(),
        onEvent: (CompletionEvent) -> CompletionAction = { _ in .continue }
    ) throws(LlamaError) -> [Completion] {
        let generation = try options.generationOptions(for: model)
        let threads = try options.threadCount
        if prompts.isEmpty { return [] }
        return try LlamaError.translating {
            let prepared = try model.completer(
                kernels: KernelContext(
                    activations: options.activationType, threads: threads)
            ).prepare(
                prompts.enumerated().map { index, prompt in
                    GenerationRequest(
                        LlamaGeneration.Prompt(
                            prompt.content, source: prompts.count == 1 ? "prompt" : "prompt \(index)"),
                        options: generation, stream: index)
                }, options.limits(for: generation))
            var recorder = CompletionRecorder(promptIDs: prepared.promptIDs)
            try prepared.complete { event in
                for event in recorder.events(for: event) where onEvent(event) == .stop { return false }
                return true
            }
            return recorder.completions
        }
    }
}
