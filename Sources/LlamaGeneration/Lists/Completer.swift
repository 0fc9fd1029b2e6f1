import LlamaKernels
import LlamaModel
import LlamaTokenizers

/// Prepares lists of prompts for completion by one model.
package struct Completer {
    private let model: Transformer
    private let draft: Transformer?
    private let tokenizer: (any Tokenizer)?
    private let kernels: KernelContext

    /// - Parameters:
    ///   - draft: A smaller model of the same vocabulary, for requests that want its drafts.
    ///   - tokenizer: Nil where all prompts are ids.
    package init(
        model: Transformer, draft: Transformer? = nil, tokenizer: (any Tokenizer)?, kernels: KernelContext
    ) {
        self.draft = draft
        self.model = model
        self.tokenizer = tokenizer
        self.kernels = kernels
    }

    /// Encodes and checks all prompts, so that bad input is refused before anything is computed.
    ///
    /// - Parameter limits: What the engine may hold at a time; of its sequences and positions no more are used than the
    ///   requests need.
    /// - Throws: ``GenerationError`` for a prompt that cannot be completed, ``KernelError`` where memory is short.
    package func prepare(_ requests: [GenerationRequest], _ limits: EngineLimits) throws -> PreparedPrompts {
        var limits = limits
        let unlimited = RequestCheck(
            configuration: model.configuration, tokenizer: tokenizer, limits: limits,
            pages: .max)
        let encoded = try requests.map { request throws(GenerationError) in
            (request: request, ids: try unlimited.ids(of: request))
        }
        let lengths = encoded.map { request, ids in
            let room = max(0, request.options.maxSequenceLength - ids.count)
            return ids.count + min(max(0, request.options.maxGenerationLength), room)
        }
        limits.positions = min(limits.positions, lengths.max() ?? 0)
        let sequences = requests.map { request in
            let candidates = request.options.candidates
            return max(candidates.bestOf ?? candidates.n, candidates.beams)
        }
        limits.sequences = max(1, min(limits.sequences, sequences.reduce(0, +)))
        let core = try EngineCore(
            model: model, draft: draft, tokenizer: tokenizer, limits: limits, kernels: kernels)
        for (request, ids) in encoded { try core.check.requireRoom(for: request, ids) }
        return PreparedPrompts(core: core, requests: encoded)
    }
}
