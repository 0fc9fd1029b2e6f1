internal import LlamaCheckpoints
internal import LlamaGeneration
internal import LlamaModel

extension CompletionOptions {
    /// The public form of a model's options.
    init(_ options: GenerationOptions) {
        maximumTokens = options.maxGenerationLength
        minimumTokens = options.sampling.minTokens
        temperature = options.sampling.temperature
        topK = options.sampling.topK
        topP = options.sampling.topP
        minP = options.sampling.minP
        typicalP = options.sampling.typicalP
        seed = options.sampling.seed
        repetitionPenalty = options.sampling.repetitionPenalty
        frequencyPenalty = options.sampling.frequencyPenalty
        presencePenalty = options.sampling.presencePenalty
        logitBias = options.sampling.logitBias
        badWords = options.sampling.badWords
        stopStrings = options.stopStrings
        n = options.candidates.n
        bestOf = options.candidates.bestOf
        beams = options.candidates.beams
        lengthPenalty = options.candidates.lengthPenalty
        earlyStopping = EarlyStopping(options.candidates.earlyStopping)
        logprobs = options.logprobs
        echo = options.echo
        lookupDrafts = options.lookupDrafts
    }

    /// The engine's form, with the model's stop tokens.
    ///
    /// - Parameter contextLength: What ``LlamaOptions`` allow.
    /// - Throws: ``LlamaError`` of the kind ``LlamaError/Kind/invalidArgument``.
    func generationOptions(for model: LoadedModel, contextLength: Int) throws(LlamaError) -> GenerationOptions
    {
        try LlamaError.require(maximumTokens >= 0, "maximumTokens", "at least 0", maximumTokens)
        let length = maximumSequenceLength ?? contextLength
        try LlamaError.require(
            (1...contextLength).contains(length), "maximumSequenceLength",
            "1 to \(contextLength), the context length", length)
        try LlamaError.require(logprobs ?? 0 >= 0, "logprobs", "at least 0", logprobs ?? 0)
        try LlamaError.require(lookupDrafts >= 0, "lookupDrafts", "at least 0", lookupDrafts)
        var options = GenerationOptions(maxSequenceLength: length)
        options.maxGenerationLength = maximumTokens
        options.sampling = sampling
        options.candidates.n = n
        options.candidates.bestOf = bestOf
        options.candidates.beams = beams
        options.candidates.lengthPenalty = lengthPenalty
        options.candidates.earlyStopping = earlyStopping.condition
        options.stopStrings = stopStrings
        options.stopTokens = additionalStopTokenIDs.union(ignoresStopTokens ? [] : model.stopTokens)
        options.logprobs = logprobs
        options.echo = echo
        options.lookupDrafts = lookupDrafts
        do throws(OptionError) {
            try options.validate(
                vocabularySize: model.transformer.configuration.vocabularySize,
                hasTokenizer: model.tokenizer != nil)
        } catch {
            throw LlamaError(error)
        }
        return options
    }

    private var sampling: SamplingOptions {
        var sampling = SamplingOptions()
        sampling.temperature = temperature
        sampling.topK = topK
        sampling.topP = topP
        sampling.minP = minP
        sampling.typicalP = typicalP
        sampling.repetitionPenalty = repetitionPenalty
        sampling.frequencyPenalty = frequencyPenalty
        sampling.presencePenalty = presencePenalty
        sampling.logitBias = logitBias
        sampling.badWords = badWords
        sampling.minTokens = minimumTokens
        sampling.seed = seed
        return sampling
    }
}

extension CompletionOptions.EarlyStopping {
    fileprivate init(_ condition: CandidateOptions.EarlyStopping) {
        self =
            switch condition {
            case .always: .always
            case .likely: .likely
            case .never: .never
            }
    }

    fileprivate var condition: CandidateOptions.EarlyStopping {
        switch self {
        case .always: .always
        case .likely: .likely
        case .never: .never
        }
    }
}
