import LlamaKernels
import LlamaModel
import LlamaTokenizers

/// The loop that completes a list of prompts: fill the batch, run the model, sample.
struct CompletionRun {
    private let model: Transformer
    private let tokenizer: (any Tokenizer)?
    private let options: GenerationOptions
    private let state: InferenceState
    private let waiting: [(prompt: Prompt, ids: [Int32])]
    private var nextWaiting = 0
    /// The sequence in each cache slot.
    private var active: [GenerationSequence?]
    // What the rows of the current pass are for. Kept between passes so that they allocate nothing.
    private var owners: [(slot: Int, position: Int)] = []
    private var logitRows: [Int] = []
    private var samplerScratch = Sampler.Scratch()
    private var statistics = GenerationStatistics()

    init(_ prepared: PreparedPrompts) {
        model = prepared.model
        tokenizer = prepared.tokenizer
        options = prepared.options
        state = prepared.state
        waiting = prepared.prompts
        active = Array(repeating: nil, count: state.cache.slots)
        owners.reserveCapacity(state.rowCapacity)
        logitRows.reserveCapacity(state.rowCapacity)
    }

    mutating func run(_ observe: (Completer.Event) -> Bool) throws(GenerationError) -> GenerationStatistics {
        let clock = ContinuousClock()
        let start = clock.now
        while true {
            guard try retireAndAdmit(observe) else { break }
            let promptTokens = try fillBatch()
            if owners.isEmpty {
                if nextWaiting == waiting.count, active.allSatisfy({ $0 == nil }) { break }
                continue
            }
            let before = statistics.generatedTokens
            let passStart = clock.now
            let continues = try pass(observe)
            let passTime = clock.now - passStart
            statistics.promptTokens += promptTokens
            if promptTokens > 0 {
                statistics.promptTime += passTime
            } else {
                statistics.decodeTime += passTime
                statistics.decodedTokens += statistics.generatedTokens - before
            }
            if statistics.timeToFirstToken == nil, statistics.generatedTokens > 0 {
                statistics.timeToFirstToken = clock.now - start
            }
            guard continues, promptTokens == 0 || observe(.read(promptTokens: promptTokens)) else { break }
        }
        return statistics
    }

    /// Reports finished sequences and gives their slots to waiting prompts; false to stop.
    private mutating func retireAndAdmit(
        _ observe: (Completer.Event) -> Bool
    ) throws(GenerationError) -> Bool {
        for slot in active.indices {
            if active[slot]?.needsRows(options) == false, var sequence = active[slot] {
                active[slot] = nil
                do { try model.checkUnchanged() } catch { throw .kernels(error) }
                let (completion, rest) = sequence.finish(options)
                guard observe(.finished(completion, rest: rest)) else { return false }
            }
            if active[slot] == nil, nextWaiting < waiting.count {
                let (prompt, ids) = waiting[nextWaiting]
                active[slot] = GenerationSequence(
                    index: nextWaiting, slot: slot, prompt: prompt, ids: ids, tokenizer: tokenizer,
                    options: options)
                nextWaiting += 1
            }
        }
        return true
    }

    /// Puts one token of every sequence that generates, then as much of the prompts as fits, into the batch.
    ///
    /// - Returns: How many prompt tokens it added.
    private mutating func fillBatch() throws(GenerationError) -> Int {
        state.batch.removeAll()
        owners.removeAll(keepingCapacity: true)
        logitRows.removeAll(keepingCapacity: true)
        for slot in active.indices { try addRows(of: slot, prompts: false) }
        let decoding = owners.count
        for slot in active.indices { try addRows(of: slot, prompts: true) }
        return owners.count - decoding
    }

    private mutating func addRows(of slot: Int, prompts: Bool) throws(GenerationError) {
        let options = options
        guard active[slot]?.needsRows(options) == true, active[slot]?.isInPrompt == prompts else { return }
        while owners.count < state.rowCapacity, let row = active[slot]?.nextRow(options) {
            do { try state.batch.append(token: row.token, position: row.position, slot: slot) } catch {
                throw .kernels(error)
            }
            if row.needsLogits { logitRows.append(owners.count) }
            owners.append((slot, row.position))
        }
    }

    /// Runs the model on the batch and hands the logits to their sequences; false to stop.
    private mutating func pass(_ observe: (Completer.Event) -> Bool) throws(GenerationError) -> Bool {
        var failure: GenerationError?
        var continues = true
        let (options, kernels) = (options, state.kernels)
        do throws(KernelError) {
            try model.forward(state, logitsFor: logitRows) { row, logits in
                guard failure == nil, continues else { return }
                let (slot, position) = owners[row]
                do throws(GenerationError) {
                    let new = try active[slot]?.accept(
                        logits, at: position, options: options, scratch: &samplerScratch,
                        normalizer: kernels.logSumExp)
                    guard let new, let index = active[slot]?.index else { return }
                    statistics.generatedTokens += 1
                    continues = observe(.token(index: index, id: new.id, text: new.text))
                } catch {
                    failure = error
                }
            }
        } catch {
            throw .kernels(error)
        }
        if let failure { throw failure }
        return continues
    }
}
