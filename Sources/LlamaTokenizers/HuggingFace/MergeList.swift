import LlamaJSON

/// Reads `model.merges`: pairs of tokens, the earliest first, as `"a b"` or `["a", "b"]`.
struct MergeList {
    private let vocabulary: BytePairVocabulary
    private let spellings: TokenIndex
    private let isByteLevel: Bool

    init(_ vocabulary: BytePairVocabulary, _ spellings: TokenIndex, isByteLevel: Bool) {
        (self.vocabulary, self.spellings, self.isByteLevel) = (vocabulary, spellings, isByteLevel)
    }

    /// The merges, and the pairs of scalars that they join; the latter are empty in a byte-level model, whose words are
    /// short.
    func read(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>?
    ) throws(JSONError) -> (merges: MergeTable, joints: MergeTable) {
        guard let range else { throw .missingKey("merges", path: "model") }
        var merges = MergeTable(minimumCapacity: range.count / 24)
        var joints = MergeTable()
        var rank: Int32 = 0
        var pair: [UInt8] = []
        var middle: Int? = 0
        var reader = JSONReader(
            within: UnsafeBufferPointer(rebasing: text[..<range.upperBound]), from: range.lowerBound)
        try reader.array { reader throws(JSONError) in
            pair.removeAll(keepingCapacity: true)
            middle = nil
            if reader.peek() == UInt8(ascii: "[") {
                var count = 0
                try reader.array { reader throws(JSONError) in
                    if count == 1 { middle = pair.count }
                    count += 1
                    try reader.string { pair.append(contentsOf: $0) }
                }
                if count != 2 { throw Self.error(rank, "two tokens", "\(count)") }
            } else {
                try reader.string { pair.append(contentsOf: $0) }
                middle = pair.firstIndex(of: UInt8(ascii: " "))
                if let space = middle {
                    pair.remove(at: space)
                    if pair[space...].contains(UInt8(ascii: " ")) { middle = nil }
                }
            }
            guard let middle, middle > 0, middle < pair.count else {
                throw Self.error(rank, "two tokens", "\"\(String(decoding: pair, as: UTF8.self))\"")
            }
            try insert(pair, middle, rank, into: &merges)
            if !isByteLevel { insertJoint(pair, middle, into: &joints) }
            rank += 1
        }
        return (merges, joints)
    }

    private func insert(
        _ pair: [UInt8], _ middle: Int, _ rank: Int32, into merges: inout MergeTable
    ) throws(JSONError) {
        let (left, right, merged) = pair.withUnsafeBufferPointer { pair in
            guard let start = pair.baseAddress else {
                return (TokenIndex.none, TokenIndex.none, TokenIndex.none)
            }
            return (
                spellings.id(of: start, count: middle),
                spellings.id(of: start + middle, count: pair.count - middle),
                spellings.id(of: start, count: pair.count)
            )
        }
        guard left >= 0, right >= 0, merged >= 0 else {
            let missing = left < 0 ? pair[..<middle] : right < 0 ? pair[middle...] : pair[...]
            throw Self.error(
                rank, "tokens of the vocabulary", "\"\(String(decoding: missing, as: UTF8.self))\"")
        }
        merges.insert(
            left: vocabulary.ids[Int(left)], right: vocabulary.ids[Int(right)], rank: rank,
            merged: vocabulary.ids[Int(merged)])
    }

    private func insertJoint(_ pair: [UInt8], _ middle: Int, into joints: inout MergeTable) {
        pair.withUnsafeBufferPointer { pair in
            let last = UTF8Scalar.decode(pair, at: UTF8Scalar.start(pair, before: middle)).scalar
            let first = UTF8Scalar.decode(pair, at: middle).scalar
            joints.insert(
                left: Int32(bitPattern: last), right: Int32(bitPattern: first), rank: 0, merged: 0)
        }
    }

    private static func error(_ rank: Int32, _ expected: String, _ found: String) -> JSONError {
        .wrongType(path: "model.merges[\(rank)]", expected: expected, found: found)
    }
}
