/// How ids become text: the decoder of a `tokenizer.json`, understood as what it does to each token and what it does
/// to the text that they make.
struct DecoderRules: Sendable {
    /// Changes of a token's spelling.
    fileprivate enum Change: Sendable {
        case replace(TextPattern, [UInt8])
        case strip([UInt8], start: Int, stop: Int)
    }

    /// The longest text of a token; rules can make a short one grow without end.
    private static let maximumLength = 1 << 16

    private var changes: [Change] = []
    /// Tokens are bytes in the alphabet of byte-level vocabularies.
    private(set) var isByteLevel = false
    /// Tokens such as `<0x0A>` are bytes.
    private(set) var hasByteTokens = false
    /// What the start of the text loses.
    private(set) var leadingSpace = StreamingDecoder.LeadingSpace.keep
    /// The mark that stands for a space, where the first token loses all of its own.
    private(set) var mark: [UInt8] = []
    private var isFused = false
    /// A space stands before every token.
    private var isSpaced = false

    /// Tokens are bytes, and nothing is dropped.
    static var byteLevel: DecoderRules {
        var rules = DecoderRules()
        rules.isByteLevel = true
        return rules
    }

    private init() {}

    /// - Parameter component: nil where the file has no decoder: the tokens are words with a space between.
    init(_ component: Component?) throws(ComponentError) {
        guard let component else {
            isSpaced = true
            leadingSpace = .dropText([UInt8(ascii: " ")], count: 1)
            return
        }
        for part in try component.flattened("decoders") { try add(part) }
    }

    private mutating func add(_ part: Component) throws(ComponentError) {
        switch part.type {
        case "Replace" where !hasByteTokens && !isFused:
            changes.append(.replace(try part.pattern(), Array(try part.string("content").utf8)))
        case "Metaspace" where !hasByteTokens && !isFused && changes.isEmpty:
            try addMetaspace(part)
        case "ByteFallback" where !isFused && !isByteLevel: hasByteTokens = true
        case "ByteLevel" where !hasByteTokens && !isFused && changes.isEmpty: isByteLevel = true
        case "Fuse": isFused = true
        case "Strip": try addStrip(part)
        case "Replace", "Metaspace", "ByteFallback", "ByteLevel":
            throw part.unsupported("after another decoder")
        default: throw part.unsupported()
        }
    }

    private mutating func addMetaspace(_ part: Component) throws(ComponentError) {
        mark = Array(try part.string("replacement").utf8)
        guard !mark.isEmpty else { throw part.unsupported("without a mark") }
        changes.append(.replace(.text(mark), [UInt8(ascii: " ")]))
        let flag = try part.flag("add_prefix_space", default: true)
        let scheme = part.value["prepend_scheme"] == nil ? nil : try part.string("prepend_scheme")
        if scheme.map({ $0 != "never" }) ?? flag { leadingSpace = .dropMarks }
    }

    private mutating func addStrip(_ part: Component) throws(ComponentError) {
        let content = Array(try part.string("content").utf8)
        let start = try part.int("start", default: 0)
        let stop = try part.int("stop", default: 0)
        guard try part.string("content").unicodeScalars.count == 1, start >= 0, stop >= 0 else {
            throw part.unsupported("with such values")
        }
        if isFused {
            // What the end of a text loses is not known while the text still comes.
            guard stop == 0, leadingSpace == .keep else { throw part.unsupported("of a text's end") }
            leadingSpace = .dropText(content, count: start)
        } else {
            guard !hasByteTokens, !isByteLevel else { throw part.unsupported("after another decoder") }
            changes.append(.strip(content, start: start, stop: stop))
        }
    }

    /// What a token adds to a text, and whether it is a single byte.
    ///
    /// - Throws: where rules make a token longer than any is.
    func text(of spelling: ArraySlice<UInt8>) throws(ComponentError) -> (bytes: [UInt8], isByte: Bool) {
        if isByteLevel {
            var bytes: [UInt8] = []
            let isSpelled = Array(spelling).withUnsafeBufferPointer {
                ByteAlphabet.bytes(spelledBy: $0, into: &bytes)
            }
            return (isSpelled ? bytes : Array(spelling), false)
        }
        var text = (isSpaced ? [UInt8(ascii: " ")] : []) + spelling
        for change in changes {
            change.apply(to: &text)
            guard text.count <= Self.maximumLength else {
                throw .unsupported(
                    found: "a token of more than \(Self.maximumLength) bytes", path: "decoder")
            }
        }
        if hasByteTokens, let byte = Self.byte(named: text) { return ([byte], true) }
        return (text, false)
    }

    /// The byte of a name such as `<0x0A>`; digits with a sign count, as in Rust's `from_str_radix`.
    private static func byte(named name: [UInt8]) -> UInt8? {
        guard name.count == 6, name.starts(with: Array("<0x".utf8)), name[5] == UInt8(ascii: ">") else {
            return nil
        }
        return UInt8(String(decoding: name[3..<5], as: UTF8.self), radix: 16)
    }
}

extension DecoderRules.Change {
    fileprivate func apply(to text: inout [UInt8]) {
        switch self {
        case .replace(let pattern, let content):
            var result: [UInt8] = []
            text.withUnsafeBufferPointer { text in
                pattern.segments(of: text) { range, isMatch in
                    if isMatch { result += content } else { result += text[range] }
                }
            }
            text = result
        case .strip(let content, let start, let stop):
            var rest = text[...]
            var left = start
            while left > 0, rest.starts(with: content) {
                (rest, left) = (rest.dropFirst(content.count), left - 1)
            }
            left = stop
            while left > 0, rest.suffix(content.count).elementsEqual(content) {
                (rest, left) = (rest.dropLast(content.count), left - 1)
            }
            text = Array(rest)
        }
    }
}
