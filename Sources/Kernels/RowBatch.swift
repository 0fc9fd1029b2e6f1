import CKernels

/// The rows of one forward pass: for each a token, its position, and the cache slot of its sequence.
public final class RowBatch {
    /// Most rows the batch can hold.
    public let capacity: Int
    /// Rows held.
    public private(set) var count = 0
    /// One past the highest position in the batch.
    public private(set) var end = 0
    let rows: UnsafeMutablePointer<lk_row>
    let tokens: UnsafeMutablePointer<Int32>

    /// Allocates room for `capacity` rows.
    public init(capacity: Int) {
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
    public func append(token: Int32, position: Int, slot: Int) -> Bool {
        guard count < capacity else { return false }
        rows[count] = lk_row(position: Int32(position), slot: Int32(slot))
        tokens[count] = token
        count += 1
        end = max(end, position + 1)
        return true
    }

    /// Empties the batch.
    public func removeAll() { (count, end) = (0, 0) }
}
