/// Scores with which SentencePiece's BPE follows a list of merges: the reverse of Hugging Face's conversion of a
/// SentencePiece model.
struct ScoresOfMerges {
    /// By id; 0 for a token that is not text.
    let scores: [Float]

    /// - Parameters:
    ///   - merges: pairs of spellings with a space between, the earliest first.
    /// - Returns: nil if no scores are equivalent: if the merges into one token are not consecutive, or two tokens that make a
    ///   third are not among the merges.
    init?(_ tokens: [[UInt8]], _ kinds: [TokenKind], _ merges: [[UInt8]]) {
        var bytes: [UInt8] = []
        var bounds: [UInt32] = [0]
        for token in tokens {
            bytes += token
            bounds.append(UInt32(truncatingIfNeeded: bytes.count))
        }
        let index = TokenIndex(bytes: bytes, bounds: bounds)
        var made: [(id: Int, run: MergeOfRun?)] = []
        for merge in merges {
            guard let (left, right) = merge.mergedPair else { return nil }
            let id = index.id(of: Array(left + right))
            guard id >= 0 else { return nil }
            made.append((Int(id), MergeOfRun(left, right)))
        }
        var order = [Int32](repeating: -1, count: tokens.count)
        var next: Int32 = 0
        var rest = made[...]
        while let first = rest.first {
            let sameToken = rest.prefix { $0.id == first.id }
            let sameRun = first.run == nil ? sameToken : rest.prefix { $0.run?.scalar == first.run?.scalar }
            // Runs of one character that have one score grow from the left, which is an order by length.
            let isByLength = zip(sameRun, sameRun.dropFirst()).allSatisfy {
                ($0.run?.lengths ?? (0, 0)) >= ($1.run?.lengths ?? (0, 0))
            }
            let together = isByLength && sameRun.count > sameToken.count ? sameRun : sameToken
            for id in Set(together.map(\.id)) {
                guard order[id] < 0 else { return nil }
                order[id] = next
            }
            next += 1
            rest = rest.dropFirst(together.count)
        }
        let pairs = Set(merges)
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

/// A merge of two runs of one character, such as spaces.
struct MergeOfRun {
    /// The character in UTF-8.
    let scalar: ArraySlice<UInt8>
    /// Bytes of the left run and of the right one.
    let lengths: (Int, Int)

    /// Nil for other merges.
    init?(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) {
        let scalar = left.prefix(1) + left.dropFirst().prefix { $0 & 0xC0 == 0x80 }
        for run in [left, right] {
            guard run.count.isMultiple(of: scalar.count),
                run.enumerated().allSatisfy({ $1 == scalar[scalar.startIndex + $0 % scalar.count] })
            else { return nil }
        }
        self.scalar = scalar
        lengths = (left.count, right.count)
    }
}
