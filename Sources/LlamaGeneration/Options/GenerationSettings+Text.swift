extension GenerationSettings {
    /// The settings that are given, in the order of ``OptionError/Option``, for a person.
    package var texts: [(option: OptionError.Option, value: String)] {
        OptionError.Option.allCases.compactMap { option in text(of: option).map { (option, $0) } }
    }

    private func text(of option: OptionError.Option) -> String? {
        switch option {
        case .temperature: temperature.map { "\($0)" }
        case .topK: topK.map { "\($0)" }
        case .topP: topP.map { "\($0)" }
        case .minP: minP.map { "\($0)" }
        case .typicalP: typicalP.map { "\($0)" }
        case .repetitionPenalty: repetitionPenalty.map { "\($0)" }
        case .frequencyPenalty: frequencyPenalty.map { "\($0)" }
        case .presencePenalty: presencePenalty.map { "\($0)" }
        case .logitBias:
            logitBias.map { biases in
                biases.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            }
        case .badWords: badWords.map { $0.map(Self.text).joined(separator: " ") }
        case .seed: seed.map { "\($0)" }
        case .maxTokens: maxTokens.map { "\($0)" }
        case .minTokens: minTokens.map { "\($0)" }
        case .stop: stop.map { $0.map { "\"\($0)\"" }.joined(separator: " ") }
        case .stopTokenIDs: stopTokenIDs.map { $0.map { "\($0)" }.joined(separator: " ") }
        case .ignoreEOS: ignoreEOS.map { "\($0)" }
        case .n: n.map { "\($0)" }
        case .bestOf: bestOf.map { "\($0)" }
        case .beams: beams.map { "\($0)" }
        case .lengthPenalty: lengthPenalty.map { "\($0)" }
        case .earlyStopping: earlyStopping?.rawValue
        case .logprobs: logprobs.map { "\($0)" }
        case .echo: echo.map { "\($0)" }
        case .speculate: speculation?.rawValue
        case .draftTokens: draftTokens.map { "\($0)" }
        }
    }

    private static func text(_ word: BadWord) -> String {
        switch word {
        case .text(let text): "\"\(text)\""
        case .ids(let ids): "\(ids)"
        }
    }
}
