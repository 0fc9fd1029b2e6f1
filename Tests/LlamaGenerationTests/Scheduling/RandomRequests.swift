import LlamaTestSupport
import Testing

@testable import LlamaGeneration

/// Submits, forks, reorders, drafts and cancels at random.
struct RandomRequests {
    let limits: Scheduler.Limits
    /// Whether new requests come.
    var arrives = true
    private(set) var finished = 0
    private var order = 0
    /// Length at which each sequence ends, by its number.
    private var lengths: [Int: Int] = [:]
    /// Width of each unit of beams.
    private var beams: [Int: Int] = [:]
    /// Steps since the oldest running unit got a row.
    private var stalled = 0

    init(limits: Scheduler.Limits) { self.limits = limits }

    mutating func step(_ run: inout SchedulerRun, _ random: inout SeededGenerator) {
        if arrives, Int.random(in: 0..<3, using: &random) == 0 { submit(&run, &random) }
        if Int.random(in: 0..<25, using: &random) == 0, let victim = lengths.keys.min() {
            end(victim, &run, counts: false)
        }
        propose(&run, &random)
        let rows = run.step()
        stalled = rows.isEmpty ? stalled + 1 : 0
        // Something runs in every step in which anything waits.
        #expect(stalled <= 1 || run.scheduler.isEmpty)
        for (sequence, rows) in rows.sorted(by: { $0.key < $1.key }) {
            accept(sequence, rows, &run, &random)
        }
        run.scheduler.finishStep()
        reorder(&run, &random)
        for sequence in lengths.keys.sorted() {
            guard let length = lengths[sequence], let found = run.scheduler.sequences[sequence] else {
                continue
            }
            if found.tokens.count >= length { end(sequence, &run, counts: true) }
        }
    }

    private mutating func submit(_ run: inout SchedulerRun, _ random: inout SeededGenerator) {
        let isBeam = Int.random(in: 0..<4, using: &random) == 0
        let count = isBeam ? Int.random(in: 1...limits.slots, using: &random) : 1
        let longest = limits.pages / count * limits.positions
        let length = Int.random(in: 2...max(2, min(longest, 40)), using: &random)
        guard run.scheduler.fits(sequences: count, positions: length) else { return }
        // Few different beginnings, so that many are shared.
        let kind = Int32.random(in: 0..<3, using: &random)
        let tokens = (0..<Int.random(in: 1..<length, using: &random)).map { Int32($0) * 3 + kind }
        let sequence = run.scheduler.submit(
            tokens, order: order, width: count, reusesPrefix: Bool.random(using: &random))
        order += 2
        lengths[sequence] = length
        if isBeam, let unit = run.scheduler.sequences[sequence]?.unit { beams[unit] = count }
    }

    private func propose(_ run: inout SchedulerRun, _ random: inout SeededGenerator) {
        for (sequence, length) in lengths.sorted(by: { $0.key < $1.key }) {
            guard let found = run.scheduler.sequences[sequence], found.isDecoding, beams[found.unit] == nil
            else { continue }
            let most = min(3, length - found.tokens.count - 1)
            guard most > 0, Bool.random(using: &random) else { continue }
            run.scheduler.propose(
                (0..<most).map { _ in Int32.random(in: 0..<5, using: &random) }, for: sequence)
        }
    }

    private mutating func accept(
        _ sequence: Int, _ rows: [StepPlan.Row], _ run: inout SchedulerRun, _ random: inout SeededGenerator
    ) {
        guard let found = run.scheduler.sequences[sequence], beams[found.unit] == nil,
            let last = rows.last, last.position >= found.tokens.count - 1
        else { return }
        let drafts = last.position - (found.tokens.count - 1)
        let accepted = Int.random(in: 0...drafts, using: &random)
        for index in 0..<accepted { run.scheduler.append(found.drafts[index], to: sequence) }
        run.scheduler.append(Int32.random(in: 0..<5, using: &random), to: sequence)
        run.scheduler.rejectDrafts(drafts - accepted, of: sequence)
    }

    /// Beams whose members have all computed their tokens; and now and then a fork.
    private mutating func reorder(_ run: inout SchedulerRun, _ random: inout SeededGenerator) {
        for (unit, width) in beams.sorted(by: { $0.key < $1.key }) {
            guard let members = run.scheduler.units[unit]?.members, let length = lengths[members[0]] else {
                continue
            }
            let sequences = members.compactMap { run.scheduler.sequences[$0] }
            guard sequences.allSatisfy({ $0.slot != nil && $0.computed == $0.tokens.count }) else { continue }
            let count = Int.random(in: 1...width, using: &random)
            let new = run.scheduler.reorder(
                unitOf: members[0],
                parents: (0..<count).compactMap { _ in members.randomElement(using: &random) },
                tokens: (0..<count).map { _ in Int32.random(in: 0..<5, using: &random) })
            members.forEach { lengths[$0] = nil }
            new.forEach { lengths[$0] = length }
        }
        guard arrives, Int.random(in: 0..<6, using: &random) == 0,
            let parent = lengths.keys.sorted().randomElement(using: &random), let length = lengths[parent],
            let found = run.scheduler.sequences[parent], found.slot != nil, beams[found.unit] == nil,
            found.computed > 0, found.computed == found.tokens.count - 1
        else { return }
        let child = run.scheduler.fork(
            parent, tokens: Array(found.tokens.dropLast()) + [4], computed: found.computed, order: order + 1)
        order += 2
        lengths[child] = length
    }

    private mutating func end(_ sequence: Int, _ run: inout SchedulerRun, counts: Bool) {
        guard let unit = run.scheduler.sequences[sequence]?.unit else { return }
        beams[unit] = nil
        for member in run.scheduler.units[unit]?.members ?? [] {
            run.scheduler.remove(member)
            lengths[member] = nil
            if counts { finished += 1 }
        }
    }
}
