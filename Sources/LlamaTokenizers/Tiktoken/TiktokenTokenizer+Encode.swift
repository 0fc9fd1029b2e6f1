extension TiktokenTokenizer {
    /// The ids of a text.
    ///
    /// The text between two special tokens is split and merged on its own, as in tiktoken. The time is near-linear in the
    /// length of any text. A word of more than 1 GiB is split there.
    package func encode(_ text: String, specials: SpecialTokens, addBOS: Bool) -> [Int32] {
        var text = text
        var ids: [Int32] = []
        text.withUTF8 { utf8 in
            ranks.merges.withLookup { merges in
                var merger = PieceMerger(ranks, merges)
                var start = 0
                for match in specialTokens.matches(in: utf8, allowing: specials) {
                    encode(utf8[start..<match.range.lowerBound], &merger, into: &ids)
                    ids.append(match.id)
                    start = match.range.upperBound
                }
                encode(utf8[start...], &merger, into: &ids)
            }
        }
        if addBOS, let bosID, ids.first != bosID { ids.insert(bosID, at: 0) }
        return ids
    }

    private func encode(
        _ slice: Slice<UnsafeBufferPointer<UInt8>>, _ merger: inout PieceMerger, into ids: inout [Int32]
    ) {
        let text = UnsafeBufferPointer(rebasing: slice)
        ScalarClass.table.withUnsafeBufferPointer { classes in
            let scanner = PieceScanner(text: text, classes: classes)
            var start = 0
            while start < text.count {
                let end = scanner.end(ofPieceAt: start)
                merger.append(UnsafeBufferPointer(rebasing: text[start..<end]), to: &ids)
                start = end
            }
        }
    }
}
