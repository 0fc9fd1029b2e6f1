import LlamaCheckpoints
import LlamaModel
import LlamaKernels
import LlamaTokenizers

/// Checks requests before they are computed; may be used by any thread.
struct RequestCheck: Sendable {
    let configuration: ModelConfiguration
    let tokenizer: (any Tokenizer)?
    let limits: EngineLimits
    /// Pages of the cache.
    let pages: Int

    /// The ids of a request's prompt.
    ///
    /// - Throws: ``GenerationError`` for a prompt or options that cannot be used.
    func ids(of request: GenerationRequest) throws(GenerationError) -> [Int32] {
        let options = request.options
        let source = request.prompt.source
        do throws(OptionError) {
            try options.validate(
                vocabularySize: configuration.vocabularySize, hasTokenizer: tokenizer != nil)
            try options.validateStopLengths(tokenizer)
        } catch {
            throw .invalidOption(source: source, error)
        }
        let longest = min(options.maxSequenceLength, limits.positions)
        let ids = try PromptEncoder(
            tokenizer: tokenizer, vocabularySize: configuration.vocabularySize, maxSequenceLength: longest
        ).encode(request.prompt)
        try requireRoom(for: request, ids)
        return ids
    }

    /// Checks that the cache holds a request when it holds nothing else.
    ///
    /// - Parameter ids: Of its prompt.
    /// - Throws: ``GenerationError/tooManyBeams(source:beams:limit:)`` and
    ///   ``GenerationError/exceedsCache(source:sequences:positions:limit:)``.
    func requireRoom(for request: GenerationRequest, _ ids: [Int32]) throws(GenerationError) {
        let (options, source) = (request.options, request.prompt.source)
        let beams = options.candidates.beams
        guard beams <= limits.sequences else {
            throw .tooManyBeams(source: source, beams: beams, limit: limits.sequences)
        }
        let longest = min(options.maxSequenceLength, limits.positions)
        let length = ids.count + min(max(0, options.maxGenerationLength), longest - ids.count)
        let room = Scheduler.Limits(
            rows: limits.rows, slots: limits.sequences, pages: pages, positions: PageTable.positions
        ).mostPositions(sequences: beams)
        guard length <= room else {
            throw .exceedsCache(source: source, sequences: beams, positions: length, limit: room)
        }
    }
}
