/// Scores with which SentencePiece's BPE merges as a list of merges says: the reverse of what Hugging Face's
/// converter makes of a SentencePiece model.
struct ScoresOfMerges {
    /// By id; 0 where a token is not text.
    let scores: [Float]

    /// - Parameters:
    ///   - merges: pairs of spellings with a space between, the earliest first.
    /// - Returns: nil where no scores would do: where the merges that make a token do not stand together, or two
    ///   tokens that make a third are not among the merges.
    init?(_ tokens: [[UInt8]], _ kinds: [TokenKind], _ merges: [[UInt8]]) {
        var bytes: [UInt8] = []
        var bounds: [UInt32] = [0]
        for token in tokens {
            bytes += token
            bounds.append(UInt32(truncatingIfNeeded: bytes.count))
        }
        let index = TokenIndex(bytes: bytes, bounds: bounds)
        var order = [Int32](repeating: -1, count: tokens.count)
        var pairs: Set<[UInt8]> = []
        var last: Int32 = -1
        var next: Int32 = 0
        for merge in merges {
            guard let (left, right) = merge.mergedPair else { return nil }
            let id = index.id(of: Array(left + right))
            guard id >= 0, id == last || order[Int(id)] < 0 else { return nil }
            if id != last {
                order[Int(id)] = next
                (last, next) = (id, next + 1)
            }
            pairs.insert(merge)
        }
        guard Self.hasEveryPair(tokens, kinds, index, pairs) else { return nil }
        var scores = [Float](repeating: 0, count: tokens.count)
        for id in tokens.indices where kinds[id] == .normal {
            if order[id] < 0 {
                order[id] = next
                next += 1
            }
            scores[id] = -Float(order[id])
        }
        self.scores = scores
    }

    private static func hasEveryPair(
        _ tokens: [[UInt8]], _ kinds: [TokenKind], _ index: TokenIndex, _ pairs: Set<[UInt8]>
    ) -> Bool {
        for (id, token) in tokens.enumerated() where kinds[id] == .normal {
            // Only between characters.
            for middle in token.indices.dropFirst() where token[middle] & 0xC0 != 0x80 {
                let left = index.id(of: Array(token[..<middle]))
                let right = index.id(of: Array(token[middle...]))
                guard left >= 0, right >= 0, kinds[Int(left)] == .normal, kinds[Int(right)] == .normal else {
                    continue
                }
                let pair = token[..<middle] + [UInt8(ascii: " ")] + token[middle...]
                guard pairs.contains(Array(pair)) else { return false }
            }
        }
        return true
    }
}
