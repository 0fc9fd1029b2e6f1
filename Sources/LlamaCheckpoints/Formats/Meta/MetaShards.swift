import LlamaTensors
import LlamaFiles
import Logging

/// What the shapes in Meta's model-parallel shards tell that `params.json` leaves open.
struct MetaShards {
    /// `params.json`.
    let params: MetaParams
    /// The shards, in order.
    let files: [TensorFile]

    /// The configuration, checked against the shapes where a wrong one would otherwise be hard to explain.
    ///
    /// - Parameters:
    ///   - generation: Path of a `generation_config.json`, which may name tokens that end a text; nil where there is
    ///     none, as in what Meta publishes.
    func configuration(
        generation: String?, logger: Logger
    ) throws(CheckpointError) -> StatedConfiguration {
        try checkShardCount()
        try checkHiddenDim()
        let vocabularySize = try vocabularySize()
        let tiesEmbeddings = tiesEmbeddings(vocabularySize: vocabularySize)
        if tiesEmbeddings {
            logger.info("no output.weight of its own: tied to tok_embeddings, as in Llama 3.2 1B/3B")
        }
        return try params.configuration(
            vocabularySize: vocabularySize, tiesEmbeddings: tiesEmbeddings,
            generation: try generation.map(ConfigurationReader.init), logger: logger)
    }

    /// Only the family tells that the output head is tied; one that is stored is used, unless it is the embedding.
    private func tiesEmbeddings(vocabularySize: Int) -> Bool {
        guard params.isSmallLlama32(vocabularySize: vocabularySize) else { return false }
        if files.count == 1 { return StoredHead(in: files, naming: .meta).difference == nil }
        return !files.contains { $0.tensors[TensorNaming.meta.name(of: .output)] != nil }
    }

    private func checkShardCount() throws(CheckpointError) {
        let name = TensorNaming.meta.name(of: .layer(0, .wq))
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
            advice: needed > files.count
                ? "fetch the missing shards" : "remove the shards of another model")
    }

    private func checkHiddenDim() throws(CheckpointError) {
        let name = TensorNaming.meta.name(of: .layer(0, .w1))
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

    /// The rows of the whole embedding: ``ShardCut`` knows the cuts that it may have, its width tells which.
    private func vocabularySize() throws(CheckpointError) -> Int {
        let name = TensorNaming.meta.name(of: .tokEmbeddings)
        guard let first = files.first, let shape = first.tensors[name]?.shape else {
            throw CheckpointError(
                file: files.first?.path ?? name, .tensors(missing: [name], unexpected: [], doubled: []))
        }
        let dimensions = "[vocabulary, \(params.dim)]"
        guard shape.count == 2, ClosedRange.vocabulary.contains(shape[0]) else {
            throw .invalid(first.path, name, expected: "shape \(dimensions)", found: "\(shape)")
        }
        let wholes = TensorRole.tokEmbeddings.shardCuts.compactMap {
            $0.wholeShape(of: shape, count: files.count)
        }
        guard let whole = wholes.first(where: { $0[1] == params.dim }) else {
            let share = files.count > 1 ? ", or its share of \(files.count) shards" : ""
            throw .invalid(first.path, name, expected: "shape \(dimensions)\(share)", found: "\(shape)")
        }
        guard ClosedRange.vocabulary.contains(whole[0]) else {
            throw .invalid(
                first.path, name,
                expected: "at most \(ClosedRange.vocabulary.upperBound) rows in all shards",
                found: "\(shape[0]) in each of \(files.count)")
        }
        return whole[0]
    }
}
