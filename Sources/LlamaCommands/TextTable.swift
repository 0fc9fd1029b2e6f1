/// Columns of text.
package enum TextTable {
    /// Rows as lines, their columns two spaces apart, without spaces at the end.
    ///
    /// - Parameters:
    ///   - indentation: Spaces before every line.
    ///   - rightAligned: Columns of numbers.
    package static func lines(
        _ rows: [[String]], indentation: Int = 2, rightAligned: Set<Int> = []
    ) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                rightAligned.contains(column)
                    ? String(repeating: " ", count: widths[column] - cell.count) + cell
                    : padded(cell, widths[column])
            }
            let line = String(repeating: " ", count: indentation) + cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// A text padded with spaces on the right to a width in characters.
    package static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
