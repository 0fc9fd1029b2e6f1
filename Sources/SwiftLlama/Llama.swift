internal import LlamaModel
internal import LlamaCheckpoints
internal import LlamaGeneration
internal import LlamaKernels
import Dispatch

/// A Llama model with its tokenizer, ready to complete text.
///
/// ```swift
/// let llama = try await Llama(at: "llama-2-7b")
/// for try await piece in llama.generate("The capital of France is") { print(piece.text, terminator: "") }
/// ```
///
/// A value is immutable and `Sendable`. The weights stay in the files, which are mapped into memory.
///
/// Copies share the weights and one engine, which starts with the first request. It computes the requests of all tasks
/// together, on threads of its own: they share each pass over the weights, and what their prompts have in common is
/// computed once. What a request gets is independent of the others, the batch size and the number of threads. The engine
/// ends with the last copy and the last request.
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

    /// How it computes.
    public let options: LlamaOptions
    let model: LoadedModel
    let engine: SharedEngine

    /// Opens a checkpoint with its tokenizer. Blocks the calling thread, which matters where all weights are converted.
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
    ///   - options: How it computes.
    /// - Throws: ``LlamaError`` for files that are missing, damaged or not supported, a tokenizer of another model,
    ///   weights that are not finite or too large to be quantized, and options that cannot be used.
    public init(
        at path: String, tokenizer: String? = nil, weights: Weights = .stored,
        options: LlamaOptions = LlamaOptions()
    ) throws(LlamaError) {
        let model = try LlamaError.translating {
            var loading = WeightLoading(weights.type)
            loading.threads = KernelContext.processorCount
            return try LoadedModel(at: path, tokenizer: tokenizer, weights: loading)
        }
        try options.validate(for: model)
        self.options = options
        self.model = model
        engine = SharedEngine(model, options)
    }

    /// Opens a checkpoint with its tokenizer, on a thread that is not one of those that tasks share.
    ///
    /// - Parameters:
    ///   - path: The folder of the checkpoint, or a file in it; see ``init(at:tokenizer:weights:options:)-(_,_,_,_)`` for
    ///     what is read.
    ///   - tokenizer: A tokenizer to use instead of the checkpoint's own: its file, or a GGUF file, checkpoint or folder
    ///     with one. A checkpoint without any tokenizer completes token ids only.
    ///   - weights: How weights are held in memory.
    ///   - options: How it computes.
    /// - Throws: ``LlamaError`` for files that are missing, damaged or not supported, a tokenizer of another model,
    ///   weights that are not finite or too large to be quantized, and options that cannot be used.
    public init(
        at path: String, tokenizer: String? = nil, weights: Weights = .stored,
        options: LlamaOptions = LlamaOptions()
    ) async throws(LlamaError) {
        let opened: Result<Llama, LlamaError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                let result = Result { () throws(LlamaError) in
                    try Llama(at: path, tokenizer: tokenizer, weights: weights, options: options)
                }
                continuation.resume(returning: result)
            }
        }
        self = try opened.get()
    }

    /// The model's shape.
    public var shape: ModelShape { ModelShape(model.checkpoint.configuration) }

    /// What a request without options gets: the settings of the checkpoint's `generation_config.json` where there is one,
    /// else those of ``CompletionOptions/init()``.
    public var defaultOptions: CompletionOptions { CompletionOptions(model.generationOptions) }

    /// The context length in effect.
    var contextLength: Int { options.contextLength(of: model) }

    /// What the engine is asked.
    ///
    /// - Parameters:
    ///   - source: What the prompt is called in errors.
    ///   - stream: Index of its stream of random numbers.
    func request(
        _ prompt: Prompt, _ options: GenerationOptions, source: String = "prompt", stream: Int = 0
    ) -> GenerationRequest {
        GenerationRequest(
            LlamaGeneration.Prompt(prompt.content, source: source), options: options, stream: stream)
    }
}
