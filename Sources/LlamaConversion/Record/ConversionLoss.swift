/// What a change of dtype lost of a tensor's values.
package struct ConversionLoss: Sendable, Equatable {
    /// Values that changed.
    package internal(set) var changed = 0
    /// All values.
    package internal(set) var count = 0
    /// The largest relative change of a value that stayed finite and was not 0.
    package internal(set) var largestRelativeError: Float = 0
    /// Finite values that became infinite.
    package internal(set) var overflowed = 0
    /// Nonzero values that became 0.
    package internal(set) var underflowed = 0

    /// Whether no value changed.
    package var isNone: Bool { changed == 0 }

    /// The loss of no values.
    package init() {}

    /// Adds another tensor's counts.
    package mutating func add(_ other: ConversionLoss) {
        changed += other.changed
        count += other.count
        largestRelativeError = max(largestRelativeError, other.largestRelativeError)
        overflowed += other.overflowed
        underflowed += other.underflowed
    }

    /// Counts the changes between values before and after.
    mutating func add(_ before: UnsafeBufferPointer<Float>, _ after: UnsafeBufferPointer<Float>) {
        count += before.count
        for index in before.indices {
            let (old, new) = (before[index], after[index])
            if old.bitPattern == new.bitPattern || old.isNaN && new.isNaN { continue }
            changed += 1
            if new.isInfinite, old.isFinite {
                overflowed += 1
            } else if new == 0, old != 0 {
                underflowed += 1
                largestRelativeError = max(largestRelativeError, 1)
            } else if old != 0, new.isFinite, old.isFinite {
                largestRelativeError = max(largestRelativeError, abs((new - old) / old))
            }
        }
    }
}
