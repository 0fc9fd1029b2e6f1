/// The entries of a BPE vocabulary: spellings, back to back in one buffer, and their ids.
struct BytePairVocabulary: Sendable {
    /// The spellings in UTF-8.
    private(set) var bytes: [UInt8] = []
    /// Where each spelling ends in `bytes`, after a leading 0.
    private(set) var bounds: [UInt32] = [0]
    /// The ids, in the order of the entries.
    private(set) var ids: [Int32] = []

    /// The number of entries.
    var count: Int { ids.count }

    /// Adds an entry.
    ///
    /// - Parameter spelling: all spellings together are less than 4 GiB.
    mutating func append(_ spelling: some Collection<UInt8>, id: Int32) {
        bytes.append(contentsOf: spelling)
        bounds.append(UInt32(truncatingIfNeeded: bytes.count))
        ids.append(id)
    }

    mutating func reserveCapacity(bytes count: Int) { bytes.reserveCapacity(count) }

    /// An entry's spelling.
    func spelling(_ entry: Int) -> ArraySlice<UInt8> { bytes[Int(bounds[entry])..<Int(bounds[entry + 1])] }

    /// An entry's spelling, for a message.
    func name(_ entry: Int) -> String { String(decoding: spelling(entry), as: UTF8.self) }

    /// The entries by their spellings.
    var spellingIndex: TokenIndex { TokenIndex(bytes: bytes, bounds: bounds) }

    /// The entries by the bytes that their spellings stand for in the alphabet of byte-level vocabularies. An entry with
    /// other characters is left out: no text leads to it.
    var byteLevelIndex: TokenIndex {
        var table = TokenTable()
        var token: [UInt8] = []
        bytes.withUnsafeBufferPointer { bytes in
            for entry in 0..<count {
                token.removeAll(keepingCapacity: true)
                let spelling = UnsafeBufferPointer(
                    rebasing: bytes[Int(bounds[entry])..<Int(bounds[entry + 1])])
                let isSpelled = ByteAlphabet.bytes(spelledBy: spelling, into: &token)
                table.append(isSpelled ? token : [], kind: .normal)
            }
        }
        return TokenIndex(table)
    }
}
