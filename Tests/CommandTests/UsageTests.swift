import Foundation
import LlamaTestSupport
import Testing

/// What is wrong with the command line itself: exit code 64, and the option by name.
struct UsageTests {
    @Test(arguments: [
        (["--prompt", "x"], "missing expected argument '--checkpoints <dir>'"),
        (["--checkpoints", "x"], "give a --prompt or a file of --prompts"),
        (["--temperature", "nan"], "--temperature: expected a number from 0 on, found nan"),
        (["--temperature=-0.5"], "--temperature: expected a number from 0 on, found -0.5"),
        (["--top-p", "0"], "--top-p: expected above 0, at most 1, found 0.0"),
        (["--top-p", "nan"], "--top-p: expected above 0, at most 1, found nan"),
        (["--max-gen-len=-1"], "--max-gen-len: expected at least 0, found -1"),
        (["--max-seq-len", "0"], "--max-seq-len: expected 1 to 10000000, found 0"),
        (["--max-seq-len", "10000001"], "--max-seq-len: expected 1 to 10000000, found 10000001"),
        (["--max-batch-size", "0"], "--max-batch-size: expected 1 to 1024, found 0"),
        (["--threads", "0"], "--threads: expected 1 to 1024, found 0"),
        (["--temperature", "-1"], "--temperature: expected a number from 0 on, found -1.0"),
        (["--temperature", "-inf"], "--temperature: expected a number from 0 on, found -inf"),
        (["--top-p", "-.5"], "--top-p: expected above 0, at most 1, found -0.5"),
        (["--max-gen-len", "-1"], "--max-gen-len: expected at least 0, found -1"),
        (["--threads", "-4"], "--threads: expected 1 to 1024, found -4"),
        (["--seed", "-1"], "the value '-1' is invalid for '--seed <n>': expected 0 to 18446744073709551615"),
        (["--output="], "--output: expected a path, found none"),
        (["--output", "--quiet"], "missing value for '--output <file.jsonl>'"),
        (["--temp", "1", "--top-p", "0"], "unknown option --temp; did you mean --temperature?"),
        (["-prompt"], "unknown option -prompt; did you mean --prompt?"),
        (["-x"], "unknown option -x"),
        (["-echo"], "unknown option -echo; did you mean --echo?"),
        (["--ECHO"], "unknown option --ECHO; did you mean --echo?"),
        (["--dtype", ""], "--dtype: expected auto, float32, q8_0, q6_k, q4_k or q4_0, found nothing"),
        (["--tokenizer", ""], "--tokenizer: expected a path, found none"),
        (["--prompts", ""], "--prompts: expected a path, found none"),
        (["more"], "unexpected argument 'more'"),
        (["--logprobs", "2"], "--logprobs: expected a file for them, found no --output"),
        (["--logprobs", "1001", "--output", "x"], "--logprobs: expected 0 to 1000, found 1001"),
        (
            ["--dtype", "int4"],
            "--dtype: expected auto, float32, q8_0, q6_k, q4_k or q4_0, found int4"
        ),
        (["--max-gen-len", "many"], "the value 'many' is invalid for '--max-gen-len <n>'"),
        (["--promt", "x"], "unknown option --promt; did you mean --prompt?"),
        (["--top-k", "-1"], "--top-k: expected 0 (off) or more, found -1"),
        (["--min-p", "1.5"], "--min-p: expected a number from 0 to 1, found 1.5"),
        (["--typical-p", "0"], "--typical-p: expected above 0, at most 1, found 0.0"),
        (["--repetition-penalty", "0"], "--repetition-penalty: expected a number above 0, found 0.0"),
        (["--frequency-penalty", "-3"], "--frequency-penalty: expected a number from -2 to 2, found -3.0"),
        (["--presence-penalty", "nan"], "--presence-penalty: expected a number from -2 to 2, found nan"),
        (["--logit-bias", "5"], "the value '5' is invalid for '--logit-bias <id=bias>'"),
        (["--logit-bias", "5=x"], "the value '5=x' is invalid for '--logit-bias <id=bias>'"),
        (
            ["--logit-bias", "5=101"],
            "--logit-bias: expected numbers from -100 to 100, found 101.0 for token 5"
        ),
        (["--stop", ""], "--stop: expected text, found none in entry 0"),
        (["--stop-token-id", "-1"], "the value '-1' is invalid for '--stop-token-id <id>'"),
        (["--min-gen-len", "129"], "--min-gen-len: expected 0 to 128, the most tokens, found 129"),
        (["--n", "0"], "--n: expected 1 to 1024, found 0"),
        (
            ["--n", "2", "--temperature", "0"],
            "--n: expected 1 at temperature 0, where all samples are the same, found 2"
        ),
        (["--n", "3", "--best-of", "2"], "--best-of: expected at least n (3), found 2"),
        (["--n", "3", "--beams", "2"], "--n: expected at most as many as beams (2), found 3"),
        (["--beams", "2", "--stop", "x"], "--stop: expected none with beams, found \"x\""),
        (
            ["--beams", "2", "--logprobs", "1", "--output", "x"],
            "--logprobs: expected none with beams, which have a score instead, found 1"
        ),
        (["--length-penalty", "inf"], "--length-penalty: expected a number, found inf"),
        (["--early-stopping", "maybe"], "--early-stopping: expected true, false or never, found maybe"),
        (["--speculate", "well"], "--speculate: expected none or lookup, found well"),
        (
            ["--draft-tokens", "4"],
            "--draft-tokens: expected none without speculate or a draft model, found 4"
        ),
        (["--speculate", "lookup", "--draft-tokens", "0"], "--draft-tokens: expected at least 1, found 0"),
        (["--speculate", "lookup", "--draft-tokens", "257"], "--draft-tokens: expected 1 to 256, found 257"),
        (["--draft", ""], "--draft: expected a path, found none"),
        (["--kv-memory", "much"], "the value 'much' is invalid for '--kv-memory <size>'"),
    ])
    func isRefusedByName(arguments: [String], message: String) throws {
        let complete = ["--checkpoints", "x"].contains(arguments[0]) || arguments[0] == "--prompt"
        let result = try Command.run(
            complete ? arguments : ["--checkpoints", "x", "--prompt", "x"] + arguments)
        #expect(result.code == 64)
        #expect(result.output == "")
        #expect(result.error == "llama-run: error: \(message)\nSee 'llama-run --help'.\n")
    }

