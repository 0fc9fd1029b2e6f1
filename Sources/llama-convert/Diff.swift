import ArgumentParser
import LlamaCheckpoints
import LlamaCommands
import LlamaConversion
import Logging

/// `llama-convert diff`: whether two checkpoints are the same model.
struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare two checkpoints across formats, shards, row orders and dtypes.",
        discussion: """
            Tensors are compared value by value: identical (same dtype, same bits), equal after a lossless cast, \
            different by a number of units in the last place (of the dtype with fewer significant bits), of another \
            shape, or missing. Configurations are compared field by field; a value that only one format can state \
            is shown but does not count.

            --json prints one object: a, b, same, configuration [{name, a, b, matters}], summary {identical, \
            equal_after_cast, different, shape, missing}, tensors [{name, outcome, a, b (dtypes), shape, and where \
            they differ shapes or count, odd, ulps, unit, absolute, relative, first {row, column, a, b}}]. On a terminal it is indented, elsewhere one line.

            The exit code is 0 if both are the same and 1 if not; errors have codes from 64 up.
            """)

    @Argument(help: ArgumentHelp("Checkpoint: a folder, or a file in it.", valueName: "A"))
    var first: String

    @Argument(help: ArgumentHelp("Checkpoint to compare it with.", valueName: "B"))
    var second: String

    @Flag(help: "Print JSON.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "Units in the last place by which values may differ and still count as the same.",
            valueName: "ulp"))
    var tolerance = 0.0

    func validate() throws {
        guard tolerance >= 0, tolerance.isFinite else {
            throw ValidationError("--tolerance: expected a number of at least 0, found \(tolerance)")
        }
    }

    func run() throws {
        let logger = Logger(label: "llama-convert", factory: { _ in SwiftLogNoOpLogHandler() })
        let checkpoints = (
            try Checkpoint(at: first, logger: logger), try Checkpoint(at: second, logger: logger)
        )
        let progress = ByteProgress("comparing")
        let comparison = try CheckpointComparison(checkpoints.0, checkpoints.1) { done, total in
            progress?.show(done, of: total)
        }
        progress?.clear()
        let isSame = comparison.isSame(tolerance: tolerance)
        if json {
            try Console.output(
                DifferenceJSON(
                    paths: (first, second), checkpoints: checkpoints, comparison: comparison, isSame: isSame
                ).value)
        } else {
            let text = DifferenceText(paths: (first, second), comparison: comparison, isSame: isSame).text
            try Console.output(text + "\n")
        }
        if !isSame { throw ExitCode(1) }
    }
}
