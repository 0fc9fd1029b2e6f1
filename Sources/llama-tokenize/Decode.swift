import LlamaTokenizers
import LlamaCommands
import ArgumentParser
import LlamaJSON

/// `llama-tokenize decode`: lines of ids to lines of text.
struct Decode: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Turn token ids into text.",
        discussion: """
            Reads a JSON array of ids from each line of standard input and writes their text as a JSON string \
            before it waits for the next line. Control tokens have no text; bytes that are not UTF-8 become \
            U+FFFD. A line with anything else, or with an id outside the vocabulary, ends the run with exit code \
            65; the lines before it have been answered.

            --show prints ids and pieces as in encode, control tokens included.
            """)

    @OptionGroup var choice: TokenizerOptions

    @Flag(help: "Print ids and pieces for a person.")
    var show = false

    func validate() throws { try choice.require() }

    func run() throws {
        let tokenizer = try choice.load()
        let pieces = PieceList(tokenizer)
        try LineFilter.run { line throws(BadLine) in
            let ids = try ids(of: line, below: tokenizer.vocabularySize)
            return show ? pieces.rows(ids) : JSONText.string(tokenizer.decode(ids)).serialized
        }
    }

    private func ids(of line: [UInt8], below count: Int) throws(BadLine) -> [Int32] {
        var ids: [Int32] = []
        let values: [JSONValue]
        do {
            values = try JSONLine.value(line).array()
        } catch {
            throw BadLine(expected: "a JSON array of ids", error)
        }
        for value in values {
            guard let id = try? value.int(), (0..<count).contains(id) else {
                throw BadLine(
                    location: value.path, expected: "an id from 0 to \(count - 1)", found: value.excerpt)
            }
            ids.append(Int32(id))
        }
        return ids
    }
}
