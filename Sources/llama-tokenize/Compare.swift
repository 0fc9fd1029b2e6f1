import ArgumentParser
import LlamaCommands
import LlamaTokenizers

/// `llama-tokenize compare`: the audit of one tokenizer against another.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare two tokenizers of one model.",
        discussion: """
            Compares the sizes of the vocabularies, every token (its kind and its bytes or name), the tokens that \
            begin, end, pad and stop, and the ids of texts, which are then decoded with both. Of all differences, \
            the first is shown.

            The exit code is 0 if all of that is the same and 1 if anything differs; errors have codes from 64 on.
            """)

    // Shared with the other subcommands only to be refused with a message.
    @OptionGroup(visibility: .hidden) var choice: TokenizerOptions

    @Argument(
        help: ArgumentHelp("A tokenizer, or a GGUF file, checkpoint or folder with one.", valueName: "A"))
    var first: String

    @Argument(help: ArgumentHelp("The tokenizer to compare it with.", valueName: "B"))
    var second: String

    @Option(
        help: ArgumentHelp(
            "Texts, one per line; .jsonl: a JSON string or {\"text\": …} per line; - for standard input. "
                + "Default: built-in texts on which tokenizers tend to differ.",
            valueName: "file"))
    var data: String?

    @Option(help: ArgumentHelp("Control tokens that a text may spell.", valueName: "which"))
    var specials: SpecialsOption = .none

    func validate() throws {
        guard choice.tokenizer == nil else {
            throw ValidationError("--tokenizer: expected none, since compare names its two tokenizers")
        }
    }

    func run() throws {
        let locations = (try TokenizerLocation(at: first), try TokenizerLocation(at: second))
        let paths = (locations.0.path, locations.1.path)
        let tokenizers = (try locations.0.load(), try locations.1.load())
        Interrupt.watch()
        let vocabulary = VocabularyComparison(tokenizers.0, tokenizers.1)
        var texts = TextComparison(tokenizers.0, tokenizers.1, specials: specials.tokens)
        try TextSource.read(data) { texts.add($0, source: $1) }
        let report = ComparisonReport(
            paths: paths, tokenizers: tokenizers, vocabulary: vocabulary, texts: texts,
            source: data.map { $0 == "-" ? "standard input" : $0 })
        let output = report.lines.map { $0 + "\n" }.joined()
        try Console.output(output)
        if !(vocabulary.isSame && texts.isSame) { throw ExitCode(1) }
    }
}
