extension String {
    /// The text with control characters other than newline and tab spelled out.
    package func visible(_ spelling: Console.Spelling = .swift) -> String {
        guard unicodeScalars.contains(where: Self.isObeyed) else { return self }
        return unicodeScalars.reduce(into: "") { text, scalar in
            guard Self.isObeyed(scalar) else { return text.unicodeScalars.append(scalar) }
            switch spelling {
            case .swift: text += scalar.escaped(asASCII: true)
            case .json:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                text += #"\u"# + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
    }

    /// Whether a terminal obeys the character: C0, DEL and C1, but for newline and tab.
    private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case ..<0x20, 0x7F...0x9F: true
        default: false
        }
    }
}
