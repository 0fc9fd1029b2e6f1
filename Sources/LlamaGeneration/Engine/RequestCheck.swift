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
        let beams = options.candidates.beams
        guard beams <= limits.sequences else {
            throw .tooManyBeams(source: source, beams: beams, limit: limits.sequences)
        }
        let length = ids.count + min(max(0, options.maxGenerationLength), longest - ids.count)
        let (room, overflow) = (pages / beams).multipliedReportingOverflow(by: PageTable.positions)
        guard overflow || length <= room else {
            throw .exceedsCache(source: source, sequences: beams, positions: length, limit: room)
        }
        return ids
    }
}
