import ArgumentParser
import LlamaCommands
import LlamaGeneration
import LlamaKernels
import LlamaTokenizers
import LlamaTraining

/// `llama-train evaluate`: the loss of a checkpoint on a text.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure the loss of any checkpoint on a text.",
        discussion: """
            Cuts a split of the text into consecutive sequences and prints the mean loss over all of them in nats per \
            token, as the engine of llama-run computes it.

            llama-train evaluate --checkpoints models/shakespeare-char --data tinyshakespeare.txt
            """)

    @Option(help: ArgumentHelp("Folder of the checkpoint, or a file in it.", valueName: "dir"))
    var checkpoints: String

    @Option(
        help: ArgumentHelp(
            "Tokenizer, or a GGUF file, checkpoint or folder with one; default: the checkpoint's own.",
            valueName: "file"))
    var tokenizer: String?

    @Option(help: ArgumentHelp("Text (UTF-8).", valueName: "file"))
    var data: String

    @Option(
        help:
            "Which split of the text: training (the first 80 %), validation (the next 10 %), test (the last 10 %) or all."
    )
    var split: DataSplit = .validation

    @Option(help: "Tokens of a sequence; default: the model's context.")
    var maxSeqLen: Int?

    @Option(help: .activations)
    var activations: ActivationType = .int8

    @Option(help: .computingThreads)
    var threads: Int?

    func validate() throws {
        if let maxSeqLen, !(1...10_000_000).contains(maxSeqLen) {
            throw ValidationError("--max-seq-len: expected 1 to 10000000, found \(maxSeqLen)")
        }
        try validateThreads(threads)
    }

    func run() throws {
        let text = try TrainingData.readText(data)
        let model = try LoadedModel(at: checkpoints, tokenizer: tokenizer)
        guard let tokenizer = model.tokenizer?.tokenizer else {
            throw TokenizerError.noTokenizer(path: checkpoints)
        }
        let evaluation = try Evaluation(
            model.transformer, length: maxSeqLen ?? min(model.contextLength, 2048),
            kernels: KernelContext(
                instructionSet: .fromEnvironment(), activations: activations,
                threads: threads ?? KernelContext.processorCount))
        let ids = try TrainingData.encode(text, file: data, tokenizer: tokenizer)
        let selected = ids[split.range(of: ids.count)]
        guard selected.count > 1 else {
            throw TrainingError.tooLittleData(
                file: data, split: split.rawValue, count: selected.count, needed: 2)
        }
        let result = try evaluation.loss(of: selected)
        guard result.loss.isFinite else {
            throw Failure(
                Failure.badData,
                "\(checkpoints): expected a finite loss, found \(result.loss); the weights are damaged")
        }
        try Console.output("loss \(result.loss) nats per token over \(result.tokens) tokens\n")
    }
}

extension DataSplit: ExpressibleByArgument {}
extension ActivationType: ExpressibleByArgument {}
