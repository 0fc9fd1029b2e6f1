/// The tokenizer of Llama 1 and 2 and of the character models: a SentencePiece model (`tokenizer.model`) of
/// any type.
///
/// Ids are libsentencepiece's. Text is decoded here, by the rules of `SentencePieceProcessor::Decode`, because
/// it must stream.
///
/// Sendable, because every property is a constant and Sendable; `SentencePieceProcessor` proves it for the C++ object.
package final class SentencePieceTokenizer: Tokenizer {
    /// The model's `bos_piece` (`<s>`), if it is a control token.
    package let bosID: Int32?

    /// The model's `eos_piece` (`</s>`), if it is a control token.
    package let eosID: Int32?

    /// The model's `pad_piece`, if it is a control token; Llama's models have none.
    package let padID: Int32?

    /// The token for text that the vocabulary cannot spell.
    package let unknownID: Int32?

    let processor: SentencePieceProcessor
    /// Encodes a text instead of the library; nil for a model that only the library can encode.
    let pairs: BytePairModel?
    let addsDummyPrefix: Bool
    let table: TokenTable
    let controlTokens: ControlTokenMatcher
    private let leadingSpace: StreamingDecoder.LeadingSpace

    /// Loads a model from its bytes.
    ///
    /// - Parameters:
    ///   - bytes: a serialized `ModelProto`; not kept.
    ///   - file: what errors call the bytes.
    /// - Throws: `.malformed` if the bytes are not such a message or violate what the library relies on, `.rejected` if the
    ///   library refuses the model.
    package init(bytes: [UInt8], file: String = "tokenizer.model") throws(TokenizerError) {
        let model: SentencePieceModel
        do { model = try SentencePieceModel(bytes[...]) } catch {
            throw .malformed(file: file, what: error.what, offset: error.offset)
        }
        do { processor = try SentencePieceProcessor(checked: bytes[...]) } catch {
            throw .rejected(file: file, reason: error.message)
        }
        guard processor.vocabularySize == model.pieces.count else {
            let reason = "\(processor.vocabularySize) pieces loaded of \(model.pieces.count)"
            throw .rejected(file: file, reason: reason)
        }
        pairs = SentencePiecePairs.model(model)
        addsDummyPrefix = model.addsDummyPrefix
        bosID = processor.bosID
        eosID = processor.eosID
        padID = processor.padID
        unknownID = processor.unknownID
        table = TokenTable(model)
        controlTokens = ControlTokenMatcher(model)
        leadingSpace = model.removesExtraSpaces ? .dropAll : model.addsDummyPrefix ? .dropOne : .keep
    }

    /// Loads a model from a file.
    ///
    /// - Throws: what `init(bytes:file:)` throws, and the errors of a file that cannot be read.
    package convenience init(path: String) throws(TokenizerError) {
        try self.init(bytes: try TokenizerFile(path: path).bytes, file: path)
    }

    /// The number of pieces.
    package var vocabularySize: Int { table.count }

    /// The end of the sequence: a SentencePiece model names no other.
    package var stopTokens: Set<Int32> { eosID.map { [$0] } ?? [] }

    /// The kind of a token, or nil outside the vocabulary.
    package func kind(of id: Int32) -> TokenKind? {
        table.kind(of: id)
    }

    /// A token in the vocabulary's spelling, such as `▁the`, `<s>` or `<0x0A>`; nil outside the vocabulary.
    package func piece(of id: Int32) -> String? {
        processor.piece(id).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes that a token adds to a text in its middle; the unknown token has a text too (` ⁇ `).
    package func bytes(of id: Int32) -> [UInt8] {
        Array(table.bytes(of: id))
    }

    /// What to call a token: `bytes(of:)` for a piece of text, the model's spelling for any other token.
    package func spelling(of id: Int32) -> [UInt8] {
        switch kind(of: id) {
        case .control, .unknown, .byte: processor.piece(id) ?? []
        case .normal, .userDefined, .unused, nil: bytes(of: id)
        }
    }

    /// A decoder for ids that arrive one after another; see `Tokenizer`.
    package func makeStreamingDecoder(prompt: [Int32]) -> StreamingDecoder {
        StreamingDecoder(
            table: table, leadingSpace: leadingSpace, replacement: .eachByte, prompt: prompt)
    }
}

extension TokenTable {
    /// The library's mark for a space, U+2581.
    private static let spaceMark = Array("\u{2581}".utf8)

    fileprivate init(_ model: SentencePieceModel) {
        self.init()
        for piece in model.pieces {
            switch piece.kind {
            case .control:
                append([], kind: .control)
            case .unknown:
                append(model.unknownSurface, kind: .unknown)
            case .byte:
                append(piece.byte.map { [$0] } ?? [], kind: .byte)
            case .normal, .userDefined, .unused:
                append(
                    Self.replacingSpaceMarks(piece.text), kind: piece.kind,
                    marksLeadingSpace: piece.text.starts(with: Self.spaceMark))
            }
        }
    }

    private static func replacingSpaceMarks(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text
        while let byte = rest.first {
            if rest.starts(with: spaceMark) {
                result.append(UInt8(ascii: " "))
                rest = rest.dropFirst(spaceMark.count)
            } else {
                result.append(byte)
                rest = rest.dropFirst()
            }
        }
        return result
    }
}
