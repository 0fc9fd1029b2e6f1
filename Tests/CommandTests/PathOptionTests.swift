import Foundation
import Testing

/// An empty path is refused by the name of its option, whatever command it is given to.
struct PathOptionTests {
    /// What the help calls the values of options that are no paths.
    private static let otherValues: Set = [
        "text", "n", "t", "p", "type", "to", "dtype", "size", "ulp", "which", "preset", "vocab-size", "dim",
        "n-layers", "n-heads", "n-kv-heads", "multiple-of", "norm-eps", "rope-theta", "max-seq-len",
        "batch-size", "accumulation", "steps", "learning-rate", "final-learning-rate", "warmup",
        "weight-decay", "beta2", "grad-clip", "eval-interval", "eval-batches", "seed", "threads", "split",
        "activations", "name", "n,…", "k", "x", "id", "id=bias", "when", "how",
    ]

    /// A command as ArgumentParser describes it.
    private struct Description: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable {
                let kind: String
                let name: String
            }
            let kind: String
            let valueName: String?
            let names: [Name]?
        }
        let commandName: String
        let subcommands: [Description]?
        let arguments: [Argument]?
    }

    private struct Dump: Decodable { let command: Description }

    @Test(arguments: ["llama-run", "llama-convert", "llama-tokenize", "llama-train", "llama-bench"])
    func emptyPathsAreNamed(program: String) throws {
        let help = try Command.run(["--experimental-dump-help"], program: program)
        let root = try JSONDecoder().decode(Dump.self, from: Data(help.output.utf8)).command
        let subcommands = (root.subcommands ?? []).filter { $0.commandName != "help" }
        var count = 0
        for command in subcommands.isEmpty ? [root] : subcommands {
            let words = subcommands.isEmpty ? [] : [command.commandName]
            for argument in command.arguments ?? [] where argument.kind == "option" {
                let value = try #require(argument.valueName)
                let name = try #require(argument.names?.first { $0.kind == "long" }).name
                guard !Self.otherValues.contains(value) else { continue }
                let result = try Command.run(words + ["--\(name)", ""], program: program)
                #expect(result.code == 64)
                let message = "--\(name): expected a path, found none\n"
                #expect(result.error.contains(message), "\(words) \(value): \(result.error)")
                count += 1
            }
        }
        #expect(count > 0)
    }
}
