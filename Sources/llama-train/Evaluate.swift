import ArgumentParser
import LlamaCheckpoints
import LlamaCommands
import LlamaKernels
import LlamaModel
import Logging
import LlamaTokenizers
import LlamaTraining

/// `llama-train evaluate`: the loss of a checkpoint on a text.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the loss of any checkpoint on a text.",
        discussion: """
            Cuts a split of the text into sequences one after another and prints the mean loss in nats per token, over \
            all of them, as the ordinary engine computes it.

            llama-train evaluate --checkpoints models/shakespeare-char --data tinyshakespeare.txt
            """)

    @Option(help: ArgumentHelp("Folder of the checkpoint.", valueName: "dir"))
    var checkpoints: String

    @Option(help: ArgumentHelp("Text (UTF-8).", valueName: "file"))
    var data: String

    @Option(
        help:
            "Which part of the text: training (the first 80 %), validation (the next 10 %), test (the last 10 %) or all."
    )
    var split: DataSplit = .validation

    @Option(help: "Tokens of a sequence; default: the model's context.")
    var maxSeqLen: Int?

    @Option(help: "Threads to compute with; default: the processors this process may use.")
    var threads: Int?

    func validate() throws {
        if let maxSeqLen, !(1...10_000_000).contains(maxSeqLen) {
            throw ValidationError("--max-seq-len: expected 1 to 10000000, found \(maxSeqLen)")
        }
        try validateThreads(threads)
    }

    func run() throws {
        try reportingFailures("llama-train", Failure.init(training:)) {
            let text = try TrainingData.readText(data)
            let checkpoint = try Checkpoint(
                at: checkpoints, logger: Logger(label: "llama-train") { _ in SwiftLogNoOpLogHandler() })
            let tokenizer = try SentencePieceTokenizer(path: checkpoint.folder + "/tokenizer.model")
            let context = min(checkpoint.configuration.contextLength ?? 2048, 2048)
            let evaluation = try Evaluation(
                Transformer(checkpoint), length: maxSeqLen ?? context,
                kernels: KernelContext(threads: threads ?? KernelContext.processorCount))
            let ids = try TrainingData.encode(text, file: data, tokenizer: tokenizer)
            let part = ids[split.range(of: ids.count)]
            guard part.count > 1 else {
                throw TrainingError.tooLittleData(
                    file: data, split: split.rawValue, count: part.count, needed: 2)
            }
            let result = evaluation.loss(of: part)
            guard result.loss.isFinite else {
                throw Failure(
                    Failure.badData,
                    "\(checkpoints): expected a finite loss, found \(result.loss); the weights are damaged")
            }
            try Console.write(
                "loss \(result.loss) nats per token over \(result.tokens) tokens\n", to: 1,
                named: "standard output")
        }
    }
}

extension DataSplit: ExpressibleByArgument {}
