import LlamaTokenizers
import LlamaCommands
import ArgumentParser
import LlamaFiles
import LlamaJSON

/// `llama-tokenize benchmark`: measures how long a tokenizer takes to load and to encode a text.
struct Benchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how fast a text is encoded.",
        discussion: """
            Encodes the whole of --data on one thread, --repeat times, and prints one JSON object: the seconds to \
            load the tokenizer, the seconds of each repetition, and the numbers of tokens and bytes. \
            tools/benchmark_tokenizers.py compares them with other libraries'.
            """)

    @OptionGroup var choice: TokenizerOptions

    @Option(help: ArgumentHelp("Text to encode.", valueName: "file"))
    var data: String

    @Option(name: .customLong("repeat"), help: ArgumentHelp("Number of times.", valueName: "n"))
    var repetitions = 5

    func validate() throws {
        try choice.require()
        guard (1...1_000_000).contains(repetitions) else {
            throw ValidationError("--repeat: expected 1 to 1000000, found \(repetitions)")
        }
    }

    func run() throws {
        let clock = ContinuousClock()
        let start = clock.now
        let tokenizer = try choice.load()
        let loadTime = clock.now - start
        let text = String(decoding: try WholeFile.read(data, limit: .max), as: UTF8.self)
        var count = 0
        let times = (0..<repetitions).map { _ in
            clock.measure { count = tokenizer.encode(text, addBOS: false).count }
        }
        let result = JSONText.object([
            ("load_seconds", .double(loadTime / .seconds(1))),
            ("seconds", .array(times.map { .double($0 / .seconds(1)) })),
            ("tokens", .int(count)), ("bytes", .int(text.utf8.count)),
        ])
        try Console.output(result)
    }
}
