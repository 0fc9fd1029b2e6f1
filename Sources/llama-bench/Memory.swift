import LlamaCheckpoints
import LlamaCommands
import LlamaModel
import LlamaTensors

/// Whether what is asked for fits.
enum Memory {
    /// Refuses what the context or the memory does not hold, before anything is allocated.
    ///
    /// - Parameter weights: Bytes of weights that will be in memory; 0 for mapped ones.
    /// - Throws: ``Failure``.
    static func require(
        _ weights: Int, for configuration: ModelConfiguration, _ options: ModelBenchmark
    ) throws(Failure) {
        let (prompt, generate) = (options.prompt.counts.max() ?? 0, options.generate.counts.max() ?? 0)
        let (depth, batch) = (options.depth.counts.max() ?? 0, options.batch.counts.max() ?? 1)
        if let context = configuration.contextLength, depth + max(prompt, generate) > context {
            let option = prompt >= generate ? "--prompt \(prompt)" : "--generate \(generate)"
            throw Failure(
                Failure.usage,
                "--depth: expected at most \(max(0, context - max(prompt, generate))) with \(option), "
                    + "as the model's context is \(context) tokens, found \(depth)")
        }
        let length = depth + max(prompt, generate)
        let (cache, overflow) = KVCache.bytesPerPosition(configuration, type: options.subject.kvDtype)
            .multipliedReportingOverflow(
                by: generate > 0 ? depth * (batch - 1) + generate * (batch - 1) + length : length)
        let (sum, sumOverflow) = cache.addingReportingOverflow(weights)
        guard let available = MemoryStatus.available, overflow || sumOverflow || sum > available else {
            return
        }
        let parts = [(weights, "weights"), (overflow ? Int.max : cache, "a cache")].filter { $0.0 > 0 }
            .map { "\(Quantity.bytes($0.0)) for \($0.1)" }
        throw Failure(
            Failure.system,
            "memory: expected at most \(Quantity.bytes(available)), which are available, found that "
                + parts.joined(separator: " and ")
                + " would be needed; use a smaller --depth, --batch, --dtype "
                + "or --shape")
    }

    /// Bytes of a checkpoint's weights that will be in memory, rather than mapped.
    static func byteCount(
        of checkpoint: Checkpoint, as type: Transformer.WeightType
    ) throws(CheckpointError) -> Int {
        let configuration = checkpoint.configuration
        guard let dtype = type.quantization else {
            return type == .float32 ? configuration.parameterCount * MemoryLayout<Float>.size : 0
        }
        let rule = QuantizationRule(dtype, tiesEmbeddings: configuration.tiesEmbeddings)
        var sum = 0
        for role in TensorRole.all(of: configuration) {
            let weight = try checkpoint.weight(role)
            // Blocks stay as they are stored.
            guard weight.shape.count > 1, !weight.dtype.isBlockFormat else { continue }
            let held = rule.dtype(of: role, shape: weight.shape)
            sum += weight.shape.reduce(1, *) / held.blockCount * held.blockSize
        }
        return sum
    }
}
