/// A SentencePiece `ModelProto`, checked before the library reads the file.
///
/// libsentencepiece trusts a model: normalization rules that lead outside their table, or a hundred user-defined pieces
/// that begin with one another, crash it (0.1.97). So everything that it relies on is checked here. Field numbers are
/// those of `sentencepiece_model.proto`.
struct SentencePieceModel {
    /// One entry of the vocabulary.
    struct Piece {
        /// The spelling, UTF-8, with U+2581 for a space.
        let text: ArraySlice<UInt8>
        let kind: TokenKind
        /// The higher, the earlier it is merged (BPE), or the likelier it is (unigram).
        let score: Float
        /// The byte of a piece such as `<0x0A>`; nil for other kinds.
        let byte: UInt8?
    }

    /// How texts are split into pieces (`TrainerSpec.ModelType`).
    enum ModelType: UInt64 {
        case unigram = 1
        case bpe = 2
        case word = 3
        case char = 4
    }

    /// A larger vocabulary is treated as damage: the largest known has 262,144 pieces.
    static let maximumPieceCount = 1 << 22
    static let maximumNesting = 64

    private(set) var pieces: [Piece] = []
    /// Whether encoding puts a space before the text, which decoding drops.
    private(set) var addsDummyPrefix = true
    /// Whether encoding collapses runs of spaces, and decoding drops leading ones.
    private(set) var removesExtraSpaces = true
    /// The text of the unknown token; the library's default is U+2047 between spaces.
    private(set) var unknownSurface: ArraySlice<UInt8> = ArraySlice(" \u{2047} ".utf8)
    /// How texts are split into pieces.
    private(set) var type = ModelType.unigram
    /// Whether a character without a piece is spelled in byte pieces.
    private(set) var fallsBackToBytes = false
    /// Whether spaces are written as U+2581, in front of words.
    private(set) var marksSpacesInFront = true
    /// The character replacements (`precompiled_charsmap`); empty for none.
    private(set) var normalizationRules: ArraySlice<UInt8> = []

    typealias Damage = ProtobufReader.Damage

    /// - Throws: what is wrong with the bytes, and where.
    init(_ bytes: ArraySlice<UInt8>) throws(Damage) {
        var reader = ProtobufReader(bytes)
        var sections: Set<UInt64> = []
        while let field = try reader.next() {
            sections.insert(field.number)
            switch field.number {
            case 1: pieces.append(try Self.piece(field.message(), id: pieces.count, offset: field.offset))
            case 2: try readTrainerSpec(field.message())
            case 3: try readNormalizerSpec(field.message())
            case 5: try Self.checkDenormalizerSpec(field.message())
            default: break
            }
            guard pieces.count <= Self.maximumPieceCount else {
                throw Damage(
                    what: "there are more than \(Self.maximumPieceCount) pieces", offset: field.offset)
            }
        }
        guard !pieces.isEmpty else { throw Damage(what: "there are no pieces", offset: bytes.startIndex) }
        try checkUserDefinedPieces()
        if !normalizationRules.isEmpty { try NormalizationRules.check(normalizationRules) }
        // To protobuf a file cut off between two fields is complete, and the library would use its defaults. Both
        // settings follow the pieces in every file that the library has written.
        guard sections.isSuperset(of: [2, 3]) else {
            throw Damage(what: "the settings after the pieces are missing", offset: bytes.endIndex)
        }
    }

