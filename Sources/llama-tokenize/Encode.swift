import LlamaTokenizers
import LlamaCommands
import ArgumentParser
import LlamaJSON

/// `llama-tokenize encode`: lines of text to lines of ids.
struct Encode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn text into token ids.",
        discussion: """
            Reads a JSON string from each line of standard input and writes a JSON array of its ids before it \
            waits for the next line. An unpaired escaped surrogate is read as U+FFFD. A line with anything else \
            ends the run with exit code 65; the lines before it have been answered.

            With --show a line of output is an id and its piece, and an empty line ends each text. In a piece \
            ▁ is a space, <0xE4> a byte that is not a character by itself, and \\n, \\t, \\\\ and \\u{200D} are \
            characters that would be invisible or ambiguous.
            """)

    @OptionGroup var choice: TokenizerOptions

    @Flag(help: "Begin each text with the begin-of-sequence token.")
    var bos = false

    @Option(
        help: ArgumentHelp(
            "Control tokens that a text may spell: <s> is that token with all, three characters with none.",
            valueName: "which"))
    var specials: SpecialsOption = .none

    @Flag(help: "Print ids and pieces for a person.")
    var show = false

    func validate() throws { try choice.require() }

    func run() throws {
        let tokenizer = try choice.load()
        let pieces = PieceList(tokenizer)
        try LineFilter.run { line throws(BadLine) in
            let ids = tokenizer.encode(
                try text(of: line), specials: specials.tokens, addBOS: bos)
            return show ? pieces.rows(ids) : Self.array(ids)
        }
    }

    /// A JSON array; a long text has too many ids for a value each.
    private static func array(_ ids: [Int32]) -> String {
        var array = "["
        for (index, id) in ids.enumerated() {
            if index > 0 { array += "," }
            array += String(id)
        }
        return array + "]"
    }

    private func text(of line: [UInt8]) throws(BadLine) -> String {
        do {
            return try JSONLine.value(line).string()
        } catch {
            throw BadLine(expected: "a JSON string", error)
        }
    }
}
