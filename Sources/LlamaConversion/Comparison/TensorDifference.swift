import LlamaTensors

/// What a comparison of one tensor came to.
package enum TensorOutcome: Sendable, Equatable {
    /// The same dtype and the same bits.
    case identical
    /// The same numbers in two dtypes, of which both hold them exactly.
    case equalAfterCast
    /// The same shape and other numbers.
    case differs(TensorDifference)
    /// Two shapes.
    case shapes([Int], [Int])
    /// Only in the second checkpoint.
    case missingInFirst
    /// Only in the first checkpoint.
    case missingInSecond

    /// Whether the numbers are the same.
    package var isSame: Bool { self == .identical || self == .equalAfterCast }
}

/// How the numbers of two tensors of one shape differ.
package struct TensorDifference: Sendable, Equatable {
    /// Where two numbers differ: in the order of Meta's layout.
    package struct Place: Sendable, Equatable {
        /// Row, 0 for a tensor of one dimension.
        package let row: Int
        /// Column.
        package let column: Int
        /// The first checkpoint's number.
        package let first: Float
        /// The second checkpoint's number.
        package let second: Float
    }

    /// How many numbers differ.
    package private(set) var count = 0
    /// How many of those differ without a distance: in a sign of zero, or with an infinity or not-a-number on a side.
    package private(set) var oddCount = 0
    /// Largest distance in units in the last place of ``unit``: how many steps from one of its numbers to the next.
    package private(set) var ulps = 0.0
    /// The dtype of which the units are: the one with fewer significant bits.
    package let unit: DType
    /// Largest absolute difference.
    package private(set) var largestAbsolute = 0.0
    /// Largest difference relative to the larger of the two numbers.
    package private(set) var largestRelative = 0.0
    /// The first place in which they differ.
    package private(set) var firstPlace: Place?

    init(unit: DType) { self.unit = unit }

    /// Counts two numbers that differ.
    mutating func add(_ first: Float, _ second: Float, row: Int, column: Int) {
        count += 1
        if firstPlace == nil || (row, column) < (firstPlace?.row ?? 0, firstPlace?.column ?? 0) {
            firstPlace = Place(row: row, column: column, first: first, second: second)
        }
        guard first.isFinite, second.isFinite, first != second else {
            oddCount += 1
            return
        }
        let distance = abs(Double(first) - Double(second))
        largestAbsolute = max(largestAbsolute, distance)
        largestRelative = max(largestRelative, distance / Double(max(first.magnitude, second.magnitude)))
        ulps = max(ulps, abs(unit.ordinal(of: Double(first)) - unit.ordinal(of: Double(second))))
    }

    /// Whether every number is within so many units, and none differs without a distance.
    package func isWithin(ulps tolerance: Double) -> Bool { oddCount == 0 && ulps <= tolerance }
}

extension DType {
    /// Significant bits of a number and the smallest exponent of a normal one; nil for block formats and integers.
    private var precision: (bits: Int, minimumExponent: Int)? {
        switch self {
        case .float32: (24, -126)
        case .float16: (11, -14)
        case .bfloat16: (8, -126)
        default: nil
        }
    }

    /// How many of this dtype's numbers lie between 0 and `value`, signed; a fraction between two neighbours. A dtype
    /// without numbers of its own counts in float32.
    fileprivate func ordinal(of value: Double) -> Double {
        guard value != 0 else { return 0 }
        let (bits, minimum) = precision ?? (24, -126)
        let exponent = max(Int(value.exponent), minimum)
        let significand = value.magnitude / Double(sign: .plus, exponent: exponent, significand: 1)
        let count = (Double(exponent - minimum) + significand) * Double(1 << (bits - 1))
        return value < 0 ? -count : count
    }

    /// The dtype with fewer significant bits; block formats, which have none of their own, come last.
    static func narrower(_ first: DType, _ second: DType) -> DType {
        let (one, other) = (first.precision?.bits, second.precision?.bits)
        guard let one else { return other == nil ? .float32 : second }
        return one <= other ?? 24 ? first : second
    }
}