    /// Also where something is missing; of another command than `llama-run`.
    @Test(arguments: [
        ("llama-run", ["--checkpoint", "x"], "unknown option --checkpoint; did you mean --checkpoints?", ""),
        (
            "llama-convert", ["inspet", "x"],
            "inspet is neither a subcommand nor a file; did you mean inspect?", ""
        ),
        ("llama-convert", ["inspect", ""], "<path>: expected a path, found none", " inspect"),
        ("llama-convert", ["x", "", "--to", "gguf"], "<dst>: expected a path, found none", ""),
        ("llama-convert", ["diff", "x", ""], "<B>: expected a path, found none", " diff"),
        ("llama-train", ["--data", "", "--output", "x"], "--data: expected a path, found none", ""),
        ("llama-convert", ["--frce", "x"], "unknown option --frce; did you mean --force?", ""),
        (
            "llama-convert", ["--tensors", "x"],
            "unknown option --tensors; it is an option of llama-convert inspect", ""
        ),
        ("llama-convert", ["diff", "--jsn", "x"], "unknown option --jsn; did you mean --json?", " diff"),
        (
            "llama-convert", ["diff", "a", "b", "--tolerance", "-1"],
            "--tolerance: expected a number of at least 0, found -1.0", " diff"
        ),
        ("llama-train", ["help", "--bogus"], "unknown option --bogus", ""),
        ("llama-convert", ["x", "y"], "missing expected argument '--to <to>'", ""),
        (
            "llama-convert", ["x", "y", "--to", "onnx"],
            "--to: expected meta, meta-safetensors, huggingface, gguf or llama2c, found onnx", ""
        ),
        (
            "llama-tokenize", ["encod", "--tokenizer", "x"], "unknown subcommand encod; did you mean encode?",
            ""
        ),
        (
            "llama-tokenize", ["train"],
            "unknown subcommand train; expected encode, decode, compare or benchmark", ""
        ),
        ("llama-tokenize", ["encode", "--bo"], "unknown option --bo; did you mean --bos?", " encode"),
        (
            "llama-train", ["evalute", "--data", "x"],
            "evalute is neither a subcommand nor a file; did you mean evaluate?", ""
        ),
        (
            "llama-train", ["--data", "x", "--output", "y", "--threads", "-1"],
            "--threads: expected 1 to 1024, found -1", ""
        ),
        (
            "llama-train", ["evaluate", "--checkpoint", "x"],
            "unknown option --checkpoint; did you mean --checkpoints?", " evaluate"
        ),
    ])
    func namesWhatIsWrongFirst(program: String, arguments: [String], message: String, help: String) throws {
        let result = try Command.run(arguments, program: program)
        #expect(result.code == 64)
        #expect(result.output == "")
        #expect(result.error == "\(program): error: \(message)\nSee '\(program)\(help) --help'.\n")
    }

