import LlamaCheckpoints

/// Whether an output head that is stored should be the embedding.
extension Checkpoint {
    /// Whether Hugging Face's `config.json` ties the embeddings; the tensors may contradict it. False in other formats.
    var statesTiedEmbeddings: Bool {
        get throws(CheckpointError) {
            guard naming == .huggingFace else { return false }
            return try ConfigurationReader(folder + "/config.json").flag("tie_word_embeddings")
        }
    }

    /// Whether the configuration ties the embeddings, or the model is one of the family that does.
    var shouldTieEmbeddings: Bool {
        get throws(CheckpointError) {
            if format.isMeta {
                return ModelConfiguration.isSmallLlama32(
                    dim: configuration.dim, vocabularySize: configuration.vocabularySize)
            }
            return try statesTiedEmbeddings
        }
    }
}
