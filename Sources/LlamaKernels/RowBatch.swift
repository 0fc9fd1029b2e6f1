import CLlamaKernels

/// The rows of one forward pass: for each a token, its position, and the cache slot of its sequence.
package final class RowBatch {
    /// Most rows the batch can hold.
    package let capacity: Int
    /// Rows held.
    package private(set) var count = 0
    /// One past the highest position in the batch.
    package private(set) var positionEnd = 0
    /// One past the highest slot in the batch.
    package private(set) var slotEnd = 0
    /// One past the highest token in the batch.
    private var tokenEnd = 0
    let rows: UnsafeMutablePointer<lk_row>
    let tokens: UnsafeMutablePointer<Int32>

    /// Allocates room for `capacity` rows.
    package init(capacity: Int) {
        self.capacity = max(capacity, 0)
        rows = .allocate(capacity: self.capacity)
        tokens = .allocate(capacity: self.capacity)
    }

    deinit {
        rows.deallocate()
        tokens.deallocate()
    }

    /// Adds a row.
    ///
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)`` where the batch is full, or a number is negative or
    ///   above `Int32.max`.
    package func append(token: Int32, position: Int, slot: Int) throws(KernelError) {
        guard count < capacity else {
            throw .invalidBatch(
                what: "batch", expected: "at most \(capacity) rows", found: "one more")
        }
        let limit = Int(Int32.max)
        guard token >= 0, (0..<limit).contains(position), (0..<limit).contains(slot) else {
            throw .invalidBatch(
                what: "row \(count) of the batch", expected: "a token, a position and a slot from 0 on",
                found: "token \(token), position \(position), slot \(slot)")
        }
        rows[count] = lk_row(position: Int32(position), slot: Int32(slot))
        tokens[count] = token
        count += 1
        positionEnd = max(positionEnd, position + 1)
        slotEnd = max(slotEnd, slot + 1)
        tokenEnd = max(tokenEnd, Int(token) + 1)
    }

    /// Empties the batch.
    package func removeAll() { (count, positionEnd, slotEnd, tokenEnd) = (0, 0, 0, 0) }

    /// Position and slot of a row.
    ///
    /// - Parameter row: Below ``count``.
    package func location(of row: Int) throws(KernelError) -> (position: Int, slot: Int) {
        guard (0..<count).contains(row) else {
            throw .invalidBatch(what: "row of the batch", expected: "one below \(count)", found: "\(row)")
        }
        return (Int(rows[row].position), Int(rows[row].slot))
    }

    /// Checks that every slot and every position is one of a cache's.
    @inline(__always)
    func require(slots: Int, positions: Int) throws(KernelError) {
        guard slotEnd <= slots else {
            throw .invalidBatch(what: "slot", expected: "one below \(slots)", found: "\(slotEnd - 1)")
        }
        guard positionEnd <= positions else {
            throw .invalidBatch(
                what: "position", expected: "one below \(positions)", found: "\(positionEnd - 1)")
        }
    }

    /// Checks that every token is below the size of a vocabulary.
    ///
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)``.
    package func require(tokens: Int) throws(KernelError) {
        guard tokenEnd <= tokens else {
            throw .invalidBatch(what: "token", expected: "an id below \(tokens)", found: "\(tokenEnd - 1)")
        }
    }
}
