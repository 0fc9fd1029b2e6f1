/// A rule that changes a text before it is split: a normalizer of a `tokenizer.json`.
enum TextNormalizer: Sendable {
    /// Puts bytes in front of a text that is not empty.
    case prepend([UInt8])
    /// Replaces every match by bytes.
    case replace(TextPattern, [UInt8])
    /// Removes white space at the ends.
    case strip(left: Bool, right: Bool)

    /// The rules of a component, in order.
    static func rules(_ component: Component) throws(ComponentError) -> [TextNormalizer] {
        var rules: [TextNormalizer] = []
        for child in try component.flattened("normalizers") {
            switch child.type {
            case "Prepend": rules.append(.prepend(Array(try child.string("prepend").utf8)))
            case "Replace":
                rules.append(.replace(try child.pattern(), Array(try child.string("content").utf8)))
            case "Strip":
                rules.append(
                    .strip(
                        left: try child.flag("strip_left", default: true),
                        right: try child.flag("strip_right", default: true)))
            default: throw child.unsupported()
            }
        }
        guard rules.reduce(1, { $0 * $1.growth }) <= maximumGrowth else {
            throw component.unsupported("that makes a text grow more than \(Int(maximumGrowth)) times")
        }
        return rules
    }

    /// Without a bound, a chain of replacements could make a text grow beyond all memory.
    private static let maximumGrowth = 256.0

    /// The greatest factor by which a long text can grow.
    private var growth: Double {
        switch self {
        case .replace(.text(let bytes), let content): max(1, Double(content.count) / Double(bytes.count))
        case .replace(_, let content): Double(content.count) + 1
        case .prepend(let bytes): Double(bytes.count) + 1
        case .strip: 1
        }
    }

    /// Changes a text.
    func apply(to text: inout [UInt8]) {
        if text.isEmpty { return }
        switch self {
        case .prepend(let bytes): text.insert(contentsOf: bytes, at: 0)
        case .replace(let pattern, let content):
            var result: [UInt8] = []
            result.reserveCapacity(text.count + text.count / 4)
            text.withUnsafeBufferPointer { text in
                if case .text(let bytes) = pattern, bytes.count == 1 {
                    for byte in text {
                        if byte == bytes[0] {
                            result.append(contentsOf: content)
                        } else {
                            result.append(byte)
                        }
                    }
                } else {
                    pattern.segments(of: text) { range, isMatch in
                        if isMatch { result += content } else { result += text[range] }
                    }
                }
            }
            text = result
        case .strip(let left, let right):
            let kept = text.withUnsafeBufferPointer { bytes in
                let start = left ? bytes.endOfSpace(from: 0) : 0
                return start..<max(start, right ? bytes.startOfSpace(before: bytes.count) : bytes.count)
            }
            text = Array(text[kept])
        }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// The end of the white space that begins at `start`; `start` if there is none.
    func endOfSpace(from start: Int) -> Int {
        var offset = start
        while offset < count {
            let (scalar, next) = UTF8Scalar.decode(self, at: offset)
            guard ScalarSet.whiteSpace.contains(scalar) else { break }
            offset = next
        }
        return offset
    }

    /// The start of the white space that ends at `end`, but not before `limit`.
    func startOfSpace(before end: Int, notBefore limit: Int = 0) -> Int {
        var offset = end
        while offset > limit {
            let start = UTF8Scalar.start(self, before: offset)
            guard ScalarSet.whiteSpace.contains(UTF8Scalar.decode(self, at: start).scalar) else { break }
            offset = start
        }
        return Swift.max(offset, limit)
    }
}
