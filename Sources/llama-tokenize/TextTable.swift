import LlamaJSON

/// Columns of text.
enum TextTable {
    /// Rows as indented lines, their columns two spaces apart.
    static func lines(_ rows: [[String]], rightAligned: Set<Int> = []) -> [String] {
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
            let line = "    " + cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// A text padded with spaces on the right to a width in characters.
    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

/// An excerpt of a text, for one line of output.
enum Excerpt {
    /// Scalars shown on each side.
    private static let reach = 30

    /// The scalars around a position as a JSON string, with `…` outside it for what is cut off.
    ///
    /// - Parameter position: Counted in scalars.
    static func around(_ position: Int, in text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        let start = max(0, min(position, scalars.count) - reach)
        let end = min(scalars.count, position + reach)
        var excerpt = String.UnicodeScalarView()
        excerpt.append(contentsOf: scalars[start..<end])
        let json = JSONText.string(String(excerpt)).serialized.oneLine()
        return (start > 0 ? "…" : "") + json + (end < scalars.count ? "…" : "")
    }
}
