// Which sequences keep their pages.
extension Scheduler {
    /// Gets pages for the next rows of running units, oldest first; where there are none, the youngest units wait again.
    mutating func makeRoom() {
        var index = 0
        while index < running.count {
            let unit = running[index]
            var hasRoom = true
            for member in units[unit]?.members ?? [] {
                while hasRoom, !reservePages(for: member) {
                    hasRoom = running.count > index + 1
                    preempt(running[running.count - 1])
                }
                guard hasRoom else { break }
            }
            index += 1
        }
    }

    /// Pages for all known tokens of a running sequence, of its own where rows will be written; false where there are too
    /// few.
    private mutating func reservePages(for member: Int) -> Bool {
        guard let sequence = sequences[member], let slot = sequence.slot, sequence.computed < sequence.goal
        else { return true }
        let first = sequence.computed / limits.positions
        if first < sequence.pages.count, !pool.isExclusive(sequence.pages[first]) {
            guard let copy = pool.allocate() else { return false }
            let shared = sequence.pages[first]
            plan.copies.append((shared, copy))
            plan.pages.append((slot, first, copy))
            sequences[member]?.pages[first] = copy
            pool.release(shared)
        }
        return extendPages(of: member, to: sequence.goal)
    }

    mutating func extendPages(of member: Int, to positions: Int) -> Bool {
        guard let slot = sequences[member]?.slot else { return false }
        while let count = sequences[member]?.pages.count, count < pageCount(positions) {
            guard let page = pool.allocate() else { return false }
            sequences[member]?.pages.append(page)
            plan.pages.append((slot, count, page))
        }
        return true
    }

    private mutating func preempt(_ unit: Int) {
        running.removeAll { $0 == unit }
        insert(unit, into: \.waiting)
        for member in units[unit]?.members ?? [] {
            stop(member)
            plan.preempted.append(member)
        }
        freeSlots += units[unit]?.slots ?? []
        units[unit]?.slots = []
    }

    /// Gives back a sequence's pages.
    mutating func stop(_ member: Int) {
        guard let sequence = sequences[member], let slot = sequence.slot else { return }
        for page in sequence.pages.reversed() { pool.release(page) }
        sequences[member]?.pages.removeAll()
        sequences[member]?.computed = 0
        sequences[member]?.registered = 0
        sequences[member]?.planned = 0
        sequences[member]?.drafts.removeAll()
        sequences[member]?.slot = nil
        plan.pages.removeAll { $0.slot == slot }
        plan.lengths.removeAll { $0.slot == slot }
    }
}
