import LlamaCommands
import Testing

struct StatusLineTests {
    /// The widths of the bar and of the whole line.
    @Test(arguments: [
        (80, 30, 45), (46, 30, 45), (45, 29, 44), (21, 5, 20), (20, 0, 14), (15, 0, 14), (14, 0, 13),
        (3, 0, 2), (0, 0, 1),
    ])
    func isNarrowerThanTheTerminal(columns: Int, bar: Int, width: Int) {
        let content = StatusLine.Content(before: "reading", fraction: 0.5, after: "1 of 2")
        let text = StatusLine.text(content, columns: columns)
        #expect(text.count { "█░".contains($0) } == bar)
        #expect(text.count { $0 == "█" } == bar / 2)
        #expect(text.count == width)
        #expect(text.hasPrefix("reading ") == (columns >= 10))
        #expect(text.hasSuffix("…") == (columns < 15))
    }

    @Test(arguments: [(-1.0, 0), (0, 0), (1, 30), (7, 30)])
    func aBarHasTwoEnds(fraction: Double, filled: Int) {
        let text = StatusLine.text(.init(fraction: fraction, after: "x"), columns: 80)
        #expect(text.count { $0 == "█" } == filled)
        #expect(text.count == 32 && text.hasSuffix(" x"))
    }

    @Test func textMayBeAlone() {
        #expect(StatusLine.text(.init(after: "step 1"), columns: 80) == "step 1")
        #expect(StatusLine.text(.init(after: "step 1"), columns: 6) == "step…")
    }
}
