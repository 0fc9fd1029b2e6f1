import LlamaKernels
import LlamaModel

extension EngineCore {
    /// Hands the prediction after a row to the row's request.
    func visit(
        _ index: Int, _ logits: Span<Float>, _ observe: (EngineEvent) -> Void
    ) throws(GenerationError) {
        let row = scheduler.plan.rows[index]
        guard let owner = owners[row.sequence], !owner.request.hasEnded else { return }
        let request = owner.request
        do throws(GenerationError) {
            if request.scoresPrompt { try scorePrompt(row, owner, logits) }
            if request.room == 0 {
                guard request.promptLogprobs.count == request.promptIDs.count else { return }
                try finishAll(request, observe)
            } else if request.beams != nil {
                try scoreBeam(row, request, logits)
            } else if row.endsSequence {
                try extend(row, owner, logits, observe)
            }
        } catch {
            if case .kernels = error { throw error }
            fail(request, error, observe)
        }
    }

    /// The log-probability of the prompt's token after the row.
    private func scorePrompt(
        _ row: StepPlan.Row, _ owner: Owner, _ logits: Span<Float>
    ) throws(GenerationError) {
        let request = owner.request
        let next = row.position + 1
        guard owner.choice == 0, next == request.promptLogprobs.count, next < request.promptIDs.count else {
            return
        }
        let normalizer = state.kernels.logSumExp(logits)
        guard normalizer.isFinite else {
            throw .notFinite(source: request.prompt.source, position: next)
        }
        request.promptLogprobs.append(
            TokenLogprobs(
                logits, normalizer: normalizer, token: request.promptIDs[next],
                top: request.options.logprobs ?? 0))
    }

    // MARK: Samples

    /// Chooses the token after a row for the row's choice, and at the end of the prompt for all choices.
    private func extend(
        _ row: StepPlan.Row, _ owner: Owner, _ logits: Span<Float>, _ observe: (EngineEvent) -> Void
    ) throws(GenerationError) {
        let request = owner.request
        guard request.choices[owner.choice].finishReason == nil else { return }
        let count = scheduler.sequences[row.sequence]?.tokens.count ?? 0
        // A draft that is not what was chosen, and those after it, are not part of the text.
        guard row.position == count - 1, scheduler.sequences[row.sequence]?.tokens.last == row.token else {
            if row.position == count - 1 { request.choices[owner.choice].rejectDraft() }
            return scheduler.rejectDrafts(1, of: row.sequence)
        }
        if row.isDraft {
            statistics.acceptedDrafts += 1
            request.choices[owner.choice].acceptDraft()
        }
        let isFirst = count == request.promptIDs.count && owner.choice == 0
        for choice in owner.choice..<(isFirst ? request.choices.count : owner.choice + 1) {
            try extend(Owner(request: request, choice: choice), after: row, logits, observe)
        }
    }

    private func extend(
        _ owner: Owner, after row: StepPlan.Row, _ logits: Span<Float>, _ observe: (EngineEvent) -> Void
    ) throws(GenerationError) {
        let request = owner.request
        let token = try token(for: owner, after: row, logits)
        var entry: TokenLogprobs?
        var logprob = 0.0
        if request.options.logprobs != nil || request.selects {
            let normalizer = state.kernels.logSumExp(logits)
            logprob = Double(logits[Int(token)]) - normalizer
            entry = request.options.logprobs.map {
                TokenLogprobs(logits, normalizer: normalizer, token: token, top: $0)
            }
        }
        if request.options.stopTokens.contains(token) {
            request.choices[owner.choice].stop(logprob: logprob)
            return try finish(choice: owner.choice, of: request, observe)
        }
        let text = request.choices[owner.choice].append(
            token, logprobs: entry, logprob: logprob, room: request.room)
        statistics.generatedTokens += 1
        if !request.selects {
            observe(
                .token(
                    request: request.number, choice: owner.choice, id: token, text: text, logprobs: entry))
        }
        if request.choices[owner.choice].finishReason != nil {
            return try finish(choice: owner.choice, of: request, observe)
        }
        if let sequence = request.choices[owner.choice].sequence {
            scheduler.append(token, to: sequence)
        } else {
            forks.append((owner, row.sequence))
        }
    }

    private func token(
        for owner: Owner, after row: StepPlan.Row, _ logits: Span<Float>
    ) throws(GenerationError) -> Int32 {
        let request = owner.request
        // The first choice has already been appended to the sequence when the others are chosen.
        let history =
            request.choices[owner.choice].sequence == nil
            ? request.promptIDs : scheduler.sequences[row.sequence]?.tokens ?? request.promptIDs
        do throws(TokenChoiceError) {
            return try request.chooser.choose(
                logits, history: history.span, promptCount: request.promptIDs.count,
                stream: request.stream(of: owner.choice), position: row.position + 1, scratch: &scratch)
        } catch {
            throw refusal(error, of: request, position: row.position + 1)
        }
    }

    private func refusal(
        _ error: TokenChoiceError, of request: RequestState, position: Int
    ) -> GenerationError {
        switch error {
        case .notFinite: .notFinite(source: request.prompt.source, position: position)
        case .nothingLeft: .noTokenLeft(source: request.prompt.source, position: position)
        }
    }

