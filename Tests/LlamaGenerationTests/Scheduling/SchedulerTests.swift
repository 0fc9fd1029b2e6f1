import LlamaTestSupport
import Testing

@testable import LlamaGeneration

struct SchedulerTests {
    private static let limits = Scheduler.Limits(rows: 16, slots: 4, pages: 24, positions: 4)

    /// Ends a sequence that has as many tokens as it should, else appends one.
    private func advance(_ run: inout SchedulerRun, _ rows: [Int: [StepPlan.Row]], to length: Int) {
        for (sequence, rows) in rows.sorted(by: { $0.key < $1.key }) {
            guard let tokens = run.scheduler.sequences[sequence]?.tokens, let last = rows.last,
                last.position == tokens.count - 1
            else { continue }
            run.scheduler.append(Int32(tokens.count % 7), to: sequence)
        }
        run.scheduler.finishStep()
        for sequence in rows.keys where run.scheduler.sequences[sequence]?.tokens.count ?? 0 >= length {
            run.scheduler.remove(sequence)
        }
    }

    @Test func decodesWhileAPromptIsRead() {
        var run = SchedulerRun(Self.limits)
        let first = run.scheduler.submit([1, 2], order: 0)
        advance(&run, run.step(), to: 100)
        let second = run.scheduler.submit(Array(10..<60), order: 1)
        for _ in 0..<4 {
            let rows = run.step()
            #expect(rows[first]?.count == 1)
            #expect((rows[second]?.count ?? 0) <= 15)
            advance(&run, rows, to: 100)
        }
        #expect(run.scheduler.sequences[second]?.tokens.count == 51)
    }

    /// A stop token may be chosen where its drafts, which nothing rejects, would have filled the page.
    @Test func endsASequenceBeforeDraftsThatFillAPage() {
        var run = SchedulerRun(Self.limits)
        let sequence = run.scheduler.submit([1, 2], order: 0)
        advance(&run, run.step(), to: 100)
        run.scheduler.propose([3, 4, 5], for: sequence)
        #expect(run.step()[sequence]?.count == 4)
        run.scheduler.finishStep()
        #expect(run.scheduler.sequences[sequence]?.computed == 3)
        run.scheduler.remove(sequence)
        run.checkEmpty()
    }

    @Test func sharesEqualBeginnings() {
        var run = SchedulerRun(Self.limits)
        let prefix = Array(Int32(0)..<12)
        for order in 0..<3 { _ = run.scheduler.submit(prefix + [Int32(20 + order)], order: order) }
        advance(&run, run.step(), to: 16)
        // The others waited for what the first computed.
        #expect(run.computedRows == 13)
        while !run.scheduler.isEmpty { advance(&run, run.step(), to: 16) }
        #expect(run.computedRows == 13 + 2 + 3 * 2)
        // And a later one finds it.
        let later = run.scheduler.submit(prefix + [30], order: 3)
        #expect(run.step()[later]?.map(\.position) == [12])
        run.scheduler.finishStep()
        run.scheduler.remove(later)
        run.checkEmpty()
    }

    @Test func givesUpWhatWasUsedLeastRecently() {
        var run = SchedulerRun(Scheduler.Limits(rows: 16, slots: 1, pages: 4, positions: 4))
        for (order, first) in [0, 100, 0].enumerated() {
            let tokens = (0..<12).map { Int32(first + $0) }
            let sequence = run.scheduler.submit(tokens, order: order)
            // Of the first prompt's three pages, the last two went to the second prompt; or so the counts say.
            #expect(run.step()[sequence]?.count == [12, 12, 8][order])
            run.scheduler.finishStep()
            run.scheduler.remove(sequence)
        }
        run.checkEmpty()
    }

