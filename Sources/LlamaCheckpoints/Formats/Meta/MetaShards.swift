import LlamaFiles
import Logging
import LlamaTensors

/// What the shapes in Meta's model-parallel shards tell that `params.json` leaves open.
struct MetaShards {
    let params: MetaParams
    let files: [TensorFile]

    /// The configuration, checked against the shapes where a wrong one would otherwise be hard to explain.
    ///
    /// - Parameters:
    ///   - generation: Path of a `generation_config.json`, which may name tokens that end a text; nil where there is
    ///     none, as in what Meta publishes.
    ///   - sources: Told where each value came from.
    func configuration(
        generation: String?, sources: inout [ConfigurationSource], logger: Logger
    ) throws(CheckpointError) -> ModelConfiguration {
        try checkShardCount()
        try checkHiddenDim()
        let vocabularySize = try vocabularySize()
        let hasOutput = files.allSatisfy { $0.tensors["output.weight"] != nil }
        let tiesEmbeddings = !hasOutput && params.isSmallLlama32(vocabularySize: vocabularySize)
        if tiesEmbeddings { logger.info("no output.weight: tied to tok_embeddings, as in Llama 3.2 1B/3B") }
        return try params.configuration(
            vocabularySize: vocabularySize, tiesEmbeddings: tiesEmbeddings,
            generation: try generation.map(ConfigurationReader.init), sources: &sources, logger: logger)
    }

    private func checkShardCount() throws(CheckpointError) {
        let name = "layers.0.attention.wq.weight"
        guard let first = files.first, let shape = first.tensors[name]?.shape, shape.count == 2,
            shape[0] > 0, shape[1] == params.dim
        else { return }
        let expected = params.nHeads * params.headDim
        let needed = expected / shape[0]
        guard needed != files.count, expected.isMultiple(of: shape[0]) else { return }
        throw .invalid(
            FilePath(first.path).folder, name,
            expected:
                "\(expected) rows, so \(needed) model-parallel \(needed == 1 ? "shard" : "shards") of \(shape[0])",
            found: files.map { FilePath($0.path).name }.joined(separator: " "),
            advice: needed > files.count ? "fetch the missing shards" : "take out those of another model")
    }

    private func checkHiddenDim() throws(CheckpointError) {
        let name = "layers.0.feed_forward.w1.weight"
        let shapes = files.compactMap { $0.tensors[name]?.shape }
        guard let first = files.first, shapes.count == files.count else { return }
        // Wrapping: with an empty dimension a file may claim any number of rows.
        let rows = shapes.reduce(0) { $0 &+ ($1.first ?? 0) }
        guard rows == params.hiddenDim else {
            throw .invalid(
                first.path, name,
                expected:
                    "\(params.hiddenDim) rows, by dim, multiple_of and ffn_dim_multiplier of params.json",
                found: shapes.map { "\($0.first ?? 0)" }.joined(separator: " + "))
        }
    }

    /// Llama 1 and 2 cut the embedding by columns, Llama 3 by rows.
    private func vocabularySize() throws(CheckpointError) -> Int {
        let name = "tok_embeddings.weight"
        guard let first = files.first, let shape = first.tensors[name]?.shape else {
            throw CheckpointError(
                file: files.first?.path ?? "", .tensors(missing: [name], unexpected: [], doubled: []))
        }
        let dimensions = "[vocabulary, \(params.dim)]"
        guard shape.count == 2, ClosedRange.vocabulary.contains(shape[0]) else {
            throw .invalid(first.path, name, expected: "shape \(dimensions)", found: "\(shape)")
        }
        if shape[1] == params.dim {
            let (rows, overflow) = shape[0].multipliedReportingOverflow(by: files.count)
            guard !overflow, ClosedRange.vocabulary.contains(rows) else {
                throw .invalid(
                    first.path, name,
                    expected: "at most \(ClosedRange.vocabulary.upperBound) rows in all shards",
                    found: "\(shape[0]) in each of \(files.count)")
            }
            return rows
        }
        let (width, overflow) = shape[1].multipliedReportingOverflow(by: files.count)
        guard !overflow, width == params.dim else {
            let share = files.count > 1 ? ", or its share of \(files.count) shards" : ""
            throw .invalid(first.path, name, expected: "shape \(dimensions)\(share)", found: "\(shape)")
        }
        return shape[0]
    }
}
