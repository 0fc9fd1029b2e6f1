/// Splits a text into words, each of which is merged on its own: Llama 3's split pattern, written out.
///
/// The pattern (`pat_str` of Meta's `llama3/tokenizer.py`) is, one alternative per line:
///
///     (?i:'s|'t|'re|'ve|'m|'ll|'d)
///     [^\r\n\p{L}\p{N}]?\p{L}+
///     \p{N}{1,3}
///      ?[^\s\p{L}\p{N}]+[\r\n]*
///     \s*[\r\n]+
///     \s+(?!\S)
///     \s+
///
/// Every scalar begins a match of one of them, so the words are the whole text.
struct PieceScanner {
    /// UTF-8, which must be well-formed.
    let text: UnsafeBufferPointer<UInt8>
    /// `ScalarClass.table`.
    let classes: UnsafeBufferPointer<ScalarClass>

    /// The end of the word that begins at `start`, an offset within the text.
    func end(ofPieceAt start: Int) -> Int {
        let (first, next) = scalar(at: start)
        switch first {
        case .letter: return end(ofLettersAt: next)
        case .number: return end(ofNumberAt: next, digits: 1)
        case .other, .space, .lineEnd: break
        }
        if text[start] == UInt8(ascii: "'"), let end = end(ofContractionAt: next) { return end }
        if first != .lineEnd, next < text.count {
            let (second, afterSecond) = scalar(at: next)
            if second == .letter { return end(ofLettersAt: afterSecond) }
            if text[start] == UInt8(ascii: " "), second == .other { return end(ofSymbolsAt: afterSecond) }
        }
        return first == .other ? end(ofSymbolsAt: next) : end(ofSpaceAt: start)
    }

    /// The class of a scalar, and the offset of the next.
    @inline(__always)
    private func scalar(at offset: Int) -> (ScalarClass, next: Int) {
        let first = text[offset]
        if first < 0x80 { return (classes[Int(first)], offset + 1) }
        func bits(_ index: Int) -> Int { Int(text[offset + index] & 0x3F) }
        let value: Int
        let length: Int
        if first < 0xE0 {
            (value, length) = (Int(first & 0x1F) << 6 | bits(1), 2)
        } else if first < 0xF0 {
            (value, length) = (Int(first & 0x0F) << 12 | bits(1) << 6 | bits(2), 3)
        } else {
            (value, length) = (Int(first & 0x07) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3), 4)
        }
        return (value < classes.count ? classes[value] : .other, offset + length)
    }

    private func end(ofLettersAt start: Int) -> Int {
        var end = start
        while end < text.count {
            let (kind, next) = scalar(at: end)
            guard kind == .letter else { break }
            end = next
        }
        return end
    }

    private func end(ofNumberAt start: Int, digits: Int) -> Int {
        guard digits < 3, start < text.count else { return start }
        let (kind, next) = scalar(at: start)
        return kind == .number ? end(ofNumberAt: next, digits: digits + 1) : start
    }

    /// The end of 's, 't, 're, 've, 'm, 'll or 'd, in either case, after the apostrophe; nil for anything else.
    private func end(ofContractionAt start: Int) -> Int? {
        func letter(_ offset: Int) -> UInt8 {
            start + offset < text.count ? text[start + offset] | 0x20 : 0
        }
        switch letter(0) {
        case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 1
        case UInt8(ascii: "r"), UInt8(ascii: "v"): return letter(1) == UInt8(ascii: "e") ? start + 2 : nil
        case UInt8(ascii: "l"): return letter(1) == UInt8(ascii: "l") ? start + 2 : nil
        default: break
        }
        // U+017F, the long s, equals s when case is ignored; none of the other letters has such a third form.
        let isLongS = start + 1 < text.count && text[start] == 0xC5 && text[start + 1] == 0xBF
        return isLongS ? start + 2 : nil
    }

    private func end(ofSymbolsAt start: Int) -> Int {
        var end = start
        while end < text.count {
            let (kind, next) = scalar(at: end)
            guard kind == .other else { break }
            end = next
        }
        while end < text.count, text[end] == 0x0A || text[end] == 0x0D { end += 1 }
        return end
    }

    /// The end of white space: after its last line end, if it has one; else before its last space, which belongs to the next
    /// word, unless no word follows or the space is the only one.
    private func end(ofSpaceAt start: Int) -> Int {
        var end = start
        var lastSpace = start
        var afterLineEnd = start
        while end < text.count {
            let (kind, next) = scalar(at: end)
            guard kind == .space || kind == .lineEnd else { break }
            lastSpace = end
            end = next
            if kind == .lineEnd { afterLineEnd = end }
        }
        if afterLineEnd > start { return afterLineEnd }
        return end == text.count || lastSpace == start ? end : lastSpace
    }
}
