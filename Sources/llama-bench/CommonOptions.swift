import ArgumentParser
import LlamaCommands
import LlamaKernels

/// Options of both subcommands.
struct CommonOptions: ParsableArguments {
    @Option(help: .activations)
    var activations: ActivationType = .int8

    @Option(help: .computingThreads)
    var threads: Int?

    @Option(help: ArgumentHelp("Measurements of each, after one that does not count.", valueName: "n"))
    var repetitions = 5

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        let most = KernelContext.maximumThreads
        try require((1...most).contains(threads ?? 1), "--threads", "1 to \(most)", threads ?? 1)
        try require((1...1000).contains(repetitions), "--repetitions", "1 to 1000", repetitions)
    }

    /// The instruction set of the environment, and the threads and activations that are asked for.
    func kernels() throws(KernelError) -> KernelContext {
        try KernelContext(
            instructionSet: .fromEnvironment(), activations: activations,
            threads: threads ?? KernelContext.processorCount)
    }

    /// What the numbers of a table are.
    var heading: String { "medians of " + (repetitions == 1 ? "1 repetition" : "\(repetitions) repetitions") }
}
