import LlamaTensors

/// The outcome of comparing one tensor.
package enum TensorOutcome: Sendable, Equatable {
    /// The same dtype and the same bits.
    case identical
    /// The same values in two dtypes that both represent them exactly.
    case equalAfterCast
    /// The same shape, different values.
    case differs(TensorDifference)
    /// Different shapes.
    case shapes([Int], [Int])
    /// Only in the second checkpoint.
    case missingInFirst
    /// Only in the first checkpoint.
    case missingInSecond

    /// Whether the values are the same.
    package var isSame: Bool { self == .identical || self == .equalAfterCast }
}

/// How the values of two tensors of one shape differ.
package struct TensorDifference: Sendable, Equatable {
    /// Two values that differ, and where: in Meta's order of rows.
    package struct Element: Sendable, Equatable {
        /// Row, 0 for a tensor of one dimension.
        package let row: Int
        /// Column.
        package let column: Int
        /// The first checkpoint's value.
        package let first: Float
        /// The second checkpoint's value.
        package let second: Float
    }

    /// How many values differ.
    package private(set) var count = 0
    /// How many of those have no distance: zeros of different sign, or an infinity or a NaN on one side.
    package private(set) var oddCount = 0
    /// Largest distance in units in the last place of ``unit``: the steps from one representable value to the next.
    package private(set) var ulps = 0.0
    /// The dtype that defines the units: the one with fewer significant bits.
    package let unit: DType
    /// Largest absolute difference.
    package private(set) var largestAbsolute = 0.0
    /// Largest difference relative to the larger magnitude of the two.
    package private(set) var largestRelative = 0.0
    /// The first element that differs.
    package private(set) var firstElement: Element?

    /// No differences yet.
    init(unit: DType) { self.unit = unit }

    /// Adds two values that differ.
    mutating func add(_ first: Float, _ second: Float, row: Int, column: Int) {
        count += 1
        let isFirst = firstElement.map { (row, column) < ($0.row, $0.column) } ?? true
        if isFirst {
            firstElement = Element(row: row, column: column, first: first, second: second)
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

    /// Whether every value is within `tolerance` units, and none is without a distance.
    package func isWithin(ulps tolerance: Double) -> Bool { oddCount == 0 && ulps <= tolerance }
}

extension DType {
    /// Significant bits and the smallest normal exponent; nil for block formats and integers.
    private var precision: (bits: Int, minimumExponent: Int)? {
        switch self {
        case .float32: (24, -126)
        case .float16: (11, -14)
        case .bfloat16: (8, -126)
        default: nil
        }
    }

    /// How many of this dtype's values are between 0 and `value`, signed; fractional between two neighbors. Block
    /// formats and integers count in float32.
    fileprivate func ordinal(of value: Double) -> Double {
        guard value != 0 else { return 0 }
        let (bits, minimum) = precision ?? (24, -126)
        let exponent = max(Int(value.exponent), minimum)
        let significand = value.magnitude / Double(sign: .plus, exponent: exponent, significand: 1)
        let count = (Double(exponent - minimum) + significand) * Double(1 << (bits - 1))
        return value < 0 ? -count : count
    }

    /// The dtype with fewer significant bits; a block format only where both are.
    static func narrower(_ first: DType, _ second: DType) -> DType {
        let (one, other) = (first.precision?.bits, second.precision?.bits)
        guard let one else { return other == nil ? .float32 : second }
        return one <= other ?? 24 ? first : second
    }
}
