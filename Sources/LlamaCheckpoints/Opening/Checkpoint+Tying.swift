import LlamaFiles

/// Whether an output head that is stored should be the embedding.
extension Checkpoint {
    /// Whether Hugging Face's `config.json` ties the embeddings; the tensors may contradict it. False in other formats.
    package var statesTiedEmbeddings: Bool {
        get throws(CheckpointError) {
            guard naming == .huggingFace else { return false }
            return try ConfigurationReader(folder + "/config.json").flag("tie_word_embeddings")
        }
    }

    /// Whether the output head that is stored is a copy of the embedding that it is tied to: by what says that it is tied
    /// – the record of a conversion beside it, its configuration, its family – and by its bytes.
    ///
    /// Reads both tensors where one of these says so.
    package var storesTiedOutput: Bool {
        get throws(CheckpointError) {
            guard !configuration.tiesEmbeddings,
                try shouldTieEmbeddings || hasConversionFlag("unties_output")
            else { return false }
            let output = try CanonicalRows(weight(.output), role: .output, configuration: configuration)
            let embedding = try CanonicalRows(
                weight(.tokEmbeddings), role: .tokEmbeddings, configuration: configuration)
            return output.holdsSameBytes(as: embedding)
        }
    }

    /// Whether the configuration ties the embeddings, or the model is one of the family that does.
    private var shouldTieEmbeddings: Bool {
        get throws(CheckpointError) {
            if format.isMeta {
                return ModelConfiguration.isSmallLlama32(
                    dim: configuration.dim, vocabularySize: configuration.vocabularySize)
            }
            return try statesTiedEmbeddings
        }
    }

    /// The name of the record that a conversion leaves beside its output; for a checkpoint of one file, it is appended to
    /// that file's name after a dot.
    package static let conversionRecordName = "conversion.json"

    /// A flag of the record of a conversion beside the checkpoint; false where there is no record.
    ///
    /// A file of this name that does not parse counts as none: any program may have written it.
    package func hasConversionFlag(_ key: String) -> Bool {
        guard let file = files.first else { return false }
        let path =
            format.isSingleFile
            ? file + "." + Self.conversionRecordName : folder + "/" + Self.conversionRecordName
        guard FilePath(path).exists, let reader = try? ConfigurationReader(path) else { return false }
        return (try? reader.flag(key)) == true
    }
}

extension CanonicalRows {
    /// Whether two tensors have the same rows, byte for byte.
    fileprivate func holdsSameBytes(as other: CanonicalRows) -> Bool {
        guard rowCount == other.rowCount, columnCount == other.columnCount, dtype == other.dtype else {
            return false
        }
        var left = [UInt8](repeating: 0, count: rowByteCount)
        var right = left
        for row in 0..<rowCount {
            left.withUnsafeMutableBytes { copyRow(row, into: $0) }
            right.withUnsafeMutableBytes { other.copyRow(row, into: $0) }
            guard left == right else { return false }
        }
        return true
    }
}
