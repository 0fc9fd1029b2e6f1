extension EmbeddedVocabulary {
    /// A tokenizer with the ids of this vocabulary.
    ///
    /// - Parameter file: what errors call the vocabulary: the checkpoint's path.
    /// - Throws: `.malformedVocabulary` if the values contradict one another, `.unsupportedVocabulary` for a
    ///   `preTokenizer` that is not known, `.rejected` if libsentencepiece refuses the pieces.
    package func makeTokenizer(file: String) throws(TokenizerError) -> any Tokenizer {
        let vocabulary = try checked(file: file)
        switch model {
        case .sentencePiece:
            do {
                let bytes = vocabulary.modelProto
                return EmbeddedTokenizer(try SentencePieceTokenizer(bytes: bytes, file: file), vocabulary)
            } catch {
                guard case .malformed(_, let what, _) = error else { throw error }
                throw .malformedVocabulary(file: file, what: what, at: "tokens")
            }
        case .byteLevel:
            let components = try vocabulary.byteLevelComponents(file: file)
            do throws(ComponentError) {
                return EmbeddedTokenizer(try HuggingFaceTokenizer(components), vocabulary)
            } catch { throw error.inFile(file) }
        }
    }

    /// The components of a byte-level tokenizer with this vocabulary, which has been checked.
    private func byteLevelComponents(file: String) throws(TokenizerError) -> BytePairComponents {
        let rules = try knownPreTokenizer(file: file)
        let splits: [SplitRule]
        do { splits = try rules.splitRules() } catch {
            throw .unsupportedVocabulary(
                file: file, expected: "a pre-tokenizer of a Llama tokenizer", found: error.found)
        }
        do throws(VocabularyDamage) {
            var vocabulary = BytePairVocabulary()
            for (id, token) in tokens.enumerated() where [.normal, .byte].contains(kinds[id]) {
                vocabulary.append(token, id: Int32(id))
            }
            let spellings = vocabulary.spellingIndex
            let model = BytePairModel(
                vocabulary, spellings: spellings, merges: try mergeTable(vocabulary, spellings),
                joints: MergeTable(),
                options: BytePairModel.Options(isByteLevel: true, ignoresMerges: rules.ignoresMerges),
                unknownID: nil)
            return BytePairComponents(
                splits: splits, model: model,
                addedTokens: AddedTokenList(checked: try addedTokens(), vocabulary, model),
                decoder: .byteLevel)
        } catch {
            throw .malformedVocabulary(file: file, what: error.what, at: error.key)
        }
    }

    private func mergeTable(
        _ vocabulary: BytePairVocabulary, _ spellings: TokenIndex
    ) throws(VocabularyDamage) -> MergeTable {
        var table = MergeTable(minimumCapacity: merges.count)
        for (rank, merge) in merges.enumerated() {
            // Checked: two tokens with a space between.
            guard let (left, right) = merge.mergedPair else { continue }
            func id(_ token: some Collection<UInt8>) throws(VocabularyDamage) -> Int32 {
                let entry = spellings.id(of: token)
                guard entry >= 0 else {
                    throw VocabularyDamage(
                        "merges[\(rank)]", "\"\(String(decoding: token, as: UTF8.self))\" is not text")
                }
                return vocabulary.ids[Int(entry)]
            }
            table.insert(
                left: try id(left), right: try id(right), rank: Int32(rank), merged: try id(left + right))
        }
        return table
    }

    private func addedTokens() throws(VocabularyDamage) -> [AddedToken] {
        var added: [AddedToken] = []
        for (id, token) in tokens.enumerated() {
            let kind = kinds[id]
            guard [.control, .userDefined, .unknown].contains(kind) else { continue }
            guard token.count <= AddedToken.maximumLength else {
                throw VocabularyDamage("tokens[\(id)]", "it has \(token.count) bytes")
            }
            added.append(AddedToken(id: Int32(id), content: token, isSpecial: kind != .userDefined))
        }
        return added
    }

    /// The rules that `preTokenizer` names.
    func knownPreTokenizer(file: String) throws(TokenizerError) -> PreTokenizer {
        guard let rules = PreTokenizer(name: preTokenizer) else {
            throw .unsupportedVocabulary(
                file: file, expected: "a pre-tokenizer of a Llama tokenizer", found: "\"\(preTokenizer)\"")
        }
        return rules
    }
}
