/// What a change of dtype did to a tensor's values.
package struct ConversionLoss: Sendable, Equatable {
    /// Values that are not what they were.
    package internal(set) var changed = 0
    /// All values.
    package internal(set) var count = 0
    /// The largest change of a value that stayed finite and was not 0, as a part of that value.
    package internal(set) var largestRelativeError: Float = 0
    /// Finite values that became infinite.
    package internal(set) var overflowed = 0
    /// Values that became 0 and were not.
    package internal(set) var underflowed = 0

    /// Whether every value is what it was.
    package var isNone: Bool { changed == 0 }

    /// No values, and so none lost.
    package init() {}

    /// Counts another tensor's values too.
    package mutating func add(_ other: ConversionLoss) {
        changed += other.changed
        count += other.count
        largestRelativeError = max(largestRelativeError, other.largestRelativeError)
        overflowed += other.overflowed
        underflowed += other.underflowed
    }

    /// Counts what became of some values.
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
