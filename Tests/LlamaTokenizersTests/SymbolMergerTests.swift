import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

@Suite struct SymbolMergerTests {
    /// The definition, carried out literally.
    static func merged(_ symbols: [Int32], by merges: MergeTable) -> [Int32] {
        var symbols = symbols
        while true {
            var best: (rank: Int32, place: Int, merged: Int32) = (MergeTable.none, 0, 0)
            for place in symbols.indices.dropLast() {
                let merge = merges.merge(symbols[place], symbols[place + 1])
                if merge.rank < best.rank { best = (merge.rank, place, merge.merged) }
            }
            if best.rank == MergeTable.none { return symbols }
            symbols[best.place] = best.merged
            symbols.remove(at: best.place + 1)
        }
    }

    /// Merges in random order, so that what a merge makes may have a merge of lower rank.
    static func randomMerges(alphabet: Int32, count: Int32, using random: inout SeededGenerator) -> MergeTable
    {
        var merges = MergeTable()
        let ranks = (0..<count).shuffled(using: &random)
        for (index, rank) in ranks.enumerated() {
            let merged = alphabet + Int32(index)
            // Most parts are among the first, so that they come up often.
            let left = min(
                Int32.random(in: 0..<merged, using: &random), .random(in: 0..<merged, using: &random))
            let right = min(
                Int32.random(in: 0..<merged, using: &random), .random(in: 0..<merged, using: &random))
            merges.insert(left: left, right: right, rank: rank / 2, merged: merged)
        }
        return merges
    }

    @Test(arguments: 0..<40)
    func mergesByRankThenPlace(_ seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let alphabet = Int32.random(in: 1...6, using: &random)
        let merges = Self.randomMerges(
            alphabet: alphabet, count: .random(in: 1...40, using: &random), using: &random)
        var merger = SymbolMerger()
        for length in (1...150) + [200, 300, 500, 1000, 2000, 5000] where length < 1000 || seed % 8 == 0 {
            let symbols = (0..<length).map { _ in Int32.random(in: 0..<alphabet, using: &random) }
            var ids: [Int32] = []
            symbols.withUnsafeBufferPointer { symbols in
                merges.withLookup { merger.append(symbols, $0, to: &ids) }
            }
            let expected = Self.merged(symbols, by: merges)
            #expect(ids == expected, "\(symbols)")
            #expect(Self.mergedByTree(symbols, by: merges) == expected, "\(symbols)")
        }
    }

    /// The tokens of a word, by the tree alone.
    static func mergedByTree(_ symbols: [Int32], by merges: MergeTable) -> [Int32] {
        var tree = TreeMerge()
        var ids: [Int32] = []
        symbols.withUnsafeBufferPointer { symbols in
            merges.withLookup { tree.append(symbols, $0, to: &ids) }
        }
        return ids
    }

    /// Lengths at which a level of the tree gets another group, or the tree another level.
    @Test(arguments: [0, 1, 2, 15, 16, 17, 127, 128, 129, 255, 256, 257, 4095, 4096, 4097])
    func treeMergesWordsOfAnyLength(_ length: Int) {
        var random = SeededGenerator(state: UInt64(length))
        for alphabet in [1, 3] as [Int32] {
            let merges = Self.randomMerges(alphabet: alphabet, count: 20, using: &random)
            let symbols = (0..<length).map { _ in Int32.random(in: 0..<alphabet, using: &random) }
            #expect(Self.mergedByTree(symbols, by: merges) == Self.merged(symbols, by: merges))
        }
    }

    /// With a rank that exceeds the ranks of its parts, each merge is one pass from left to right.
    @Test(arguments: [1, 2, 4] as [Int32])
    func treeMergesWordsOfFiveLevels(_ alphabet: Int32) {
        var random = SeededGenerator(state: UInt64(alphabet))
        var symbols = (0..<70_000).map { _ in Int32.random(in: 0..<alphabet, using: &random) }
        var merges = MergeTable()
        var pairs: [(left: Int32, right: Int32)] = []
        for merged in alphabet..<(alphabet + 20) {
            let left = Int32.random(in: max(0, merged - 4)..<merged, using: &random)
            let pair = (
                left: left,
                right: Bool.random(using: &random) ? left : .random(in: 0..<merged, using: &random)
            )
            if merges.merge(pair.left, pair.right).rank != MergeTable.none { continue }
            merges.insert(left: pair.left, right: pair.right, rank: merged, merged: merged)
            pairs.append(pair)
        }
        let ids = Self.mergedByTree(symbols, by: merges)
        for pair in pairs {
            let merged = merges.merge(pair.left, pair.right).merged
            var passed: [Int32] = []
            var index = 0
            while index < symbols.count {
                let isPair =
                    index + 1 < symbols.count && symbols[index] == pair.left
                    && symbols[index + 1] == pair.right
                passed.append(isPair ? merged : symbols[index])
                index += isPair ? 2 : 1
            }
            symbols = passed
        }
        #expect(ids == symbols)
        #expect(ids.count < 70_000)
    }

    @Test func keepsTheLastMergeOfAPair() {
        var merges = MergeTable(minimumCapacity: 4)
        for index in 0..<Int32(1000) { merges.insert(left: index, right: 1, rank: index, merged: index + 1) }
        merges.insert(left: 7, right: 1, rank: 5, merged: 9)
        #expect(merges.count == 1000)
        #expect(merges.merge(7, 1) == MergeTable.Merge(rank: 5, merged: 9))
        #expect(merges.merge(8, 1) == MergeTable.Merge(rank: 8, merged: 9))
        #expect(merges.merge(1, 1000).rank == MergeTable.none)
    }

    /// Merges of long, nested tokens.
    @Test(arguments: 0..<24)
    func mergesLongNestedTokens(_ seed: UInt64) {
        var random = SeededGenerator(state: 1000 + seed)
        var merges = MergeTable()
        var count: Int32 = 3
        for rank in 0..<Int32.random(in: 60...400, using: &random) {
            // Mostly the latest tokens, so that they grow; ranks that are not in order.
            let left = max(0, count - 1 - Int32.random(in: 0...8, using: &random))
            let right =
                Int32.random(in: 0...9, using: &random) < 6
                ? left : Int32.random(in: 0..<count, using: &random)
            merges.insert(
                left: left, right: right,
                rank: seed % 2 == 0 ? rank : Int32.random(in: 0...1000, using: &random),
                merged: count)
            count += 1
        }
        let symbols = (0..<3000).map { _ in Int32.random(in: 0..<3, using: &random) }
        var merger = SymbolMerger()
        var ids: [Int32] = []
        symbols.withUnsafeBufferPointer { symbols in
            merges.withLookup { merger.append(symbols, $0, to: &ids) }
        }
        #expect(ids == Self.merged(symbols, by: merges))
    }
}
