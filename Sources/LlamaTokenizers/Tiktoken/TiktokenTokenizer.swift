/// The tokenizer of Llama 3, 3.1, 3.2 and 3.3: a tiktoken vocabulary (`tokenizer.model`), Llama 3's split
/// pattern, and 256 special tokens whose ids follow the ranks.
///
/// Ids and text are tiktoken's, except that special tokens have no text.
package struct TiktokenTokenizer: Tokenizer {
    /// Which models' names the special tokens have.
    package enum SpecialNames: Sendable, Hashable, CaseIterable {
        /// Llama 3 (Meta's `llama3/llama/tokenizer.py`).
        case llama3

        /// Llama 3.1 and later, as in their published `tokenizer.json`: Llama 3's, with
        /// `<|finetune_right_pad_id|>`, `<|eom_id|>` and `<|python_tag|>` instead of three reserved tokens,
        /// and with the remaining reserved tokens renumbered.
        case llama31
    }

    /// The number of special tokens.
    package static let specialTokenCount = 256

    /// The number of ids: ranks and special tokens.
    package var vocabularySize: Int { table.count }

    /// `<|begin_of_text|>`.
    package let bosID: Int32?

    /// `<|end_of_text|>`.
    package let eosID: Int32?

    /// `<|finetune_right_pad_id|>`; Llama 3 itself has no padding token.
    package let padID: Int32?

    /// `<|end_of_text|>`, `<|eot_id|>` and, except in Llama 3 itself, `<|eom_id|>`.
    package let stopTokens: Set<Int32>

    let ranks: RankTable
    private let table: TokenTable
    let specialTokens: ControlTokenMatcher
    private let specialNames: [String]

    /// Loads a vocabulary from its bytes.
    ///
    /// - Parameters:
    ///   - bytes: lines of base64, a space and a rank, the ranks counting up from 0; not kept.
    ///   - file: what errors call the bytes.
    ///   - names: the special tokens' names. The file does not have them, and the ids are the same.
    /// - Throws: `.malformedRanks`, with the line.
    package init(
        bytes: [UInt8], file: String = "tokenizer.model", names: SpecialNames = .llama31
    ) throws(TokenizerError) {
        do {
            var table = try RankFile(bytes).tokens
            ranks = try RankTable(table)
            for _ in 0..<Self.specialTokenCount { table.append([], kind: .control) }
            self.table = table
        } catch {
            throw .malformedRanks(file: file, what: error.what, line: error.line)
        }
        let spellings = names.spellings
        let first = Int32(ranks.count)
        func id(_ spelling: String) -> Int32? { spellings.firstIndex(of: spelling).map { first + Int32($0) } }
        specialNames = spellings
        specialTokens = ControlTokenMatcher(
            spellings.enumerated().map { (first + Int32($0.offset), Array($0.element.utf8)) })
        bosID = id("<|begin_of_text|>")
        eosID = id("<|end_of_text|>")
        padID = id("<|finetune_right_pad_id|>")
        stopTokens = Set(StopTokens.spellings.compactMap(id))
    }

    /// Loads a vocabulary from a file.
    ///
    /// - Throws: what `init(bytes:file:names:)` throws, and the errors of a file that cannot be read.
    package init(path: String, names: SpecialNames = .llama31) throws(TokenizerError) {
        try self.init(bytes: try TokenizerFile(path: path).bytes, file: path, names: names)
    }

    /// The id of a special token by its name, such as `<|eot_id|>`; nil if there is none of that name.
    package func specialTokenID(_ name: String) -> Int32? {
        specialNames.firstIndex(of: name).map { Int32(ranks.count + $0) }
    }

    /// The name of a special token; nil for any other id.
    package func specialTokenName(_ id: Int32) -> String? {
        let index = Int(id) - ranks.count
        return specialNames.indices.contains(index) ? specialNames[index] : nil
    }

    /// The bytes that a token adds to a text, not necessarily whole characters; none for a special token.
    package func bytes(of id: Int32) -> [UInt8] {
        Array(table.bytes(of: id))
    }

    /// The kind of a token: `.control` for a special one, `.normal` for any other; nil outside the vocabulary.
    package func kind(of id: Int32) -> TokenKind? {
        table.kind(of: id)
    }

    /// What to call a token: the name of a special one, the bytes of any other.
    package func spelling(of id: Int32) -> [UInt8] {
        specialTokenName(id).map { Array($0.utf8) } ?? bytes(of: id)
    }

    /// A decoder for ids that arrive one after another; see `Tokenizer`.
    ///
    /// Bytes that are not UTF-8 are replaced as by Python's `bytes.decode("utf-8", errors="replace")`, which is
    /// what tiktoken uses; a special token ends a character that is not complete.
    package func makeStreamingDecoder(prompt: [Int32]) -> StreamingDecoder {
        StreamingDecoder(table: table, leadingSpace: .keep, replacement: .maximalSubpart, prompt: prompt)
    }
}

extension TiktokenTokenizer.SpecialNames {
    /// The names of all special tokens in the order of their ids.
    var spellings: [String] {
        var named: [Int: String] = [
            0: "<|begin_of_text|>", 1: "<|end_of_text|>", 6: "<|start_header_id|>", 7: "<|end_header_id|>",
            9: "<|eot_id|>",
        ]
        if self == .llama31 {
            named[4] = "<|finetune_right_pad_id|>"
            named[8] = "<|eom_id|>"
            named[10] = "<|python_tag|>"
        }
        var reserved = 0
        return (0..<TiktokenTokenizer.specialTokenCount).map { index in
            if let name = named[index] { return name }
            defer { reserved += 1 }
            return "<|reserved_special_token_\(reserved)|>"
        }
    }
}
