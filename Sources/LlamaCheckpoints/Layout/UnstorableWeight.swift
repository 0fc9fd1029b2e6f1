import LlamaTensors

/// A weight that quantization would hide or spread: one that is infinite or not a number, or so large that the scale of
/// its block overflows float16.
package struct UnstorableWeight: Sendable, Equatable {
    /// Path of the source's file.
    package let file: String
    /// The tensor's name in it.
    package let tensor: String
    /// Row in that file's tensor; nil for a vector.
    let row: Int?
    /// Column in that file's tensor.
    let column: Int
    /// The weight.
    let value: Float
    /// What it should be stored as.
    let dtype: DType

    /// Finds the first weight to blame, where values and what their stored form decodes to are not both finite: the one
    /// that is not finite itself, or the greatest of its block. Nil where all are finite.
    ///
    /// - Parameters:
    ///   - values: Of whole rows.
    ///   - decoded: The same as `dtype` stores them.
    ///   - rows: The rows of `weight`, and how its files hold them.
    ///   - start: The row that the first value belongs to.
    package init?(
        in values: UnsafeBufferPointer<Float>, decoded: UnsafeBufferPointer<Float>, of weight: Weight,
        _ rows: CanonicalRows, from start: Int, as dtype: DType
    ) {
        guard !Self.areFinite(values) || !Self.areFinite(decoded),
            let index = Self.index(in: values, decoded: decoded, blockCount: dtype.blockCount)
        else { return nil }
        let (part, row, column) = rows.stored(
            row: start + index / rows.columnCount, column: index % rows.columnCount)
        self.init(
            file: weight.files[part], tensor: weight.name, row: weight.shape.count > 1 ? row : nil,
            column: column, value: values[index], dtype: dtype)
    }

    private init(file: String, tensor: String, row: Int?, column: Int, value: Float, dtype: DType) {
        (self.file, self.tensor, self.row, self.column) = (file, tensor, row, column)
        (self.value, self.dtype) = (value, dtype)
    }

    /// The loop has no branches, so that it vectorizes.
    private static func areFinite(_ values: UnsafeBufferPointer<Float>) -> Bool {
        var isOther: Int32 = 0
        for value in values {
            let magnitude = Int32(bitPattern: value.bitPattern & 0x7FFF_FFFF)
            isOther |= magnitude >= 0x7F80_0000 ? 1 : 0
        }
        return isOther == 0
    }

    private static func index(
        in values: UnsafeBufferPointer<Float>, decoded: UnsafeBufferPointer<Float>, blockCount: Int
    ) -> Int? {
        let first = values.indices.first { !values[$0].isFinite || !decoded[$0].isFinite }
        guard let first else { return nil }
        let start = first / blockCount * blockCount
        let block = start..<min(start + blockCount, values.count)
        return block.first { !values[$0].isFinite }
            ?? block.max { values[$0].magnitude < values[$1].magnitude }
    }
}

extension UnstorableWeight: CustomStringConvertible {
    /// One line: the position, what was expected, what was found.
    package var description: String { "\(file): \(location): expected \(expected), found \(value)" }

    /// The error of a checkpoint that has such a weight, for uses that cannot do without its being stored.
    ///
    /// - Parameter advice: What to do about it.
    package func error(advice: String) -> CheckpointError {
        .invalid(file, location, expected: expected, found: "\(value)", advice: advice)
    }

    private var location: String {
        "\(tensor): " + (row.map { "row \($0), column \(column)" } ?? "element \(column)")
    }

    private var expected: String {
        value.isFinite
            ? "a weight of at most \(Self.limit(of: dtype)), which \(dtype.rawValue) can store"
            : "finite weights to store as \(dtype.rawValue)"
    }

    /// About the greatest magnitude that a dtype stores: float16 rounds 65520 to infinity, and the scale of a block is
    /// its greatest magnitude over 127, 8, 16 or 4096. That of the minima of Q4_K is the least value over -63, or
    /// somewhat more where that fits better.
    private static func limit(of dtype: DType) -> String {
        switch dtype {
        case .q8_0: "8.32e6"
        case .q4_0: "5.24e5"
        case .q5_0: "1.04e6"
        case .q4_K: "4e6"
        case .q6_K: "2.66e8"
        default: "65504"
        }
    }
}
