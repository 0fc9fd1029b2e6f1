import LlamaJSON

/// How ids become text: the decoder of a `tokenizer.json`, as changes of each token and changes of the resulting text.
struct DecoderRules: Sendable {
    /// Changes of a token's spelling.
    fileprivate enum Change: Sendable {
        case replace(TextPattern, [UInt8])
        case strip([UInt8], start: Int, stop: Int)
    }

    /// The longest text of a token, in bytes; rules can make a short one grow without bound.
    private static let maximumLength = 1 << 16

    private var changes: [Change] = []
    /// Tokens are bytes in the alphabet of byte-level vocabularies.
    private(set) var isByteLevel = false
    /// Tokens such as `<0x0A>` are bytes.
    private(set) var hasByteTokens = false
    /// What the start of the text drops.
    private(set) var leadingSpace = StreamingDecoder.LeadingSpace.keep
    /// The space mark, if the first token drops all of its own.
    private(set) var mark: [UInt8] = []
    private var isFused = false
    /// Every token begins with a space.
    private var isSpaced = false

    /// Tokens are bytes, and nothing is dropped.
    static var byteLevel: DecoderRules {
        var rules = DecoderRules()
        rules.isByteLevel = true
        return rules
    }

    private init() {}

    /// - Parameter component: nil if the file has no decoder: tokens are then words, separated by spaces.
    init(_ component: Component?) throws(ComponentError) {
        guard let component else {
            isSpaced = true
            leadingSpace = .dropText([UInt8(ascii: " ")], count: 1)
            return
        }
        for child in try component.flattened("decoders") { try add(child) }
    }

    private mutating func add(_ child: Component) throws(ComponentError) {
        switch child.type {
        case "Replace" where !hasByteTokens && !isFused:
            changes.append(.replace(try child.pattern(), Array(try child.string("content").utf8)))
        case "Metaspace" where !hasByteTokens && !isFused && changes.isEmpty:
            try addMetaspace(child)
        case "ByteFallback" where !isFused && !isByteLevel: hasByteTokens = true
        case "ByteLevel" where !hasByteTokens && !isFused && changes.isEmpty: isByteLevel = true
        case "Fuse": isFused = true
        case "Strip": try addStrip(child)
        case "Replace", "Metaspace", "ByteFallback", "ByteLevel":
            throw child.unsupported("after another decoder")
        default: throw child.unsupported()
        }
    }

    private mutating func addMetaspace(_ child: Component) throws(ComponentError) {
        mark = Array(try child.string("replacement").utf8)
        guard !mark.isEmpty else { throw child.unsupported("without a mark") }
        changes.append(.replace(.text(mark), [UInt8(ascii: " ")]))
        let flag = try child.flag("add_prefix_space", default: true)
        let scheme = child.value["prepend_scheme"] == nil ? nil : try child.string("prepend_scheme")
        if scheme.map({ $0 != "never" }) ?? flag { leadingSpace = .dropMarks }
    }

    private mutating func addStrip(_ child: Component) throws(ComponentError) {
        let content = Array(try child.string("content").utf8)
        let start = try child.int("start", default: 0)
        let stop = try child.int("stop", default: 0)
        guard try child.string("content").unicodeScalars.count == 1, start >= 0, stop >= 0 else {
            throw child.unsupported("with such values")
        }
        if isFused {
            // The end of a text is not known while it is streamed.
            guard stop == 0, leadingSpace == .keep else { throw child.unsupported("of a text's end") }
            leadingSpace = .dropText(content, count: start)
        } else {
            guard !hasByteTokens, !isByteLevel else { throw child.unsupported("after another decoder") }
            changes.append(.strip(content, start: start, stop: stop))
        }
    }

    /// The bytes that a token adds to a text, and whether it is a byte token.
    ///
    /// - Throws: if the rules make a token too long.
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
