import LlamaCheckpoints
import LlamaTensors

/// A weight that quantization would hide or spread: one that is infinite or not a number, or so large that the scale of
/// its block overflows float16.
package struct UnstorableWeight: Sendable, Equatable {
    /// Path of the source's file.
    let file: String
    /// The tensor's name in it.
    let tensor: String
    /// Row in that file's tensor; nil for a vector.
    let row: Int?
    /// Column in that file's tensor.
    let column: Int
    /// The weight.
    let value: Float
    /// What it should be stored as.
    let dtype: DType

    /// The first weight to blame, where values and what their stored form decodes to are not both finite.
    ///
    /// - Returns: Its index: the one that is not finite itself, or the greatest of its block.
    static func index(
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
    package var description: String {
        let position = row.map { "row \($0), column \(column)" } ?? "element \(column)"
        let expected =
            value.isFinite
            ? "a weight of at most \(Self.limit(of: dtype)), which \(dtype.rawValue) can store"
            : "finite weights to store as \(dtype.rawValue)"
        return "\(file): \(tensor): \(position): expected \(expected), found \(value)"
    }

    /// About the greatest magnitude that a dtype stores: float16 rounds 65520 to infinity, and the scale of a block is
    /// its greatest magnitude over 127 or 8.
    private static func limit(of dtype: DType) -> String {
        switch dtype {
        case .q8_0: "8.32e6"
        case .q4_0: "5.24e5"
        default: "65504"
        }
    }
}
