import LlamaTokenizers

extension GenerationSettings {
    /// Tokens drafted at a time where no number is given.
    package static let usualDrafts = 8

    /// The options of a request.
    ///
    /// - Parameters:
    ///   - base: What is not given; its stop tokens are the model's own, and it has model drafts where there is a draft
    ///     model.
    ///   - tokenizer: Encodes bad words; nil where there is none.
    /// - Throws: ``OptionError`` where bad words cannot be encoded, or tokens are to be drafted from nowhere.
    package func options(
        _ base: GenerationOptions, tokenizer: (any Tokenizer)?
    ) throws(OptionError) -> GenerationOptions {
        var options = base
        apply(to: &options)
        if let badWords { options.sampling.badWords = try BadWord.sequences(badWords, tokenizer) }
        try validate(hasDraftModel: base.modelDrafts > 0)
        return options
    }

    /// Checks what cannot be seen from options: that a number of tokens is one, and that there is something that drafts
    /// them.
    package func validate(hasDraftModel: Bool) throws(OptionError) {
        if let maxTokens {
            try OptionError.require(maxTokens >= 0, .maxTokens, "at least 0", "\(maxTokens)")
        }
        guard let draftTokens else { return }
        try OptionError.require(draftTokens > 0, .draftTokens, "at least 1", "\(draftTokens)")
        try OptionError.require(
            speculation != nil || hasDraftModel, .draftTokens, "none without speculate or a draft model",
            "\(draftTokens)")
    }

    /// Changes what is given, but for bad words.
    package func apply(to options: inout GenerationOptions) {
        let drafts = draftTokens ?? Self.usualDrafts
        func assign<Value>(_ value: Value?, _ target: WritableKeyPath<GenerationOptions, Value>) {
            if let value { options[keyPath: target] = value }
        }
        assign(temperature, \.sampling.temperature)
        assign(topK, \.sampling.topK)
        assign(topP, \.sampling.topP)
        assign(minP, \.sampling.minP)
        assign(typicalP, \.sampling.typicalP)
        assign(repetitionPenalty, \.sampling.repetitionPenalty)
        assign(frequencyPenalty, \.sampling.frequencyPenalty)
        assign(presencePenalty, \.sampling.presencePenalty)
        assign(logitBias, \.sampling.logitBias)
        assign(seed, \.sampling.seed)
        assign(maxTokens, \.maxGenerationLength)
        assign(minTokens, \.sampling.minTokens)
        assign(stop, \.stopStrings)
        assign(n, \.candidates.n)
        assign(beams, \.candidates.beams)
        assign(lengthPenalty, \.candidates.lengthPenalty)
        assign(earlyStopping, \.candidates.earlyStopping)
        assign(echo, \.echo)
        options.candidates.bestOf = bestOf ?? options.candidates.bestOf
        options.logprobs = logprobs ?? options.logprobs
        if ignoreEOS == true { options.stopTokens = [] }
        options.stopTokens.formUnion(stopTokenIDs ?? [])
        if options.modelDrafts > 0 {
            options.modelDrafts = speculation == GenerationSettings.Speculation.none ? 0 : drafts
        }
        if let speculation { options.lookupDrafts = speculation == .lookup ? drafts : 0 }
    }
}
