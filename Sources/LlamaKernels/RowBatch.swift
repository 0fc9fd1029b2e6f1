import CLlamaKernels

/// The rows of one forward pass: for each a token, its position, and the cache slot of its sequence.
package final class RowBatch {
    /// Most rows the batch can hold.
    package let capacity: Int
    /// Rows held.
    package private(set) var count = 0
    /// One past the highest position in the batch.
    package private(set) var end = 0
    let rows: UnsafeMutablePointer<lk_row>
    let tokens: UnsafeMutablePointer<Int32>

    /// Allocates room for `capacity` rows.
    package init(capacity: Int) {
        self.capacity = capacity
        rows = .allocate(capacity: capacity)
        tokens = .allocate(capacity: capacity)
    }

    deinit {
        rows.deallocate()
        tokens.deallocate()
    }

    /// Adds a row; false where the batch is full.
    @discardableResult
    package func append(token: Int32, position: Int, slot: Int) -> Bool {
        guard count < capacity else { return false }
        rows[count] = lk_row(position: Int32(position), slot: Int32(slot))
        tokens[count] = token
        count += 1
        end = max(end, position + 1)
        return true
    }

    /// Empties the batch.
    package func removeAll() { (count, end) = (0, 0) }
}
