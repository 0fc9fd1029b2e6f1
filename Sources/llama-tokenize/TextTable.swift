import LlamaJSON

/// Columns of text.
enum TextTable {
    /// Rows in columns two spaces apart, indented.
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

    /// A text with spaces behind it up to a width in characters.
    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

/// A part of a text, for a line.
enum Excerpt {
    private static let reach = 30

    /// The scalars around a place, as a JSON string; `…` stands outside of it for what is left out.
    static func around(_ place: Int, in text: String) -> String {
        let scalars = Array(text.unicodeScalars)
        let start = max(0, min(place, scalars.count) - reach)
        let end = min(scalars.count, place + reach)
        var part = String.UnicodeScalarView()
        part.append(contentsOf: scalars[start..<end])
        let json = JSONText.string(String(part)).serialized.oneLine()
        return (start > 0 ? "…" : "") + json + (end < scalars.count ? "…" : "")
    }
}