    private static func piece(
        _ message: ArraySlice<UInt8>, id: Int, offset: Int
    ) throws(Damage) -> Piece {
        var reader = ProtobufReader(message)
        var text: ArraySlice<UInt8> = []
        var kind = TokenKind.normal
        var score: Float = 0
        while let field = try reader.next() {
            switch field.number {
            case 1: text = try field.message()
            case 2:
                score = Float(bitPattern: try field.fixed32())
                guard !score.isNaN else {
                    throw Damage(what: "the score of piece \(id) is not a number", offset: field.offset)
                }
            case 3:
                let value = try field.varint()
                guard let known = UInt8(exactly: value).flatMap(TokenKind.init(rawValue:)) else {
                    throw Damage(what: "piece \(id) has the unknown type \(value)", offset: field.offset)
                }
                kind = known
            default: break
            }
        }
        guard !text.isEmpty else { throw Damage(what: "piece \(id) has no text", offset: offset) }
        guard text.isUTF8 else { throw Damage(what: "piece \(id) is not UTF-8", offset: offset) }
        // The library builds its search tree from NUL-terminated strings.
        guard !text.contains(0) else { throw Damage(what: "piece \(id) has a NUL character", offset: offset) }
        let byte = kind == .byte ? Array(text).namedByte : nil
        guard kind != .byte || byte != nil else {
            throw Damage(what: "piece \(id) does not name a byte", offset: offset)
        }
        return Piece(text: text, kind: kind, score: score, byte: byte)
    }

    private mutating func readTrainerSpec(_ message: ArraySlice<UInt8>) throws(Damage) {
        var reader = ProtobufReader(message)
        while let field = try reader.next() {
            switch field.number {
            case 3:
                let value = try field.varint()
                guard let known = ModelType(rawValue: value) else {
                    throw Damage(what: "the model has the unknown type \(value)", offset: field.offset)
                }
                type = known
            case 24: if try field.varint() != 0 { marksSpacesInFront = false }
            case 35: fallsBackToBytes = try field.varint() != 0
            default: break
            }
            guard field.number == 44 else { continue }
            let surface = try field.message()
            guard surface.isUTF8 else {
                throw Damage(what: "the text for unknown pieces is not UTF-8", offset: field.offset)
            }
            // The library reads it as a NUL-terminated string.
            unknownSurface = surface.prefix { $0 != 0 }
        }
    }

    private mutating func readNormalizerSpec(_ message: ArraySlice<UInt8>) throws(Damage) {
        var reader = ProtobufReader(message)
        while let field = try reader.next() {
            switch field.number {
            case 2: normalizationRules = try field.message()
            case 3: addsDummyPrefix = try field.varint() != 0
            case 4: removesExtraSpaces = try field.varint() != 0
            case 5: if try field.varint() == 0 { marksSpacesInFront = false }
            default: break
            }
        }
    }

    /// Rules for decoded text apply to all of it, so it could not be streamed. No Llama model has any.
    private static func checkDenormalizerSpec(_ message: ArraySlice<UInt8>) throws(Damage) {
        var reader = ProtobufReader(message)
        while let field = try reader.next() {
            guard field.number == 2 else { continue }
            guard try field.message().isEmpty else {
                throw Damage(what: "normalization of decoded text is not supported", offset: field.offset)
            }
        }
    }

    /// The library collects the user-defined pieces that match at one position in an array of 64
    /// (`PrefixMatcher::PrefixMatch`), and reads past its end if there are more.
    private func checkUserDefinedPieces() throws(Damage) {
        let texts = pieces.filter { $0.kind == .userDefined }.map(\.text)
        var nested: [ArraySlice<UInt8>] = []
        for text in texts.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            while let outer = nested.last, !text.starts(with: outer) { nested.removeLast() }
            nested.append(text)
            guard nested.count <= Self.maximumNesting else {
                throw Damage(
                    what: "more than \(Self.maximumNesting) user-defined pieces begin with one another",
                    offset: text.startIndex)
            }
        }
    }
}

extension ProtobufReader.Field {
    func message() throws(ProtobufReader.Damage) -> ArraySlice<UInt8> {
        guard case .bytes(let bytes) = value else { throw mismatch("bytes") }
        return bytes
    }

    func varint() throws(ProtobufReader.Damage) -> UInt64 {
        guard case .varint(let number) = value else { throw mismatch("a number") }
        return number
    }

    func fixed32() throws(ProtobufReader.Damage) -> UInt32 {
        guard case .fixed32(let bits) = value else { throw mismatch("four bytes") }
        return bits
    }

    private func mismatch(_ expected: String) -> ProtobufReader.Damage {
        ProtobufReader.Damage(what: "field \(number) is not \(expected)", offset: offset)
    }
}

extension ArraySlice<UInt8> {
    var isUTF8: Bool { String(validating: self, as: UTF8.self) != nil }
}
