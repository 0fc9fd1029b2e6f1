internal import LlamaGeneration
internal import LlamaKernels
internal import LlamaModel
internal import LlamaTokenizers
import Synchronization

/// The engine of a model, started on first use and shared by the copies of a ``Llama``.
///
/// The engine computes on threads of its own. Starting it takes the time to reserve memory and to start threads, so that
/// a task may wait for it; nothing else blocks a thread that tasks share.
final class SharedEngine: Sendable {
    private let model: LoadedModel
    private let options: LlamaOptions
    private let engine = Mutex<Engine?>(nil)

    init(_ model: LoadedModel, _ options: LlamaOptions) {
        self.model = model
        self.options = options
    }

    /// The running engine.
    ///
    /// - Throws: `KernelError` where memory or threads are short; the next call tries again.
    func started() throws -> Engine {
        try engine.withLock { engine in
            if let engine { return engine }
            let (activations, threads) = (options.activationType, options.threadCount)
            let new = try Engine(
                model: model.transformer, tokenizer: model.tokenizer?.tokenizer,
                limits: options.limits(for: model)
            ) {
                try KernelContext(activations: activations, threads: threads)
            }
            engine = new
            return new
        }
    }
}
