import LlamaKernels
import LlamaModel

/// Drafts tokens with a smaller model of the same vocabulary.
///
/// Draws with the settings, the stream and the position of the token that will be chosen, so that drafts are right at any
/// temperature wherever both models agree. Whatever it drafts, the text stays the same.
final class Drafter {
    /// What is wanted for one running sequence.
    struct Wish {
        let sequence: Int
        let slot: Int
        let request: RequestState
        let choice: Int
        /// Most tokens to draft.
        let count: Int
    }

    /// What the draft model's cache holds in a slot.
    private struct Slot {
        /// The sequence, and its request's place in line, which tells it from earlier ones of the same number.
        var owner = (sequence: -1, order: -1)
        /// The sequence's tokens, and drafts after them.
        var tokens: [Int32] = []
        /// How many of them are the sequence's.
        var known = 0
        /// How many are in the cache.
        var cached = 0
        /// How many tokens there should be at the end.
        var goal = 0
    }

    private let model: Transformer
    private let state: InferenceState
    private var slots: [Slot]
    private var scratch = TokenChooser.Scratch()
    private var owners: [Int] = []
    private var logitRows: [Int] = []

    /// - Parameter limits: Those of the engine.
    init(model: Transformer, limits: EngineLimits, kernels: KernelContext) throws(KernelError) {
        self.model = model
        state = try InferenceState(
            model.configuration, slots: limits.sequences, length: limits.positions, rows: limits.rows,
            cacheType: limits.cacheType, kernels: kernels)
        slots = Array(repeating: Slot(), count: limits.sequences)
    }

    /// Drafts tokens for some sequences, together.
    ///
    /// At most one pass reads what is new to the draft model, so that a long prompt does not hold up the others: a sequence
    /// gets drafts once all of it has been read.
    ///
    /// - Parameters:
    ///   - tokens: Those of a sequence.
    ///   - propose: Receives the drafts for each wish.
    func draft(
        _ wishes: [Wish], tokens: (Int) -> [Int32], propose: (Wish, ArraySlice<Int32>) -> Void
    ) throws(KernelError) {
        for wish in wishes { align(wish, with: tokens(wish.sequence)) }
        guard try step(wishes) else { return }
        for wish in wishes where slots[wish.slot].cached < slots[wish.slot].known {
            slots[wish.slot].goal = slots[wish.slot].known
        }
        while try step(wishes) {}
        for wish in wishes where slots[wish.slot].tokens.count > slots[wish.slot].known {
            propose(wish, slots[wish.slot].tokens[slots[wish.slot].known...])
        }
    }

    /// Makes a slot begin with a sequence's tokens; what is cached of others, or after a wrong draft, is forgotten.
    private func align(_ wish: Wish, with tokens: [Int32]) {
        let owner = (sequence: wish.sequence, order: wish.request.order + wish.choice)
        if slots[wish.slot].owner != owner { slots[wish.slot] = Slot(owner: owner) }
        let known = slots[wish.slot].known
        let drafts = slots[wish.slot].tokens.dropFirst(known)
        let right = zip(drafts, tokens.dropFirst(known)).prefix { $0 == $1 }.count
        slots[wish.slot].tokens.removeSubrange((known + right)...)
        slots[wish.slot].tokens.append(contentsOf: tokens.dropFirst(known + right))
        slots[wish.slot].known = tokens.count
        // The last token is computed again where it is cached, for its prediction.
        slots[wish.slot].cached = min(slots[wish.slot].cached, known + right, tokens.count - 1)
        slots[wish.slot].goal = tokens.count + wish.count
    }

    /// Computes what is not cached, as far as it fits one pass; false where all drafts are there.
    private func step(_ wishes: [Wish]) throws(KernelError) -> Bool {
        state.batch.removeAll()
        owners.removeAll(keepingCapacity: true)
        logitRows.removeAll(keepingCapacity: true)
        for (index, wish) in wishes.enumerated() where slots[wish.slot].tokens.count < slots[wish.slot].goal {
            let (count, cached) = (slots[wish.slot].tokens.count, slots[wish.slot].cached)
            for position in cached..<min(count, cached + state.rowCapacity - owners.count) {
                let token = slots[wish.slot].tokens[position]
                try state.batch.append(token: token, position: position, slot: wish.slot)
                if position == count - 1 { logitRows.append(owners.count) }
                owners.append(index)
                slots[wish.slot].cached = position + 1
            }
        }
        guard !owners.isEmpty else { return false }
        try model.forward(state, logitsFor: logitRows) { row, logits in choose(wishes[owners[row]], logits) }
        return true
    }

    private func choose(_ wish: Wish, _ logits: Span<Float>) {
        if let token = token(for: wish, logits) {
            slots[wish.slot].tokens.append(token)
        } else {
            slots[wish.slot].goal = slots[wish.slot].tokens.count
        }
    }

    private func token(for wish: Wish, _ logits: Span<Float>) -> Int32? {
        let history = slots[wish.slot].tokens
        return try? wish.request.chooser.choose(
            logits, history: history.span, promptCount: wish.request.promptIDs.count,
            stream: wish.request.stream(of: wish.choice), position: history.count, scratch: &scratch)
    }
}
