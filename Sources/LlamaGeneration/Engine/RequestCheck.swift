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
            try checkStopStrings(options)
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

    /// That a stop string is not longer than the longest completion can be.
    private func checkStopStrings(_ options: GenerationOptions) throws(OptionError) {
        let room = max(0, min(options.maxGenerationLength, options.maxSequenceLength))
        guard let tokenizer, let longest = options.stopStrings.max(by: { $0.utf8.count < $1.utf8.count }),
            longest.utf8.count > room
        else { return }
        let most = (0..<Int32(tokenizer.vocabularySize)).reduce(1) { max($0, tokenizer.bytes(of: $1).count) }
        let (limit, overflow) = room.multipliedReportingOverflow(by: most)
        try OptionError.require(
            overflow || longest.utf8.count <= limit, .stop,
            "at most \(limit) bytes, as no completion is longer", "\(longest.utf8.count)")
    }
}
