/// What a change of dtype lost of a tensor's values.
package struct ConversionLoss: Sendable, Equatable {
    /// Values that changed.
    package internal(set) var changed = 0
    /// All values.
    package internal(set) var count = 0
    /// The largest relative change of a value that stayed finite and was not 0.
    package internal(set) var largestRelativeError: Float = 0
    /// Finite values that became infinite or not a number.
    package internal(set) var overflowed = 0
    /// Nonzero values that became 0.
    package internal(set) var underflowed = 0
    /// Values that were infinite or not a number before.
    package internal(set) var nonFinite = 0
    /// Those of them that became finite.
    package internal(set) var becameFinite = 0
    /// Sum of the squared changes of the values that were finite and stayed so.
    package internal(set) var squaredError = 0.0

    /// Whether no value changed.
    package var isNone: Bool { changed == 0 }

    /// Whether finite and other values were mixed up, or there were others: what quantization must not hide.
    package var isDamage: Bool { nonFinite > 0 || overflowed > 0 }

    /// Root of the mean squared change of the values that were finite and stayed so.
    package var rootMeanSquareError: Double {
        (squaredError / Double(max(1, count - nonFinite - overflowed))).squareRoot()
    }

    /// The loss of no values.
    package init() {}

    /// Adds another tensor's counts.
    package mutating func add(_ other: ConversionLoss) {
        changed += other.changed
        count += other.count
        largestRelativeError = max(largestRelativeError, other.largestRelativeError)
        overflowed += other.overflowed
        underflowed += other.underflowed
        nonFinite += other.nonFinite
        becameFinite += other.becameFinite
        squaredError += other.squaredError
    }

    /// Counts the changes between values before and after.
    mutating func add(_ before: UnsafeBufferPointer<Float>, _ after: UnsafeBufferPointer<Float>) {
        guard let old = before.baseAddress, let new = after.baseAddress, after.count >= before.count else {
            return
        }
        count += before.count
        // Small enough that float32 sums of squares are exact to five digits, and that the values stay in the cache.
        let size = 2048
        for start in stride(from: 0, to: before.count, by: size) {
            let tally = ConversionLossTally(
                old + start, new + start, count: min(size, before.count - start))
            changed += Int(tally.changed)
            overflowed += Int(tally.overflowed)
            underflowed += Int(tally.underflowed)
            nonFinite += Int(tally.nonFinite)
            becameFinite += Int(tally.becameFinite)
            largestRelativeError = max(largestRelativeError, tally.largestRelativeError)
            squaredError += tally.squaredError
        }
    }
}

/// The counts of a few values. The loops have no branches, so that they vectorize.
private struct ConversionLossTally {
    private(set) var changed: Int32 = 0
    private(set) var overflowed: Int32 = 0
    private(set) var underflowed: Int32 = 0
    private(set) var nonFinite: Int32 = 0
    private(set) var becameFinite: Int32 = 0
    private(set) var largestRelativeError: Float = 0
    private(set) var squaredError = 0.0

    /// The bits of infinity. Those of finite magnitudes are less, those of NaNs greater.
    private static let infinity: Int32 = 0x7F80_0000

    init(_ old: UnsafePointer<Float>, _ new: UnsafePointer<Float>, count: Int) {
        for index in 0..<count { self.count(bits(old[index]), bits(new[index])) }
        var largest: Int32 = 0
        for index in 0..<count {
            let magnitude = self.magnitude(old[index])
            let change = self.magnitude((new[index] - old[index]) / old[index])
            let isNumber =
                magnitude < Self.infinity && self.magnitude(new[index]) < Self.infinity && magnitude > 0
            let counted = isNumber ? change : 0
            // Positive floats are in the order of their bits.
            largest = counted > largest ? counted : largest
        }
        largestRelativeError = Float(bitPattern: UInt32(bitPattern: largest))
        let squares = Self.squares(old, new, count: count)
        // Float32 is too narrow for the squares of extreme changes, and of those to and from infinity.
        let isExact = squares > 0x1p-100 && squares.isFinite
        squaredError =
            changed == 0 ? 0 : isExact ? Double(squares) : Self.exactSquares(old, new, count: count)
    }

    @inline(__always)
    private mutating func count(_ old: Int32, _ new: Int32) {
        let (oldMagnitude, newMagnitude) = (old & 0x7FFF_FFFF, new & 0x7FFF_FFFF)
        let wasFinite: Int32 = oldMagnitude < Self.infinity ? 1 : 0
        let isFinite: Int32 = newMagnitude < Self.infinity ? 1 : 0
        let areNaN: Int32 = (oldMagnitude > Self.infinity ? 1 : 0) & (newMagnitude > Self.infinity ? 1 : 0)
        changed &+= (old != new ? 1 : 0) & (areNaN ^ 1)
        overflowed &+= wasFinite & (isFinite ^ 1)
        underflowed &+= (newMagnitude == 0 ? 1 : 0) & (oldMagnitude > 0 ? 1 : 0)
        nonFinite &+= wasFinite ^ 1
        becameFinite &+= (wasFinite ^ 1) & isFinite
    }

    @inline(__always)
    private func bits(_ value: Float) -> Int32 { Int32(bitPattern: value.bitPattern) }

    @inline(__always)
    private func magnitude(_ value: Float) -> Int32 { bits(value) & 0x7FFF_FFFF }

    /// The sum of squared changes in eight float32 lanes.
    private static func squares(
        _ old: UnsafePointer<Float>, _ new: UnsafePointer<Float>, count: Int
    ) -> Float {
        var sums = SIMD8<Float>()
        let whole = count / 8 * 8
        for index in stride(from: 0, to: whole, by: 8) {
            let offset = 4 &* index
            let change =
                UnsafeRawPointer(new).loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
                - UnsafeRawPointer(old).loadUnaligned(fromByteOffset: offset, as: SIMD8<Float>.self)
            sums += change * change
        }
        for index in whole..<count { sums[0] += (new[index] - old[index]) * (new[index] - old[index]) }
        return sums.sum()
    }

    private static func exactSquares(
        _ old: UnsafePointer<Float>, _ new: UnsafePointer<Float>, count: Int
    ) -> Double {
        (0..<count).reduce(0.0) { sum, index in
            guard old[index].isFinite, new[index].isFinite else { return sum }
            let change = Double(new[index]) - Double(old[index])
            return sum + change * change
        }
    }
}
