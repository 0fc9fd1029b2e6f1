/// One encoding with a ``HuggingFaceTokenizer``: splits text by the rules and merges the words.
struct EncodingRun {
    private let splits: [SplitRule]
    private let model: BytePairModel
    // A copy, because reading it through the model would retain and release for every word.
    private let index: TokenIndex
    private let merges: MergeTable.Lookup
    private let joints: MergeTable.Lookup
    private var merger = SymbolMerger()
    private var symbols: [Int32] = []
    /// The ids so far.
    var ids: [Int32] = []

    /// - Parameters:
    ///   - merges: the merges of `model`.
    ///   - joints: the joints of `model`.
    init(
        splits: [SplitRule], model: BytePairModel, merges: MergeTable.Lookup, joints: MergeTable.Lookup
    ) {
        (self.splits, self.model, self.merges, self.joints) = (splits, model, merges, joints)
        index = model.index
    }

    /// Appends the ids of a segment of the text.
    ///
    /// - Parameter isFirst: whether the whole text begins with it.
    mutating func append(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool) {
        append(text, isFirst: isFirst, rule: 0)
    }

    private mutating func append(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool, rule: Int) {
        guard !text.isEmpty else { return }
        guard rule < splits.count else { return merge(text) }
        switch splits[rule] {
        case .split(let pattern, let behavior, let inverts):
            behavior.pieces(of: text, by: pattern, inverts: inverts) { range in
                append(
                    UnsafeBufferPointer(rebasing: text[range]), isFirst: isFirst && range.lowerBound == 0,
                    rule: rule + 1)
            }
        case .prefixSpace:
            if text[0] == UInt8(ascii: " ") { return append(text, isFirst: isFirst, rule: rule + 1) }
            ([UInt8(ascii: " ")] + text).withUnsafeBufferPointer {
                append($0, isFirst: isFirst, rule: rule + 1)
            }
        case .metaspace(let mark, let scheme, let cuts):
            marked(text, mark, scheme, isFirst: isFirst).withUnsafeBufferPointer { text in
                guard cuts else { return append(text, isFirst: isFirst, rule: rule + 1) }
                SplitRule.Behavior.mergedWithNext.pieces(of: text, by: .text(mark), inverts: false) { range in
                    append(
                        UnsafeBufferPointer(rebasing: text[range]),
                        isFirst: isFirst && range.lowerBound == 0, rule: rule + 1)
                }
            }
        }
    }

    /// The text with spaces replaced by marks, and one in front if the scheme says so.
    private func marked(
        _ text: UnsafeBufferPointer<UInt8>, _ mark: [UInt8], _ scheme: SplitRule.PrependScheme, isFirst: Bool
    ) -> [UInt8] {
        var result = Array(text)
        TextNormalizer.replace(.text([UInt8(ascii: " ")]), mark).apply(to: &result)
        if scheme == .always || scheme == .first && isFirst, !result.starts(with: mark) {
            result = mark + result
        }
        return result
    }

    /// Appends the ids of a word.
    private mutating func merge(_ piece: UnsafeBufferPointer<UInt8>) {
        if model.options.ignoresMerges, let start = piece.baseAddress {
            let entry = index.id(of: start, count: piece.count)
            if entry >= 0 {
                ids.append(model.ids[Int(entry)])
                return
            }
        }
        symbols.removeAll(keepingCapacity: true)
        if model.options.isByteLevel { appendBytes(piece) } else { appendCharacters(piece) }
        flush()
    }

    private mutating func appendBytes(_ piece: UnsafeBufferPointer<UInt8>) {
        var unknown = 0
        for byte in piece {
            let id = model.bytes[Int(byte)]
            if id >= 0 {
                flushUnknown(&unknown)
                symbols.append(id)
            } else {
                addUnknown(&unknown)
            }
        }
        flushUnknown(&unknown)
    }

    /// Merges up to each boundary that no merge joins, so that a long text is many short words.
    private mutating func appendCharacters(_ piece: UnsafeBufferPointer<UInt8>) {
        guard let start = piece.baseAddress else { return }
        var unknown = 0
        var previous: Int32 = -1
        var offset = 0
        while offset < piece.count {
            let (scalar, next) = UTF8Scalar.decode(piece, at: offset)
            let entry = index.id(of: start + offset, count: next - offset)
            if entry >= 0 {
                let followsUnknown = unknown > 0
                flushUnknown(&unknown)
                let current = Int32(bitPattern: scalar)
                if !followsUnknown, joints.merge(previous, current).rank == MergeTable.none { flush() }
                symbols.append(model.ids[Int(entry)])
                previous = current
            } else if model.options.fallsBackToBytes, appendFallback(piece[offset..<next]) {
                // Merges of bytes by their names (`<0x0A>`) are possible, though no vocabulary has one.
                previous = Int32(UInt8(ascii: ">"))
            } else {
                addUnknown(&unknown)
            }
            offset = next
        }
        flushUnknown(&unknown)
    }

    private mutating func appendFallback(_ character: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        guard character.allSatisfy({ model.bytes[Int($0)] >= 0 }) else { return false }
        for byte in character { symbols.append(model.bytes[Int(byte)]) }
        return true
    }

    /// Counts a character without a token. Of a run of them only the last is pending, or all if one token replaces them.
    private mutating func addUnknown(_ pending: inout Int) {
        if !model.options.fusesUnknown { flushUnknown(&pending) }
        pending += 1
    }

    private mutating func flushUnknown(_ pending: inout Int) {
        if pending > 0, let id = model.unknownID { symbols.append(id) }
        pending = 0
    }

    private mutating func flush() {
        symbols.withUnsafeBufferPointer { merger.append($0, merges, to: &ids) }
        symbols.removeAll(keepingCapacity: true)
    }
}
