import ArgumentParser
import Glibc
import LlamaCommands
import LlamaConversion
import LlamaFiles

/// `llama-convert inspect`: describes a checkpoint by its headers.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Describe a checkpoint without reading its weights.",
        discussion: """
            A checkpoint that does not open is described as far as its files allow; the problem is reported on \
            standard error and the exit code is 65.

            --json prints one object: path, opens, error, format, family {name, evidence}, parameters \
            {total, outside_embeddings}, dtypes [{dtype, tensors, bytes}], files [{name, bytes, tensors}], cut \
            {whole, rows, columns}, configuration {NAME: {value, source}}, row_order, tokenizer {file, bytes, kind, \
            vocabulary, begin, end, stop}, problems [text], and with --tensors tensors [{name, role, dtype, shape, \
            file, offset, bytes, cut}]. What is not known is null.
            """)

    @Argument(help: ArgumentHelp("Checkpoint: a folder, or a file in it.", valueName: "path"))
    var path: String

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "List every tensor.")
    var tensors = false

    func run() throws {
        try reportingFailures("llama-convert") {
            let report = try CheckpointReport(at: path)
            let tokenizer = TokenizerReport(of: report)
            let output =
                json
                ? InspectionJSON(path: path, report: report, tokenizer: tokenizer, tensors: tensors).text
                : InspectionText(path: path, report: report, tokenizer: tokenizer, tensors: tensors).text
            // The report must not be one of zeros.
            try MappedFile.checkForDamage()
            try Console.write(output + "\n", to: STDOUT_FILENO, named: "standard output")
            if let failure = report.failure { throw Failure(Failure.badData, "\(failure)") }
        }
    }
}
