import LlamaTestSupport
import Testing

@testable import LlamaGeneration

/// Runs a scheduler with a model of its own: what a page contains is recorded instead of computed, so that a row that
/// would read anything but its own sequence's tokens is found.
struct SchedulerRun {
    var scheduler: Scheduler
    /// Tokens in each page's positions; -1 for none.
    private var contents: [[Int32]]
    private var tables: [[Int]]
    private var lengths: [Int]
    /// Steps in which each running sequence got no row though it had one to compute.
    private var idle: [Int: Int] = [:]
    private(set) var computedRows = 0
    private(set) var preemptions = 0

    init(_ limits: Scheduler.Limits) {
        scheduler = Scheduler(limits)
        contents = Array(
            repeating: Array(repeating: -1, count: limits.positions), count: limits.pages)
        tables = Array(repeating: Array(repeating: -1, count: limits.pages), count: limits.slots)
        lengths = Array(repeating: 0, count: limits.slots)
    }

    /// Plans a step, checks it, and writes its rows; returns the rows of each sequence.
    mutating func step() -> [Int: [StepPlan.Row]] {
        scheduler.makePlan()
        let plan = scheduler.plan
        preemptions += plan.preempted.count
        for (source, target) in plan.copies { contents[target] = contents[source] }
        for (slot, index, page) in plan.pages { tables[slot][index] = page }
        for (slot, length) in plan.lengths { lengths[slot] = length }
        #expect(plan.rows.count <= scheduler.limits.rows)
        let size = scheduler.limits.positions
        for row in plan.rows {
            #expect(scheduler.sequences[row.sequence]?.slot == row.slot)
            // As KVCache.extend(by:) demands.
            #expect(row.position <= lengths[row.slot])
            lengths[row.slot] = row.position + 1
            contents[tables[row.slot][row.position / size]][row.position % size] = row.token
            computedRows += 1
        }
        // A row reads all positions before it.
        for row in plan.rows {
            guard let sequence = scheduler.sequences[row.sequence] else { continue }
            let known = sequence.tokens + sequence.drafts
            for position in 0...row.position {
                let found = contents[tables[row.slot][position / size]][position % size]
                #expect(found == known[position], "sequence \(row.sequence), position \(position)")
            }
        }
        checkPages()
        return Dictionary(grouping: plan.rows, by: \.sequence)
    }

    /// Every page is held as often as sequences say, and the rest is free or kept.
    func checkPages() {
        var held = Set<Int>()
        for sequence in scheduler.sequences.compactMap(\.self) { held.formUnion(sequence.pages) }
        #expect(scheduler.pool.heldCount == held.count)
        #expect(scheduler.pool.available == scheduler.limits.pages - held.count)
    }

    /// Nothing runs or waits, and no page is held.
    func checkEmpty() {
        #expect(scheduler.isEmpty)
        #expect(scheduler.pool.heldCount == 0)
        #expect(scheduler.sequences.allSatisfy { $0 == nil })
    }
}
