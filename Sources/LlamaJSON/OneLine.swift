extension String {
    /// The text as a part of a one-line message: what a terminal would obey or not show is escaped, and at
    /// most `limit` characters are kept.
    package func oneLine(limit: Int = 200) -> String {
        var line = ""
        for (position, scalar) in unicodeScalars.enumerated() {
            guard position < limit else { return line + "…" }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                line += scalar.escaped(asASCII: true)
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}
