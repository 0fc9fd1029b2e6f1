import LlamaCheckpoints
import LlamaKernels
import LlamaModel
import LlamaTokenizers

/// Completes any number of requests together, step by step: the ``Scheduler`` decides, this runs the model, hands each
/// row's logits to its request, and reports what came of it.
///
/// Not for several threads: ``Engine`` owns one and a thread, and ``PreparedPrompts`` steps one to the end.
///
/// What a request gets depends on itself alone: logits do not depend on the batch, and a token is a function of the
/// logits, the options, the stream, and the tokens before it.
final class EngineCore {
    /// The request and choice that a sequence belongs to.
    struct Owner {
        let request: RequestState
        let choice: Int
    }

    let model: Transformer
    let tokenizer: (any Tokenizer)?
    let limits: EngineLimits
    var statistics = GenerationStatistics()
    var scheduler: Scheduler
    let state: InferenceState
    /// Requests that have not ended, by the caller's number.
    var requests: [Int: RequestState] = [:]
    /// By the scheduler's number of a sequence.
    var owners: [Owner?] = []
    private var nextOrder = 0
    private let start = ContinuousClock().now
    // Kept between steps, so that they allocate nothing.
    private var logitRows: [Int] = []
    private var drafts: [Int32] = []
    private var wishes: [Drafter.Wish] = []
    private let drafter: Drafter?
    private var reads: [(request: Int, tokens: Int)] = []
    var scratch = TokenChooser.Scratch()
    /// Requests of which nothing is to be computed.
    private var ready: [RequestState] = []
    /// Sequences that ended in this step.
    var endedSequences: [Int] = []
    /// Choices that begin with what a sequence computed.
    var forks: [(owner: Owner, parent: Int)] = []
    /// Beam searches whose beams are all scored.
    var scoredBeams: [RequestState] = []

    /// - Parameters:
    ///   - tokenizer: Nil where all prompts are ids.
    ///   - draft: A smaller model of the same vocabulary, for requests that want its drafts.
    /// - Throws: ``KernelError`` where memory is short, ``GenerationError/cacheTooSmall(bytes:least:)`` and
    ///   ``GenerationError/otherVocabulary(size:draft:)``.
    init(
        model: Transformer, draft: Transformer? = nil, tokenizer: (any Tokenizer)?, limits: EngineLimits,
        kernels: KernelContext
    ) throws {
        self.model = model
        self.tokenizer = tokenizer
        self.limits = limits
        let pages = try limits.pageCount(model.configuration)
        let cache = try KVCache(
            model.configuration, pages: pages, slots: limits.sequences, length: limits.positions,
            type: limits.cacheType)
        state = try InferenceState(
            model.configuration, cache: cache, rows: max(limits.rows, limits.sequences), kernels: kernels)
        let size = model.configuration.vocabularySize
        if let draft, draft.configuration.vocabularySize != size {
            throw GenerationError.otherVocabulary(size: size, draft: draft.configuration.vocabularySize)
        }
        drafter = try draft.map { try Drafter(model: $0, limits: limits, kernels: kernels) }
        scheduler = Scheduler(
            Scheduler.Limits(
                rows: state.rowCapacity, slots: limits.sequences, pages: pages,
                positions: PageTable.positions))
        logitRows.reserveCapacity(state.rowCapacity)
    }

    /// Whether there is nothing to compute or to report.
    var isIdle: Bool { requests.isEmpty }

    // MARK: Requests

    /// What every request must pass before it is submitted.
    var check: RequestCheck {
        RequestCheck(
            configuration: model.configuration, tokenizer: tokenizer, limits: limits,
            pages: scheduler.limits.pages)
    }

    /// Adds a request to those that wait.
    ///
    /// - Parameters:
    ///   - ids: What ``check`` returned for it.
    ///   - number: By which its events name it; not in use.
    func submit(_ request: GenerationRequest, ids: [Int32], as number: Int) {
        var request = request
        request.options.maxSequenceLength = min(request.options.maxSequenceLength, limits.positions)
        let new = RequestState(
            request, number: number, promptIDs: ids, order: nextOrder,
            vocabularySize: model.configuration.vocabularySize, tokenizer: tokenizer)
        nextOrder += CandidateOptions.most
        requests[number] = new
        guard new.room > 0 || (new.scoresPrompt && ids.count > 1) else {
            ready.append(new)
            return
        }
        let sequence = scheduler.submit(
            ids, order: new.order, width: new.beams == nil ? 1 : request.options.candidates.beams,
            reusesPrefix: !new.scoresPrompt, omitsLast: new.room == 0)
        own(sequence, Owner(request: new, choice: 0))
        new.choices[0].sequence = sequence
        new.beams?.begin([sequence])
    }

    /// Ends a request between two steps, without an event.
    func cancel(_ number: Int) {
        guard let request = requests.removeValue(forKey: number) else { return }
        request.hasEnded = true
        for sequence in request.sequences { remove(sequence) }
        ready.removeAll { $0 === request }
    }

    /// Ends all requests after an error of ``step(_:)``, without events; nothing that the cache holds is used again.
    func reset() {
        requests.removeAll()
        owners.removeAll()
        ready.removeAll()
        endedSequences.removeAll()
        forks.removeAll()
        scoredBeams.removeAll()
        scheduler = Scheduler(scheduler.limits)
    }

