/// What a rule of a `tokenizer.json` looks for.
enum TextPattern: Sendable {
    /// These bytes, at least one.
    case text([UInt8])
    /// A pattern, executed.
    case program(PatternProgram)
    /// Llama 3's split pattern, which has a scanner of its own.
    case llama3

    /// The pattern of a regular expression in Oniguruma's syntax.
    init(regex: String) throws(PatternError) {
        if regex == PieceScanner.pattern {
            self = .llama3
        } else {
            self = .program(try PatternProgram(try PatternParser.parse(regex)))
        }
    }

    /// Hands every stretch of a text, from left to right, to `body`: the matches and what is between them, none of
    /// it empty.
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
        var place = 0
        while place + bytes.count <= text.count {
            guard text[place] == bytes[0], text[place..<(place + bytes.count)].elementsEqual(bytes) else {
                place += 1
                continue
            }
            if place > start { body(start..<place, false) }
            start = place + bytes.count
            body(place..<start, true)
            place = start
        }
        if start < text.count { body(start..<text.count, false) }
    }

    private static func segments(
        of text: UnsafeBufferPointer<UInt8>, finding program: PatternProgram,
        _ body: (Range<Int>, Bool) -> Void
    ) {
        var matcher = PatternMatcher(program, in: text)
        var start = 0
        var place = 0
        while place <= text.count, let match = matcher.firstMatch(from: place) {
            if match.isEmpty {
                // It takes nothing, but what follows is a stretch of its own.
                if match.lowerBound > start { body(start..<match.lowerBound, false) }
                start = match.lowerBound
                guard start < text.count else { break }
                place = start + UTF8Scalar.length(text, at: start)
            } else {
                if match.lowerBound > start { body(start..<match.lowerBound, false) }
                body(match, true)
                start = match.upperBound
                place = start
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
