import ArgumentParser
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
            file, offset, bytes, cut}]. What is not known is null. On a terminal it is indented, elsewhere one line.
            """)

    @Argument(help: ArgumentHelp("Checkpoint: a folder, or a file in it.", valueName: "path"))
    var path: String

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "List every tensor.")
    var tensors = false

    func run() throws {
        let report = try CheckpointReport(at: path)
        let tokenizer = TokenizerReport(of: report)
        // The report must not be one of zeros.
        try MappedFile.checkForDamage()
        if json {
            try Console.output(
                InspectionJSON(path: path, report: report, tokenizer: tokenizer, tensors: tensors).value)
        } else {
            let text = InspectionText(path: path, report: report, tokenizer: tokenizer, tensors: tensors).text
            try Console.output(text + "\n")
        }
        if let failure = report.failure { throw Failure(Failure.badData, "\(failure)") }
    }
}