    func own(_ sequence: Int, _ owner: Owner) {
        while owners.count <= sequence { owners.append(nil) }
        owners[sequence] = owner
    }

    private func remove(_ sequence: Int) {
        owners[sequence] = nil
        scheduler.remove(sequence)
    }

    // MARK: Steps

    /// Runs the model once, for as many rows as wait and fit.
    ///
    /// - Parameter observe: Receives what happens.
    /// - Throws: ``GenerationError/kernels(_:)``, after which only ``reset()`` may be called.
    func step(_ observe: (EngineEvent) -> Void) throws(GenerationError) {
        let begin = ContinuousClock().now
        let generated = statistics.generatedTokens
        for request in ready { try finishAll(request, observe) }
        ready.removeAll(keepingCapacity: true)
        try propose()
        scheduler.makePlan()
        guard !scheduler.plan.rows.isEmpty else { return }
        findReads()
        try run(observe)
        let promptRows = scheduler.plan.promptRows
        scheduler.finishStep()
        try advanceBeams(observe)
        startForks()
        for sequence in endedSequences { remove(sequence) }
        endedSequences.removeAll(keepingCapacity: true)
        count(promptRows: promptRows, since: begin, generatedBefore: generated)
        for read in reads { observe(.read(request: read.request, promptTokens: read.tokens)) }
    }

    /// Counts the plan's prompt rows by request, as some of the requests end in the step.
    private func findReads() {
        reads.removeAll(keepingCapacity: true)
        let rows = scheduler.plan.rows
        var index = rows.count - scheduler.plan.promptRows
        while index < rows.count {
            let sequence = rows[index].sequence
            let count = max(scheduler.sequences[sequence]?.planned ?? 1, 1)
            if let owner = owners[sequence] { reads.append((owner.request.number, count)) }
            index += count
        }
    }

    private func run(_ observe: (EngineEvent) -> Void) throws(GenerationError) {
        var failure: GenerationError?
        do throws(KernelError) {
            try prepare()
            try model.forward(state, logitsFor: logitRows) { row, logits in
                guard failure == nil else { return }
                do throws(GenerationError) { try visit(row, logits, observe) } catch { failure = error }
            }
        } catch {
            throw .kernels(error)
        }
        if let failure { throw failure }
    }

    private func count(
        promptRows: Int, since begin: ContinuousClock.Instant, generatedBefore: Int
    ) {
        let now = ContinuousClock().now
        statistics.promptTokens += promptRows
        if promptRows > 0 {
            statistics.promptTime += now - begin
        } else {
            statistics.decodeTime += now - begin
            statistics.decodedTokens += statistics.generatedTokens - generatedBefore
        }
        if statistics.timeToFirstToken == nil, statistics.generatedTokens > 0 {
            statistics.timeToFirstToken = now - start
        }
    }

    /// Drafts tokens for the sequences that want it.
    private func propose() throws(GenerationError) {
        wishes.removeAll(keepingCapacity: true)
        for unit in scheduler.running {
            for member in scheduler.units[unit]?.members ?? [] { propose(for: member) }
        }
        guard let drafter, !wishes.isEmpty else { return }
        do throws(KernelError) {
            try drafter.draft(wishes) {
                scheduler.sequences[$0]?.tokens ?? []
            } propose: { wish, drafts in
                scheduler.propose(Array(drafts), for: wish.sequence)
            }
        } catch {
            throw .kernels(error)
        }
    }

    private func propose(for member: Int) {
        guard let owner = owners[member], owner.request.drafts, let sequence = scheduler.sequences[member],
            sequence.isDecoding, let slot = sequence.slot
        else { return }
        let options = owner.request.options
        let left = owner.request.choices[owner.choice].mostDrafts(room: owner.request.room)
        if options.lookupDrafts > 0 {
            owner.request.choices[owner.choice].lookup.draft(
                sequence.tokens.span, count: min(options.lookupDrafts, left), into: &drafts)
            scheduler.propose(drafts, for: member)
            if !drafts.isEmpty { return }
        }
        let count = min(options.modelDrafts, left)
        guard drafter != nil, count > 0 else { return }
        wishes.append(
            Drafter.Wish(
                sequence: member, slot: slot, request: owner.request, choice: owner.choice, count: count))
    }

    /// Makes cache and batch what the plan says.
    private func prepare() throws(KernelError) {
        for (source, target) in scheduler.plan.copies { try state.cache.copyPage(source, to: target) }
        for (slot, index, page) in scheduler.plan.pages { try state.cache.setPage(slot, index, to: page) }
        for (slot, length) in scheduler.plan.lengths { try state.cache.setLength(slot, length) }
        state.batch.removeAll()
        logitRows.removeAll(keepingCapacity: true)
        for index in scheduler.plan.rows.indices {
            let row = scheduler.plan.rows[index]
            try state.batch.append(token: row.token, position: row.position, slot: row.slot)
            if needsLogits(row) { logitRows.append(index) }
            if row.isDraft { statistics.draftedTokens += 1 }
        }
    }

    private func needsLogits(_ row: StepPlan.Row) -> Bool {
        if row.endsSequence { return true }
        guard let owner = owners[row.sequence], owner.request.scoresPrompt, owner.choice == 0 else {
            return false
        }
        let next = row.position + 1
        return next >= owner.request.promptLogprobs.count && next < owner.request.promptIDs.count
    }
}
