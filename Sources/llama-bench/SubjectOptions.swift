import ArgumentParser
import LlamaCommands
import LlamaKernels
import LlamaModel

/// Which model is measured, and how it is held.
struct SubjectOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of the checkpoint, or a file in it.", valueName: "dir"))
    var checkpoints: String?

    @Option(help: ArgumentHelp("Random weights in the shape of a model.", valueName: "name"))
    var shape: ShapeOption?

    @Option(
        help: ArgumentHelp(
            "auto uses the weights as stored; float32 expands them in memory; q8_0, q6_k, q4_k and q4_0 quantize them in memory, as llama-run does; others are for --shape, where auto is f16.",
            valueName: "type"))
    var dtype: WeightOption = .auto

    @Option(help: .cacheType)
    var kvDtype: CacheType = .float32

    func validate() throws {
        guard checkpoints != nil || shape != nil else {
            throw ValidationError("give the folder of --checkpoints, or a --shape")
        }
        guard checkpoints == nil || shape == nil else {
            throw ValidationError(
                "--shape: expected none with --checkpoints, found \(shape?.rawValue ?? "one")")
        }
        try require(
            shape != nil || dtype.weightType != nil, "--dtype",
            WeightOption.ofCheckpoints + " with --checkpoints", dtype.rawValue)
    }
}
