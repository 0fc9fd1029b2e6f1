import ArgumentParser
import LlamaCommands
import LlamaKernels
import LlamaModel

/// What a run may use of the machine, and how weights, activations and the cache are held.
struct MachineFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Most completions computed at the same time, beams counted one by one; the rest wait.",
            valueName: "n"))
    var maxBatchSize = 8

    @Option(
        help: ArgumentHelp(
            "Most memory for keys and values, such as 500MB or 4GiB; prompts that do not fit wait. Default: what "
                + "--max-batch-size needs.", valueName: "size"))
    var kvMemory: ByteSize?

    @Option(help: .cacheType)
    var kvDtype: CacheType = .float32

    @Option(
        help: ArgumentHelp(
            "auto uses the weights as stored; float32 expands them in memory; q8_0, q6_k, q4_k and q4_0 "
                + "quantize F32, F16 and BF16 matrices in memory, as llama-convert does.",
            valueName: "type"))
    var dtype: WeightOption = .auto

    @Option(help: .activations)
    var activations: ActivationType = .int8

    @Option(help: .computingThreads)
    var threads: Int?

    func validate() throws {
        try require((1...1024).contains(maxBatchSize), "--max-batch-size", "1 to 1024", maxBatchSize)
        try require((1...1024).contains(threads ?? 1), "--threads", "1 to 1024", threads ?? 1)
    }
}

extension ActivationType: ExpressibleByArgument {}
extension CacheType: ExpressibleByArgument {}

/// How the weights are held.
enum WeightOption: String, ExpressibleByArgument, CaseIterable {
    case auto
    case float32
    case q8_0
    case q6_K = "q6_k"
    case q4_K = "q4_k"
    case q4_0

    var weightType: Transformer.WeightType {
        switch self {
        case .auto: .stored
        case .float32: .float32
        case .q8_0: .q8_0
        case .q6_K: .q6_K
        case .q4_K: .q4_K
        case .q4_0: .q4_0
        }
    }
}
