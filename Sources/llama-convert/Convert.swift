import ArgumentParser
import Glibc
import LlamaCheckpoints
import LlamaCommands
import LlamaConversion
import LlamaTensors
import Logging
import Synchronization

/// `llama-convert SRC DST`: writes a checkpoint in another format.
struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a checkpoint in another format.",
        discussion: """
            Converts weights, row order, configuration and tokenizer; what the format cannot express is refused \
            before a byte is written. The output is written to DST.converting and renamed to DST when it is complete \
            and on the disk; after an interruption the same command with --resume continues. Every tensor's SHA-256 \
            (of its role, dtype, shape and values in Meta's order) is kept in conversion.json and, if the format has a \
            field for it, in the files.

            Quantized weights are those of llama.cpp's reference quantizer, byte for byte. With q4_k every matrix is \
            Q4_K, except that the output head (or an embedding tied to it) is Q6_K. Matrices whose rows are not whole \
            blocks (of 256 weights for q6_k and q4_k, of 32 for others) are written as Q5_0 for q4_k, as Q8_0 for \
            q6_k, and as F16 if they are not whole blocks of 32 either, with a note.

              llama-convert llama-2-7b llama-2-7b-hf --to huggingface --verify
              llama-convert llama-2-7b-hf llama-2-7b.gguf --to gguf --dtype q4_k
              llama-convert llama-2-70b llama-2-70b-whole --to meta --shards 1
            """)

    @Argument(help: ArgumentHelp("Checkpoint: a folder, or a file in it.", valueName: "src"))
    var source: String

    @Argument(help: ArgumentHelp("Folder to create, or file for gguf and llama2c.", valueName: "dst"))
    var destination: String

    @Option(name: .customLong("to"), help: "Format to write.")
    var format: CheckpointFormat

    @Option(
        help:
            """
            Type of the weights; keep changes nothing, q8_0, q6_k, q4_k and q4_0 are for gguf, and q4_k stores the output \
            head as Q6_K.
            """
    )
    var dtype: DTypeOption = .keep

    @Option(help: ArgumentHelp("Model-parallel shards of Meta's formats.", valueName: "n"))
    var shards: Int?

    @Option(
        help: ArgumentHelp(
            "Largest file of huggingface, such as 500MB; default: 5GB.", valueName: "size"))
    var maxShardSize: ByteSize?

    @Option(
        help: ArgumentHelp(
            "Tokenizer, or a GGUF file, checkpoint or folder with one; default: the source's own.",
            valueName: "file"))
    var tokenizer: String?

    @Option(help: ArgumentHelp("Threads; default: the processors this process may use.", valueName: "n"))
    var threads: Int?

    @Flag(help: "Show what would be written, and write nothing.")
    var dryRun = false

    @Flag(
        help:
            "Read the output back and compare every tensor with its digest before DST is created or replaced."
    )
    var verify = false

    @Flag(help: "Replace the checkpoint at DST once the new one is complete.")
    var force = false

    @Flag(help: "Resume an interrupted conversion.")
    var resume = false

    @Flag(
        help: """
            Quantize weights that are not finite, or too large, instead of refusing them; the report and \
            conversion.json count what that changes.
            """)
    var allowNonFinite = false

    @Flag(help: "Print what a change of type did to every tensor.")
    var verbose = false

    @Flag(help: "Print errors only.")
    var quiet = false

    func validate() throws {
        guard (1...256).contains(threads ?? 1) else {
            throw ValidationError("--threads: expected 1 to 256, found \(threads ?? 1)")
        }
        guard (1...100).contains(shards ?? 1) else {
            throw ValidationError("--shards: expected 1 to 100, found \(shards ?? 1)")
        }
        guard shards == nil || format == .meta || format == .metaSafetensors else {
            throw ValidationError(
                "--shards: expected with --to meta or meta-safetensors, found \(format.rawValue)")
        }
        guard !verify || isNamedAfterFormat else {
            throw ValidationError(
                "--verify: expected a DST ending in \(format.suffix), which identifies its format, found \(destination)"
            )
        }
        guard !verbose || !quiet else {
            throw ValidationError("--verbose: expected without --quiet, found both")
        }
        guard maxShardSize == nil || format == .huggingFace else {
            throw ValidationError(
                "--max-shard-size: expected with --to huggingface, found \(format.rawValue)")
        }
    }

    private var isNamedAfterFormat: Bool { destination.hasSuffix(format.suffix) }

    func run() throws {
        do { try convert() } catch let error as ConversionError { throw Failure(error) }
    }

    private func convert() throws {
        let logger = Logger(label: "llama-convert") { _ in NoticeLog(isQuiet: quiet) }
        let checkpoint = try Checkpoint(at: source, logger: logger)
        let transfer = try TokenizerTransfer(of: checkpoint, to: format, given: tokenizer)
        var options = ConversionOptions(format: format)
        options.dtype = dtype.dtype
        options.shards = shards
        if let maxShardSize { options.maximumShardSize = maxShardSize.byteCount }
        (options.companions, options.vocabulary, options.tokens) = (
            transfer.companions, transfer.vocabulary, transfer.tokens
        )
        let plan = try ConversionPlan(checkpoint, options)
        let threads = self.threads ?? max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        if !quiet {
            for note in transfer.notes + plan.notes + nameNotes { Console.error("llama-convert: \(note)") }
        }
        var behavior = Converter.Behavior()
        (behavior.replaces, behavior.resumes, behavior.threads) = (force, resume, threads)
        behavior.allowsNonFinite = allowNonFinite
        let converter = Converter(plan, to: destination, behavior)
        if dryRun { return try describe(converter, plan, threads) }
        let record = try write(converter, plan, logger)
        report(record, plan)
    }

    private var nameNotes: [String] {
        isNamedAfterFormat
            ? [] : ["\(destination) does not end in \(format.suffix), by which programs recognize the format"]
    }

    /// What would be written, and whether it could be.
    private func describe(_ converter: Converter, _ plan: ConversionPlan, _ threads: Int) throws {
        try converter.check()
        do { try converter.checkSpace() } catch { Console.error("llama-convert: \(error)") }
        try PlanText(plan, threads: threads).print()
    }

    private func progress(_ what: String) -> ByteProgress? {
        quiet ? nil : ByteProgress(what)
    }

    private func write(
        _ converter: Converter, _ plan: ConversionPlan, _ logger: Logger
    ) throws -> ConversionRecord {
        Interrupt.watch()
        let writing = progress("writing")
        defer { writing?.clear() }
        // Its clock starts when the reading does.
        let reading = Mutex<ByteProgress?>(nil)
        let verification = Converter.Verification(logger: logger) { done, total in
            let bar = reading.withLock { bar in
                bar = bar ?? progress("reading back")
                return bar
            }
            bar?.show(done, of: total)
        }
        let total = plan.weightByteCount
        return try converter.run(
            isInterrupted: { Interrupt.isRequested }, progress: { writing?.show($0, of: total) },
            verification: verify ? verification : nil)
    }

    /// What was written, and what a change of dtype did.
    private func report(_ record: ConversionRecord, _ plan: ConversionPlan) {
        let loss = LossReport(record)
        guard !quiet else {
            if let gone = loss.gone { Console.error("\(destination): \(gone)") }
            return
        }
        if verbose { for line in loss.tensors { Console.error(line) } }
        if let summary = loss.summary { Console.error("\(destination): \(summary)") }
        Console.error(
            "\(destination): \(record.entries.count) tensors, \(Quantity.bytes(plan.weightByteCount)), written"
        )
        guard verify else { return }
        let differs = record.hasDamage ? ", which is not what the source has: see above" : ""
        Console.error("\(destination): every tensor reads back as it was written" + differs)
    }
}

extension CheckpointFormat: ExpressibleByArgument {}

/// `--dtype`.
enum DTypeOption: String, ExpressibleByArgument, CaseIterable {
    case keep
    case float32
    case float16
    case bfloat16
    case q8_0
    case q6_K = "q6_k"
    case q4_K = "q4_k"
    case q4_0

    var dtype: DType? {
        switch self {
        case .keep: nil
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        case .q8_0: .q8_0
        case .q6_K: .q6_K
        case .q4_K: .q4_K
        case .q4_0: .q4_0
        }
    }
}
