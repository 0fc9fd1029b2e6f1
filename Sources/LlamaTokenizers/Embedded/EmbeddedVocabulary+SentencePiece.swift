extension EmbeddedVocabulary {
    /// The vocabulary of a `tokenizer.model` of SentencePiece: tokens, scores and kinds as from llama.cpp's
    /// `convert_hf_to_gguf.py`, and user-defined pieces as such.
    ///
    /// - Throws: what `SentencePieceTokenizer.init(bytes:file:)` throws, and `.unsupportedVocabulary` for a model
    ///   whose ids are not those of BPE by score.
    init(sentencePiece bytes: [UInt8], file: String) throws(TokenizerError) {
        let tokenizer = try SentencePieceTokenizer(bytes: bytes, file: file)
        let model: SentencePieceModel
        do { model = try SentencePieceModel(bytes[...]) } catch {
            throw .malformed(file: file, what: error.what, offset: error.offset)
        }
        if let found = model.obstacle {
            throw .unsupportedVocabulary(
                file: file, expected: "a SentencePiece model that a checkpoint can hold", found: found)
        }
        self.init(
            model: .sentencePiece, tokens: model.pieces.map { Array($0.text) },
            scores: model.pieces.map(\.score), kinds: model.pieces.map(\.kind),
            specialIDs: SpecialIDs(
                bos: tokenizer.bosID, eos: tokenizer.eosID, unknown: tokenizer.unknownID, pad: tokenizer.padID
            ),
            additions: Additions(bos: tokenizer.bosID != nil, spacePrefix: model.addsDummyPrefix))
    }

    /// A `tokenizer.model` that libsentencepiece loads, with the same ids.
    ///
    /// - Parameter file: what errors call the vocabulary.
    /// - Throws: `.malformedVocabulary`, and `.unsupportedVocabulary` for a byte-level vocabulary.
    package func tokenizerModelFile(file: String) throws(TokenizerError) -> [UInt8] {
        guard model == .sentencePiece else {
            throw .unsupportedVocabulary(
                file: file, expected: "a vocabulary of SentencePiece", found: "one of byte-level merges")
        }
        return try checked(file: file).modelProto
    }

    /// The vocabulary, checked, as a `ModelProto` of type BPE.
    var modelProto: [UInt8] {
        var file = ProtobufWriter()
        for (id, token) in tokens.enumerated() {
            var piece = ProtobufWriter()
            piece.message(1, token)
            piece.float(2, scores[id])
            if kinds[id] != .normal { piece.varint(3, UInt64(kinds[id].rawValue)) }
            file.message(1, piece.bytes)
        }
        file.message(2, trainerSpec)
        var normalizer = ProtobufWriter()
        normalizer.message(1, "identity".utf8)
        normalizer.bool(3, additions.spacePrefix)
        // Spaces stay as they are, and are spelled U+2581.
        normalizer.bool(4, false)
        normalizer.bool(5, true)
        file.message(3, normalizer.bytes)
        return file.bytes
    }

    /// The fields of `TrainerSpec` that the library reads. It finds the reserved tokens by their spellings.
    private var trainerSpec: [UInt8] {
        var spec = ProtobufWriter()
        spec.varint(3, SentencePieceModel.ModelType.bpe.rawValue)
        spec.varint(4, UInt64(tokens.count))
        spec.bool(35, kinds.contains(.byte))
        let unknown = kinds.firstIndex(of: .unknown).map(Int32.init)
        let reserved = [unknown, specialIDs.bos, specialIDs.eos, specialIDs.pad]
        for (index, id) in reserved.enumerated() { spec.int32(40 + UInt64(index), id ?? -1) }
        for (index, id) in reserved.enumerated() {
            if let id { spec.message(45 + UInt64(index), tokens[Int(id)]) }
        }
        return spec.bytes
    }
}

extension SentencePieceModel {
    /// What a checkpoint cannot express; nil if it can express the model.
    fileprivate var obstacle: String? {
        switch type {
        case .bpe, .char: break
        case .unigram: return "one of type unigram"
        case .word: return "one of type word"
        }
        if !normalizationRules.isEmpty { return "one that normalizes text" }
        if removesExtraSpaces { return "one that collapses spaces" }
        if !marksSpacesInFront { return "one that marks spaces differently" }
        return nil
    }
}
