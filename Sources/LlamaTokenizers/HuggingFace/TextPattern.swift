/// The pattern of a rule in a `tokenizer.json`.
enum TextPattern: Sendable {
    /// Literal text of at least one byte.
    case text([UInt8])
    /// A regular expression.
    case program(PatternProgram)
    /// Llama 3's split pattern, for which there is a scanner.
    case llama3

    /// The pattern of a regular expression in Oniguruma's syntax.
    init(regex: String) throws(PatternError) {
        if regex == PieceScanner.pattern {
            self = .llama3
        } else {
            self = .program(try PatternProgram(try PatternParser.parse(regex)))
        }
    }

    /// Passes the segments of a text to `body`, from left to right: the matches and the text between them, none of them
    /// empty.
    func segments(
        of text: UnsafeBufferPointer<UInt8>, _ body: (_ range: Range<Int>, _ isMatch: Bool) -> Void
    ) {
        switch self {
        case .text(let bytes): Self.segments(of: text, finding: bytes, body)
        case .program(let program): Self.segments(of: text, finding: program, body)
        case .llama3:
            ScalarClass.table.withUnsafeBufferPointer { classes in
                let scanner = PieceScanner(text: text, classes: classes)
                var start = 0
                while start < text.count {
                    let end = scanner.end(ofPieceAt: start)
                    body(start..<end, true)
                    start = end
                }
            }
        }
    }

    private static func segments(
        of text: UnsafeBufferPointer<UInt8>, finding bytes: [UInt8], _ body: (Range<Int>, Bool) -> Void
    ) {
        var start = 0
        var offset = 0
        while offset + bytes.count <= text.count {
            guard text[offset] == bytes[0], text[offset..<(offset + bytes.count)].elementsEqual(bytes) else {
                offset += 1
                continue
            }
            if offset > start { body(start..<offset, false) }
            start = offset + bytes.count
            body(offset..<start, true)
            offset = start
        }
        if start < text.count { body(start..<text.count, false) }
    }

    private static func segments(
        of text: UnsafeBufferPointer<UInt8>, finding program: PatternProgram,
        _ body: (Range<Int>, Bool) -> Void
    ) {
        var matcher = PatternMatcher(program, in: text)
        var start = 0
        var offset = 0
        while offset <= text.count, let match = matcher.firstMatch(from: offset) {
            if match.isEmpty {
                // It consumes no text, but a new segment begins after it.
                if match.lowerBound > start { body(start..<match.lowerBound, false) }
                start = match.lowerBound
                guard start < text.count else { break }
                offset = start + UTF8Scalar.length(text, at: start)
            } else {
                if match.lowerBound > start { body(start..<match.lowerBound, false) }
                body(match, true)
                start = match.upperBound
                offset = start
            }
        }
        if start < text.count { body(start..<text.count, false) }
    }
}

extension PieceScanner {
    /// The pattern that the scanner implements, as the files of Llama 3 spell it.
    static let pattern =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"#
        + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
}
