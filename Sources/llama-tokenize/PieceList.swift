import LlamaTokenizers

/// Tokens as a person reads them: ids and pieces.
struct PieceList {
    private let tokenizer: any Tokenizer
    private let width: Int

    init(_ tokenizer: any Tokenizer) {
        self.tokenizer = tokenizer
        width = String(max(0, tokenizer.vocabularySize - 1)).count
    }

    /// A line for each id, the ids right-aligned; every line ends with a line feed.
    func rows(_ ids: [Int32]) -> String {
        ids.map { row($0) + "\n" }.joined()
    }

    /// An id and its piece.
    func row(_ id: Int32) -> String {
        let number = String(id)
        let padding = String(repeating: " ", count: max(0, width - number.count))
        return "\(padding)\(number) \(Self.piece(id, of: tokenizer))"
    }

    /// A token's spelling in printable form.
    static func piece(_ id: Int32, of tokenizer: any Tokenizer) -> String {
        readable(tokenizer.spelling(of: id))
    }

    /// Bytes as text in which everything is visible: `▁` for a space, `<0xE4>` for bytes that are not UTF-8, and
    /// escapes for invisible characters.
    static func readable(_ bytes: [UInt8]) -> String {
        var text = ""
        var parser = Unicode.UTF8.ForwardParser()
        var rest = bytes.makeIterator()
        var offset = 0
        while true {
            switch parser.parseScalar(from: &rest) {
            case .valid(let encoded):
                text += readable(Unicode.UTF8.decode(encoded), isFirst: offset == 0)
                offset += encoded.count
            case .error(let length):
                for byte in bytes[offset..<(offset + length)] { text += "<0x\(hexadecimal(byte))>" }
                offset += length
            case .emptyInput: return text
            }
        }
    }

    private static func readable(_ scalar: Unicode.Scalar, isFirst: Bool) -> String {
        switch scalar {
        case " ": return "▁"
        case "▁": return #"\u{2581}"#
        case "\\": return #"\\"#
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .privateUse,
            .unassigned:
            return scalar.escaped(asASCII: true)
        case .nonspacingMark, .enclosingMark, .spacingMark:
            // At the start of a piece it would combine with the space before the piece.
            return isFirst ? scalar.escaped(asASCII: true) : String(scalar)
        default: return String(scalar)
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count == 1 ? "0" + digits : digits
    }
}