    @Test func preemptsTheYoungestAndRunsItLater() {
        var run = SchedulerRun(Scheduler.Limits(rows: 16, slots: 4, pages: 6, positions: 4))
        let sequences = (0..<3).map {
            run.scheduler.submit([Int32($0), Int32(50 + $0)], order: $0)
        }
        var ended: [Int] = []
        var steps = 0
        while !run.scheduler.isEmpty, steps < 200 {
            advance(&run, run.step(), to: 18)
            for sequence in sequences where !ended.contains(sequence) {
                if run.scheduler.sequences[sequence] == nil { ended.append(sequence) }
            }
            steps += 1
        }
        #expect(ended == sequences)
        #expect(run.preemptions > 0)
        run.checkEmpty()
    }

    @Test func knowsWhatCanNeverFit() {
        let scheduler = Scheduler(Self.limits)
        #expect(scheduler.fits(sequences: 1, positions: 96))
        #expect(!scheduler.fits(sequences: 1, positions: 97))
        #expect(scheduler.fits(sequences: 4, positions: 24))
        #expect(!scheduler.fits(sequences: 4, positions: 25))
        #expect(!scheduler.fits(sequences: 5, positions: 1))
    }

    @Test func forksCopyOnWrite() {
        var run = SchedulerRun(Self.limits)
        let parent = run.scheduler.submit([1, 2, 3, 4, 5, 6], order: 0)
        _ = run.step()
        run.scheduler.append(7, to: parent)
        run.scheduler.finishStep()
        let child = run.scheduler.fork(parent, tokens: [1, 2, 3, 4, 5, 6, 8], computed: 6, order: 1)
        #expect(run.scheduler.sequences[child]?.pages == run.scheduler.sequences[parent]?.pages)
        let rows = run.step()
        #expect(rows[parent]?.map(\.token) == [7])
        #expect(rows[child]?.map(\.token) == [8])
        let pages = [parent, child].compactMap { run.scheduler.sequences[$0]?.pages }
        #expect(pages[0][0] == pages[1][0])
        #expect(pages[0][1] != pages[1][1])
        run.scheduler.finishStep()
        run.scheduler.remove(parent)
        run.scheduler.remove(child)
        run.checkEmpty()
    }

    @Test func beamsContinueWhatTheyDescendFrom() {
        var run = SchedulerRun(Self.limits)
        let first = run.scheduler.submit([1, 2, 3, 4, 5], order: 0, width: 3)
        #expect(run.step().values.map(\.count) == [5])
        run.scheduler.finishStep()
        var beams = run.scheduler.reorder(
            unitOf: first, parents: [first, first, first], tokens: [6, 7, 8])
        _ = run.step()
        run.scheduler.finishStep()
        beams = run.scheduler.reorder(
            unitOf: beams[0], parents: [beams[2], beams[2], beams[1]], tokens: [9, 10, 11])
        #expect(
            beams.map { run.scheduler.sequences[$0]?.tokens } == [
                [1, 2, 3, 4, 5, 8, 9], [1, 2, 3, 4, 5, 8, 10], [1, 2, 3, 4, 5, 7, 11],
            ])
        for _ in 0..<3 {
            _ = run.step()
            run.scheduler.finishStep()
            beams = run.scheduler.reorder(
                unitOf: beams[0], parents: [beams[1], beams[0], beams[1]], tokens: [1, 2, 3])
        }
        beams.forEach { run.scheduler.remove($0) }
        run.checkEmpty()
    }

    /// Sequences of random lengths, alone, as beams and forked, with drafts, arrive and leave at random.
    @Test(arguments: 0..<40)
    func losesNothingWhateverHappens(_ seed: Int) {
        var random = SeededGenerator(seed: seed)
        let limits = Scheduler.Limits(
            rows: Int.random(in: 4...20, using: &random), slots: Int.random(in: 1...4, using: &random),
            pages: Int.random(in: 8...24, using: &random), positions: 4)
        var run = SchedulerRun(limits)
        var actor = RandomRequests(limits: limits)
        for _ in 0..<300 { actor.step(&run, &random) }
        var steps = 0
        while !run.scheduler.isEmpty, steps < 5000 {
            actor.arrives = false
            actor.step(&run, &random)
            steps += 1
        }
        run.checkEmpty()
        #expect(actor.finished > 10)
    }
}
