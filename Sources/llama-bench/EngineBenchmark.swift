import ArgumentParser
import LlamaCommands
import LlamaKernels

/// `llama-bench engine`: measures many requests at a time.
struct EngineBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "engine",
        abstract: "Measure many requests at a time.",
        discussion: """
            Measures, with made-up tokens and greedy choice:

              shared      requests whose prompts begin with the same tokens
              unrelated   as many requests of the same lengths, with nothing in common
              one by one  eight of these, one after another
              plain       one request whose prompt repeats itself
              lookup      the same, with drafts from what is repeated
              arrival     eight requests that decode, and a long prompt that arrives

            Rates are of generated tokens, over the time of the whole workload, prompts included. The gaps of arrival are \
            the times between two tokens of a request: before the long prompt, and while it is read.

            --json prints one object: machine and model as llama-bench model prints them, results [{workload, requests, \
            prompt_tokens, computed_prompt_tokens, generated_tokens, accepted_drafts, drafted_tokens, seconds {median, min, \
            max}, tokens_per_second {median, min, max}}], arrival {prompt_tokens, gaps_before_seconds {median, min, max}, \
            gaps_during_seconds {median, min, max}}.
            """)

    @OptionGroup var subject: SubjectOptions

    @Option(help: ArgumentHelp("Requests of a workload.", valueName: "n"))
    var requests = 64

    @Option(help: ArgumentHelp("Most sequences at a time.", valueName: "n"))
    var sequences = 32

    @Option(help: ArgumentHelp("Tokens with which all prompts of `shared` begin.", valueName: "n"))
    var shared = 200

    @Option(
        name: [.customShort("p"), .long],
        help: ArgumentHelp("Tokens of a prompt after these.", valueName: "n"))
    var prompt = 32

    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp("Tokens to generate for each request.", valueName: "n"))
    var generate = 32

    @Option(help: ArgumentHelp("Tokens of the prompt that arrives; 0 measures none.", valueName: "n"))
    var arrival = 2000

    @Option(help: ArgumentHelp("Most tokens drafted at a time.", valueName: "n"))
    var draftTokens = 8

    @OptionGroup var common: CommonOptions

    func validate() throws {
        try require((1...100_000).contains(requests), "--requests", "1 to 100000", requests)
        try require((1...1024).contains(sequences), "--sequences", "1 to 1024", sequences)
        try require((0...1_000_000).contains(shared), "--shared", "0 to 1000000", shared)
        try require((1...1_000_000).contains(prompt), "--prompt", "1 to 1000000", prompt)
        try require((1...1_000_000).contains(generate), "--generate", "1 to 1000000", generate)
        try require((0...1_000_000).contains(arrival), "--arrival", "0 to 1000000", arrival)
        try require((1...64).contains(draftTokens), "--draft-tokens", "1 to 64", draftTokens)
    }

    func run() throws { try EngineSession(self).run() }
}