    /// Starts the choices whose first token was chosen after the prompt's last row.
    func startForks() {
        for (owner, parent) in forks where !owner.request.hasEnded {
            let request = owner.request
            let sequence = scheduler.fork(
                parent, tokens: request.history(of: owner.choice), computed: request.promptIDs.count,
                order: request.order + owner.choice)
            own(sequence, owner)
            request.choices[owner.choice].sequence = sequence
        }
        forks.removeAll(keepingCapacity: true)
    }

    // MARK: Beams

    /// Considers the continuations of a beam.
    private func scoreBeam(
        _ row: StepPlan.Row, _ request: RequestState, _ logits: Span<Float>
    ) throws(GenerationError) {
        guard row.endsSequence, let beam = request.beams?.beam(of: row.sequence),
            let history = scheduler.sequences[row.sequence]?.tokens
        else { return }
        let normalizer = state.kernels.logSumExp(logits)
        do throws(TokenChoiceError) {
            try request.beams?.search.score(
                beam: beam, logits: logits, normalizer: normalizer, history: history.span,
                promptCount: request.promptIDs.count, chooser: request.chooser, scratch: &scratch)
        } catch {
            throw refusal(error, of: request, position: row.position + 1)
        }
        request.beams?.markScored(beam)
        if request.beams?.isComplete == true { scoredBeams.append(request) }
    }

    /// Takes the next step of the beam searches whose beams are all scored.
    func advanceBeams(_ observe: (EngineEvent) -> Void) throws(GenerationError) {
        for request in scoredBeams where !request.hasEnded {
            guard let before = request.beams?.sequences, let first = before.first else { continue }
            do throws(TokenChoiceError) { try request.beams?.search.advance() } catch {
                fail(request, refusal(error, of: request, position: request.promptIDs.count), observe)
                continue
            }
            guard let search = request.beams?.search else { continue }
            if search.isFinished {
                try finish(search, of: request, observe)
                continue
            }
            statistics.generatedTokens += search.running.count
            before.forEach { owners[$0] = nil }
            let sequences = scheduler.reorder(
                unitOf: first, parents: search.running.map { before[$0.parent] },
                tokens: search.running.map(\.token))
            for sequence in sequences { own(sequence, Owner(request: request, choice: 0)) }
            request.beams?.begin(sequences)
        }
        scoredBeams.removeAll(keepingCapacity: true)
    }

    private func finish(
        _ search: BeamSearch, of request: RequestState, _ observe: (EngineEvent) -> Void
    ) throws(GenerationError) {
        try checkWeights()
        request.sequences.forEach(end)
        for (index, hypothesis) in search.results.enumerated() {
            let completion = request.completion(of: hypothesis, index: index)
            observe(.finished(request: request.number, completion, rest: completion.text ?? ""))
        }
        end(request, observe)
    }

    // MARK: Ends

    /// Ends a choice, and its request after the last one.
    func finish(
        choice index: Int, of request: RequestState, _ observe: (EngineEvent) -> Void
    ) throws(GenerationError) {
        try checkWeights()
        let rest = request.choices[index].finish()
        if let sequence = request.choices[index].sequence { end(sequence) }
        request.choices[index].sequence = nil
        request.finishedCount += 1
        if !request.selects {
            let completion = request.completion(of: request.choices[index], index: index)
            observe(.finished(request: request.number, completion, rest: rest))
        }
        guard request.finishedCount == request.choices.count else { return }
        if request.selects { reportBest(request, observe) }
        end(request, observe)
    }

    /// Ends all choices of a request that generates nothing.
    func finishAll(_ request: RequestState, _ observe: (EngineEvent) -> Void) throws(GenerationError) {
        for choice in request.choices.indices { try finish(choice: choice, of: request, observe) }
    }

    /// So that no result of other weights is reported.
    private func checkWeights() throws(GenerationError) {
        do { try model.checkUnchanged() } catch { throw .kernels(error) }
    }

    /// Reports the choices with the highest mean log-probability of a token.
    private func reportBest(_ request: RequestState, _ observe: (EngineEvent) -> Void) {
        let ranked = request.choices.sorted {
            $0.meanLogprob != $1.meanLogprob ? $0.meanLogprob > $1.meanLogprob : $0.index < $1.index
        }
        for (index, choice) in ranked.prefix(request.options.candidates.n).enumerated() {
            let completion = request.completion(of: choice, index: index, score: Float(choice.meanLogprob))
            observe(.finished(request: request.number, completion, rest: choice.text))
        }
    }

    private func end(_ request: RequestState, _ observe: (EngineEvent) -> Void) {
        request.hasEnded = true
        requests[request.number] = nil
        observe(.ended(request: request.number))
    }

    private func fail(
        _ request: RequestState, _ error: GenerationError, _ observe: (EngineEvent) -> Void
    ) {
        request.sequences.forEach(end)
        request.hasEnded = true
        requests[request.number] = nil
        observe(.failed(request: request.number, error))
    }

    /// Has a sequence removed at the end of the step.
    private func end(_ sequence: Int) {
        owners[sequence] = nil
        endedSequences.append(sequence)
    }
}
