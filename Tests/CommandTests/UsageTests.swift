import Testing

/// What is wrong with the command line itself: exit code 64, and the option by name.
struct UsageTests {
    @Test(arguments: [
        (["--prompt", "x"], "Error: Missing expected argument '--checkpoints <dir>'"),
        (["--checkpoints", "x"], "Error: give a --prompt or a file of --prompts"),
        (["--temperature", "nan"], "Error: --temperature: expected a number from 0 on, found nan"),
        (["--temperature=-0.5"], "Error: --temperature: expected a number from 0 on, found -0.5"),
        (["--top-p", "0"], "Error: --top-p: expected above 0, at most 1, found 0.0"),
        (["--top-p", "nan"], "Error: --top-p: expected above 0, at most 1, found nan"),
        (["--max-gen-len=-1"], "Error: --max-gen-len: expected at least 0, found -1"),
        (["--max-seq-len", "0"], "Error: --max-seq-len: expected 1 to 10000000, found 0"),
        (["--max-seq-len", "10000001"], "Error: --max-seq-len: expected 1 to 10000000, found 10000001"),
        (["--max-batch-size", "0"], "Error: --max-batch-size: expected 1 to 1024, found 0"),
        (["--threads", "0"], "Error: --threads: expected 1 to 1024, found 0"),
        (["--logprobs", "2"], "Error: --logprobs: expected a file for them, found no --output"),
        (["--logprobs", "1001", "--output", "x"], "Error: --logprobs: expected 0 to 1000, found 1001"),
        (
            ["--dtype", "int4"],
            "Error: The value 'int4' is invalid for '--dtype <type>'. Please provide one of 'auto' and 'float32'."
        ),
        (["--max-gen-len", "many"], "Error: The value 'many' is invalid for '--max-gen-len <n>'"),
        (["--promt", "x"], "Error: Unknown option '--promt'. Did you mean '--prompt'?"),
    ])
    func isRefusedByName(arguments: [String], message: String) throws {
        let complete = ["--checkpoints", "x"].contains(arguments[0]) || arguments[0] == "--prompt"
        let result = try Command.run(
            complete ? arguments : ["--checkpoints", "x", "--prompt", "x"] + arguments)
        #expect(result.code == 64)
        #expect(result.output == "")
        #expect(result.error.split(separator: "\n").first.map(String.init) == message)
    }

    @Test func helpNamesEveryOption() throws {
        let result = try Command.run(["--help"])
        #expect(result.code == 0)
        #expect(result.error == "")
        for option in [
            "checkpoints <dir>", "tokenizer <file>", "prompt <text>", "prompts <file>", "output <file.jsonl>",
            "max-gen-len <n>", "max-seq-len <n>", "max-batch-size <n>", "temperature <t>", "top-p <p>",
            "seed <n>",
            "echo", "logprobs <n>", "threads <n>", "dtype <type>", "quiet", "verbose",
        ] {
            #expect(result.output.contains("  --\(option)"))
        }
        #expect(result.lines.allSatisfy { $0.count <= 80 })
    }

    /// The options of its default command too.
    @Test func convertsHelpNamesEveryOption() throws {
        let help = try Command.run(["--help"], program: "llama-convert")
        let long = try Command.run(["help", "convert"], program: "llama-convert")
        #expect(help.code == 0 && long.code == 0)
        let options = long.lines.compactMap { line in
            line.hasPrefix("  --") ? line.dropFirst(2).prefix { $0 != " " } : nil
        }
        #expect(options.count == 13)
        for option in options { #expect(help.output.contains("  \(option) "), "\(option)") }
        #expect(help.lines.allSatisfy { $0.count <= 80 })
    }
}
