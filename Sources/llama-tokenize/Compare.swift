import ArgumentParser
import LlamaCommands
import Glibc
import LlamaTokenizers

/// `llama-tokenize compare`: the audit of one tokenizer against another.
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare two tokenizers of one model.",
        discussion: """
            Compares the size of the vocabularies, every token (what kind it is and the bytes it stands for, or \
            its name), the tokens that begin, end, pad and stop, and the ids of texts, which are then decoded \
            with both. Of what differs, the first is shown.

            The exit code is 0 if all of that is the same and 1 if anything differs; trouble has a code from 64 \
            on.
            """)

    // Not wanted here; shared, so that it can be said.
    @OptionGroup(visibility: .hidden) var choice: TokenizerOptions

    @Argument(help: ArgumentHelp("A tokenizer, or a folder or checkpoint with one.", valueName: "A"))
    var first: String

    @Argument(help: ArgumentHelp("The tokenizer to compare it with.", valueName: "B"))
    var second: String

    @Option(
        help: ArgumentHelp(
            "Texts, one a line; .jsonl: a JSON string or {\"text\": …} a line; - for standard input. "
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
        try reportingFailures("llama-tokenize") {
            let paths = (try TokenizerPath.resolve(first), try TokenizerPath.resolve(second))
            let tokenizers = (try loadTokenizer(at: paths.0), try loadTokenizer(at: paths.1))
            Interrupt.watch()
            let vocabulary = VocabularyComparison(tokenizers.0, tokenizers.1)
            var texts = TextComparison(tokenizers.0, tokenizers.1, specials: specials.tokens)
            try TextSource.read(data) { texts.add($0, source: $1) }
            let report = ComparisonReport(
                paths: paths, tokenizers: tokenizers, vocabulary: vocabulary, texts: texts,
                source: data.map { $0 == "-" ? "standard input" : $0 })
            let output = report.lines.map { $0 + "\n" }.joined()
            try Console.write(output, to: STDOUT_FILENO, named: "standard output")
            if !(vocabulary.isSame && texts.isSame) { throw ExitCode(1) }
        }
    }
}
