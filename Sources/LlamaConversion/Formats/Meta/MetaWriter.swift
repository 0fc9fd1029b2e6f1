import LlamaCheckpoints
import LlamaFiles

/// Plans the files of Meta's formats: `consolidated.NN` and `params.json`.
struct MetaWriter: FormatWriter {
    /// What the weights are stored in.
    enum Container: Sendable {
        case torch
        case safetensors
    }

    /// What the weights are stored in.
    let container: Container

    func files(of model: OutputModel) throws(CheckpointError) -> [PlannedFile] {
        let count = model.options.shards ?? 1
        let embeddingCut = try embeddingCut(of: model)
        var files: [PlannedFile] = []
        for shard in 0..<count {
            var tensors: [OutputTensor] = []
            for role in model.roles {
                let cut = role == .tokEmbeddings ? embeddingCut : role.shardCuts[0]
                tensors.append(try model.tensor(role, cut: cut, part: shard, of: count))
            }
            files.append(try weights(tensors, shard: shard, of: count))
        }
        return files + [try parameters(of: model)]
    }

    private func weights(
        _ tensors: [OutputTensor], shard: Int, of count: Int
    ) throws(CheckpointError) -> PlannedFile {
        let specs = tensors.map(\.spec)
        let stem = "consolidated." + (shard < 10 ? "0" : "") + "\(shard)"
        switch container {
        case .torch:
            let layout = try TorchWriter.layout(tensors: specs, name: stem)
            return try PlannedFile(name: stem + ".pth", content: .weights(layout, tensors))
        case .safetensors:
            let name = (count == 1 ? "consolidated" : stem) + ".safetensors"
            let layout = try SafetensorsWriter.layout(
                tensors: specs, digests: tensors.map(\.digestEntry), name: name)
            return try PlannedFile(name: name, content: .weights(layout, tensors))
        }
    }

    /// A sharded source shows how its family cuts the embedding; else the vocabulary does: Llama 3, whose
    /// vocabulary is the larger, cuts it by rows.
    private func embeddingCut(of model: OutputModel) throws(CheckpointError) -> ShardCut {
        let cut = try model.checkpoint.weight(.tokEmbeddings).cut
        if cut != .whole { return cut }
        return model.configuration.vocabularySize >= 128_000 ? .rows : .columns
    }

    /// A copy of Meta's own file, where there is one: it may say more than this program knows.
    private func parameters(of model: OutputModel) throws(CheckpointError) -> PlannedFile {
        let path = model.checkpoint.folder + "/params.json"
        // A llama2.c file states its own configuration; a params.json beside it may be another model's.
        if model.checkpoint.format.isMeta, FilePath(path).exists {
            return try PlannedFile(name: "params.json", content: .companion(.copy(path)))
        }
        return try PlannedFile(
            name: "params.json", bytes: Array(MetaParamsText(model.configuration).text.utf8))
    }
}

// MARK: - What the formats cannot express

extension MetaWriter {
    func obstacles(to model: OutputModel) -> [String] {
        let configuration = model.configuration
        return shapeObstacles(configuration) + ropeObstacles(configuration.rope.scaling)
            + shardObstacles(configuration, count: model.options.shards ?? 1)
    }

    private func shapeObstacles(_ configuration: ModelConfiguration) -> [String] {
        var reasons: [String] = []
        if configuration.hasAttentionBias || configuration.hasFeedForwardBias {
            reasons.append("Meta's Llama has no biases")
        }
        if configuration.headDim * configuration.nHeads != configuration.dim {
            reasons.append(
                "params.json has no head_dim, and \(configuration.headDim) is not dim \(configuration.dim) / n_heads \(configuration.nHeads)"
            )
        }
        return reasons
    }

    /// Meta's code has constants where `params.json` has no key.
    private func ropeObstacles(_ scaling: RoPEConfiguration.Scaling) -> [String] {
        switch scaling {
        case .none: return []
        case .linear, .factors:
            return ["params.json supports only Llama 3's RoPE scaling, and this is \(scaling)"]
        case .llama3(_, let low, _, let length):
            var reasons: [String] = []
            if low != 1 { reasons.append("params.json has no low_freq_factor, and \(low) is not 1") }
            if length != 8192 {
                reasons.append(
                    "params.json has no original_max_position_embeddings, and \(length) is not 8192")
            }
            return reasons
        }
    }

    private func shardObstacles(_ configuration: ModelConfiguration, count: Int) -> [String] {
        guard (1...100).contains(count) else { return ["\(count) shards are not from 1 to 100"] }
        let lengths = [
            ("n_heads", configuration.nHeads), ("n_kv_heads", configuration.nKVHeads),
            ("hidden_dim", configuration.hiddenDim), ("vocab_size", configuration.vocabularySize),
            ("dim", configuration.dim),
        ]
        return lengths.filter { !$0.1.isMultiple(of: count) }.map {
            "\($0.0) \($0.1) does not divide into \(count) shards"
        }
    }
}
