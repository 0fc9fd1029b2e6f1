import Testing

@testable import LlamaTokenizers

@Suite struct PieceScannerTests {
    /// Pieces as tiktoken's regular expressions cut them.
    static let texts: [[String]] = [
        [], ["a"], ["Hello", ",", " world", "!"], ["it", "'s"], ["IT", "'S"], ["x", "'\u{17F}", "t"],
        ["we", "'ll"],
        ["we", "'lx"], ["'re", "a"], ["''", "re"], ["'l"], ["x", "'"], ["123", "456", "7"], ["1", "a"],
        ["²½Ⅷ", "1"],
        [" ", " a"], ["  ", " a"], ["  "], ["a", "  "], [" ", " ", "1"], ["\ta"], [" \n", "a"],
        ["\n\n", " ", " b"],
        [" \n \n", "  ", " b"], ["\r\n", "a"], [" !", "a"], ["!!\n\n", "a"], [" !?\r\n", " ", " x"],
        ["\u{301}a"],
        ["日本語", "。漢字"], ["\u{A0}", "\u{A0}a"], ["\u{3000}", "1"], ["😀😀"], ["!a"], ["!!", "a"],
    ]

    @Test(arguments: texts)
    func cutsLikeThePattern(_ expected: [String]) {
        #expect(pieces(expected.joined()) == expected)
    }

    func pieces(_ text: String) -> [String] {
        var text = text
        return text.withUTF8 { utf8 in
            ScalarClass.table.withUnsafeBufferPointer { classes in
                let scanner = PieceScanner(text: utf8, classes: classes)
                var pieces: [String] = []
                var start = 0
                while start < utf8.count {
                    let end = scanner.end(ofPieceAt: start)
                    pieces.append(String(decoding: utf8[start..<end], as: UTF8.self))
                    start = end
                }
                return pieces
            }
        }
    }

    @Test func classifiesScalars() {
        func count(_ kind: ScalarClass) -> Int { ScalarClass.table.count { $0 == kind } }
        #expect(count(.letter) == 141_028)
        #expect(count(.number) == 1_911)
        #expect(count(.space) + count(.lineEnd) == 25)
        #expect(ScalarClass.table[0x85] == .space)
        #expect(ScalarClass.table[0x200B] == .other)
        #expect(ScalarClass.table[0x2167] == .number)
        #expect(ScalarClass.table[0xFF21] == .letter)
    }
}
