// Which rows a step computes.
extension Scheduler {
    /// Adds a row for each running sequence that has one token to compute, and as many of their drafts as leave half of the
    /// rows to prompts; returns how many.
    mutating func addDecodingRows() -> Int {
        var sequencesLeft = 0
        for unit in running {
            for member in units[unit]?.members ?? [] where sequences[member]?.isDecoding == true {
                sequencesLeft += 1
            }
        }
        for unit in running {
            for member in units[unit]?.members ?? [] where sequences[member]?.isDecoding == true {
                addRows(of: member)
                sequencesLeft -= 1
                addDrafts(of: member, atMost: limits.rows / 2 - plan.rows.count - sequencesLeft)
            }
        }
        return plan.rows.count
    }

    mutating func addPromptRows() {
        for unit in running {
            for member in units[unit]?.members ?? [] where sequences[member]?.planned == 0 {
                addRows(of: member)
            }
        }
    }

    mutating func addRows(of member: Int) {
        guard let sequence = sequences[member], let slot = sequence.slot else { return }
        let room = limits.rows - plan.rows.count
        let known = min(sequence.goal - sequence.computed, room)
        guard known > 0 else { return }
        for position in sequence.computed..<sequence.computed + known {
            plan.rows.append(
                StepPlan.Row(
                    sequence: member, slot: slot, position: position, token: sequence.tokens[position],
                    endsSequence: position == sequence.tokens.count - 1, isDraft: false))
        }
        sequences[member]?.planned = known
    }

    /// Drafts are verified as far as free pages go: nothing else gives way to them.
    private mutating func addDrafts(of member: Int, atMost limit: Int) {
        guard let sequence = sequences[member], let slot = sequence.slot, !sequence.drafts.isEmpty else {
            return
        }
        var count = min(sequence.drafts.count, limit)
        guard count > 0 else { return }
        while count > 0, !extendPages(of: member, to: sequence.goal + count) { count -= 1 }
        for index in 0..<count {
            plan.rows.append(
                StepPlan.Row(
                    sequence: member, slot: slot, position: sequence.goal + index,
                    token: sequence.drafts[index], endsSequence: true, isDraft: true))
        }
        sequences[member]?.planned += count
    }
}
