import LlamaCommands
import Testing

struct VisibleTextTests {
    @Test(arguments: [
        ("plain é 海 👩‍🚀\n\t~", "plain é 海 👩‍🚀\n\t~", "plain é 海 👩‍🚀\n\t~"),
        ("\u{1B}[2J", #"\u{1B}[2J"#, #"\u001B[2J"#), ("a\r\nb", "a\\r\nb", "a\\u000D\nb"),
        (
            "\u{0}\u{7F}\u{80}\u{9F}\u{A0}", #"\0\u{7F}\u{0080}\u{009F}"# + "\u{A0}",
            #"\u0000\u007F\u0080\u009F"# + "\u{A0}"
        ),
    ])
    func spellsOutWhatATerminalObeys(text: String, swift: String, json: String) {
        #expect(text.visible() == swift)
        #expect(text.visible(.json) == json)
    }
}
