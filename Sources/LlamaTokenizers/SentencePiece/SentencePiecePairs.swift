/// The BPE models of Llama 1 and 2 as byte-pair encoding of characters, which encodes a text many times faster than the
/// library.
enum SentencePiecePairs {
    /// The model, or nil for one that only the library can encode: of another type, with normalization rules, with
    /// user-defined or unused pieces, or without a piece for every byte.
    ///
    /// Two pieces merge if together they are a piece, the highest score first, the leftmost of equals
    /// (`src/bpe_model.cc` of sentencepiece).
    static func model(_ file: SentencePieceModel) -> BytePairModel? {
        guard file.type == .bpe, file.fallsBackToBytes, file.normalizationRules.isEmpty,
            !file.removesExtraSpaces, file.marksSpacesInFront, file.pieces.allSatisfy(isSimple)
        else { return nil }
        var table = TokenTable()
        for piece in file.pieces { table.append(piece.kind == .normal ? piece.text : [], kind: piece.kind) }
        let index = TokenIndex(table)
        guard index.duplicate == nil, let bytes = byteIDs(file) else { return nil }
        let ranks = ranks(file)
        var merges = MergeTable(minimumCapacity: 2 * file.pieces.count)
        var joints = MergeTable()
        table.withFlatBytes { text, bounds in
            for id in 0..<Int32(file.pieces.count) {
                insertPairs(of: id, text, bounds(id), ranks[Int(id)], index, &merges, &joints)
            }
        }
        return BytePairModel(
            options: BytePairModel.Options(fallsBackToBytes: true), index: index,
            ids: Array(0..<Int32(file.pieces.count)), merges: merges, joints: joints, bytes: bytes,
            unknownID: nil)
    }

    /// Whether a piece is plain text, or can never match a text.
    private static func isSimple(_ piece: SentencePieceModel.Piece) -> Bool {
        switch piece.kind {
        case .normal: true
        case .control, .unknown, .byte: piece.text.count { $0 & 0xC0 != 0x80 } > 1
        case .userDefined, .unused: false
        }
    }

    private static func byteIDs(_ file: SentencePieceModel) -> [Int32]? {
        var names: [[UInt8]: Int32] = [:]
        for (id, piece) in file.pieces.enumerated() where piece.kind == .byte {
            names[Array(piece.text)] = Int32(id)
        }
        let ids = (UInt8.min...UInt8.max).compactMap { names[Array($0.fallbackName.utf8)] }
        return ids.count == 256 ? ids : nil
    }

    /// The rank of each piece's score, 0 for the highest.
    private static func ranks(_ file: SentencePieceModel) -> [Int32] {
        let scores = file.pieces.map(\.score)
        var ranks = [Int32](repeating: 0, count: scores.count)
        var rank: Int32 = -1
        var last: Float?
        for id in scores.indices.sorted(by: { scores[$0] > scores[$1] }) {
            if scores[id] != last { rank += 1 }
            last = scores[id]
            ranks[id] = rank
        }
        return ranks
    }

    private static func insertPairs(
        of id: Int32, _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ rank: Int32,
        _ index: TokenIndex,
        _ merges: inout MergeTable, _ joints: inout MergeTable
    ) {
        guard let start = text.baseAddress else { return }
        for middle in range.dropFirst() where text[middle] & 0xC0 != 0x80 {
            let left = index.id(of: start + range.lowerBound, count: middle - range.lowerBound)
            let right = index.id(of: start + middle, count: range.upperBound - middle)
            guard left >= 0, right >= 0 else { continue }
            merges.insert(left: left, right: right, rank: rank, merged: id)
            let last = UTF8Scalar.decode(text, at: UTF8Scalar.start(text, before: middle)).scalar
            let first = UTF8Scalar.decode(text, at: middle).scalar
            joints.insert(left: Int32(bitPattern: last), right: Int32(bitPattern: first), rank: 0, merged: 0)
        }
    }
}
