import ArgumentParser

/// The help of options that several commands have.
extension ArgumentHelp {
    /// `--activations`.
    package static var activations: ArgumentHelp {
        ArgumentHelp(
            "Type of the activations that quantized weights multiply: int8 is fast, float32 leaves them as they are; "
                + "bfloat16 is int8, and rounds those for BF16 weights, where the processor can.",
            valueName: "type")
    }

    /// `--kv-dtype`.
    package static var cacheType: ArgumentHelp {
        ArgumentHelp(
            "Type of the cache of keys and values: float16 takes half the memory and is faster in long texts.",
            valueName: "type")
    }

    /// `--threads` of commands that run a model.
    package static var computingThreads: ArgumentHelp {
        ArgumentHelp(
            "Threads to compute with; default: the processors this process may use.", valueName: "n")
    }
}