    /// A path that looks like a subcommand is a path.
    @Test func aFileIsNotAMisspelledSubcommand() throws {
        try withTemporaryFolder { folder in
            try Data().write(to: folder.appending(path: "inspet"))
            let result = try Command.run(["inspet", "x"], folder: folder, program: "llama-convert")
            #expect(
                result.error
                    == "llama-convert: error: missing expected argument '--to <to>'\nSee 'llama-convert --help'.\n"
            )
        }
    }

    @Test(arguments: [
        (
            "llama-run",
            "missing expected argument '--checkpoints <dir>'\nComplete text with a Llama checkpoint."
        ),
        (
            "llama-convert",
            "missing expected argument '<src>'\nConvert, inspect and compare Llama checkpoints."
        ),
        (
            "llama-tokenize",
            "expected encode, decode or compare, found no subcommand\nTurn text into token ids and back, or compare two tokenizers."
        ),
        (
            "llama-train",
            "missing expected argument '--data <file>'\nTrain a small Llama on a text, or measure the loss of one."
        ),
        (
            "llama-bench",
            "give the folder of --checkpoints, or a --shape\nMeasure how fast a model runs, against the limits of the machine."
        ),
    ])
    func aBareCommandSaysWhatItNeedsAndDoes(program: String, lines: String) throws {
        let result = try Command.run([], program: program)
        #expect(result.code == 64)
        #expect(result.output == "")
        #expect(result.error == "\(program): error: \(lines) See '\(program) --help'.\n")
    }

    @Test(arguments: [
        ("llama-run", []), ("llama-convert", ["convert", "inspect", "diff"]),
        ("llama-tokenize", ["encode", "decode", "compare", "benchmark"]),
        ("llama-train", ["train", "evaluate"]), ("llama-bench", ["model", "kernels"]),
    ])
    func everyCommandHasAVersion(program: String, subcommands: [String]) throws {
        for arguments in [["--version"]] + subcommands.map({ [$0, "--version"] }) {
            let result = try Command.run(arguments, program: program)
            #expect(result.code == 0 && result.error == "")
            let version = try #require(result.output.wholeMatch(of: /(.+) \(swift-llama\) \d+\.\d+\.\d+\n/))
            #expect(version.1 == program)
        }
    }

    @Test func anEmptyChoiceOfKernelsIsNone() throws {
        let arguments = [
            "--checkpoints", try Fixtures.checkpoint("hf-tied-f32").path, "--prompts", "-", "--max-gen-len",
            "3",
        ]
        func run(_ kernels: String, _ arguments: [String], _ program: String) throws -> Command {
            try Command.run(
                arguments, input: #"{"prompt_ids": [5]}"#, environment: ["LLAMA_KERNELS": kernels],
                program: program)
        }
        let empty = try run("", arguments, "llama-run")
        #expect(empty.code == 0 && empty.error == "")
        let sets = "reference, avx2, avxvnni, avx512, avx512vnni"
        let message = "error: LLAMA_KERNELS: expected \(sets), found sse\n"
        let unknown = try run("sse", arguments, "llama-run")
        #expect(unknown.code == 64 && unknown.error == "llama-run: " + message)
        try withTemporaryFolder { folder in
            let text = folder.appending(path: "text.txt")
            try Data(String(repeating: "To be, or not to be.\n", count: 60).utf8).write(to: text)
            let output = folder.appending(path: "out").path
            let train = ["--data", text.path, "--output", output, "--steps", "1"] + TrainTests.small
            let refused = try run("sse", train, "llama-train")
            #expect(refused.code == 64 && refused.error == "llama-train: " + message)
            #expect(!FileManager.default.fileExists(atPath: output))
            #expect(try run("reference", train, "llama-train").code == 0)
        }
    }

    /// Swift would replace the bytes, and so read or write another file.
    @Test(arguments: [
        (
            "llama-run", #"--checkpoints x --prompt "$(printf 'a\351')""#,
            #"--prompt: expected UTF-8, found other bytes: a\xE9"#
        ),
        (
            "llama-run", #"--output="$(printf 'caf\351')""#,
            #"--output: expected UTF-8, found other bytes: --output=caf\xE9"#
        ),
        (
            "llama-convert", #"inspect "$(printf '\377\033')""#,
            #"argument 2: expected UTF-8, found other bytes: \xFF\x1B"#
        ),
        (
            "llama-tokenize", #"compare a "$(printf 'b\200')""#,
            #"argument 3: expected UTF-8, found other bytes: b\x80"#
        ),
        ("llama-train", #"--data "$(printf 'b\200')""#, #"--data: expected UTF-8, found other bytes: b\x80"#),
    ])
    func refusesArgumentsThatAreNotUTF8(program: String, arguments: String, message: String) throws {
        let result = try Command.shell(#""$@" "# + arguments, [], program: program)
        #expect(result.code == 64 && result.output == "")
        #expect(result.error == "\(program): error: \(message); use UTF-8, or rename the file\n")
    }

    /// Swift's concurrency would trap.
    @Test(arguments: ["llama-run", "llama-convert", "llama-tokenize", "llama-train", "llama-bench"])
    func saysThatTooFewFilesMayBeOpen(program: String) throws {
        let result = try Command.shell(#"ulimit -n 7; "$@""#, ["--checkpoints", "x"], program: program)
        let message = "the limit on open files: expected at least 32, found 7; raise it with `ulimit -n`"
        #expect(result.code == 71 && result.error == "\(program): error: \(message)\n", "\(result.error)")
    }

    @Test func helpNamesEveryOption() throws {
        let result = try Command.run(["--help"])
        #expect(result.code == 0)
        #expect(result.error == "")
        for option in [
            "checkpoints <dir>", "tokenizer <file>", "prompt <text>", "prompts <file>", "output <file.jsonl>",
            "max-gen-len <n>", "min-gen-len <n>", "max-seq-len <n>", "max-batch-size <n>", "temperature <t>",
            "top-k <k>", "top-p <p>", "min-p <p>", "typical-p <p>", "repetition-penalty <x>",
            "frequency-penalty <x>", "presence-penalty <x>", "logit-bias <id=bias>", "bad-words <text>",
            "stop <text>", "stop-token-id <id>", "ignore-eos", "n <n>", "best-of <n>", "beams <n>",
            "length-penalty <x>", "early-stopping <when>", "speculate <how>", "draft <dir>",
            "draft-tokens <n>", "kv-memory <size>", "seed <n>",
            "echo", "logprobs <n>", "threads <n>", "dtype <type>", "raw", "quiet", "verbose", "version",
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
            line.hasPrefix("  --") && !line.hasPrefix("  --version ")
                ? line.dropFirst(2).prefix { $0 != " " } : nil
        }
        #expect(options.count == 13)
        for option in options { #expect(help.output.contains("  \(option) "), "\(option)") }
        #expect(help.lines.allSatisfy { $0.count <= 80 })
    }
}
