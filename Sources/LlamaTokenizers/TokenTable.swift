/// The text of every token, by id, in one flat buffer: a lookup touches no object.
struct TokenTable: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    private var kinds: [TokenKind] = []
    private var marksSpace: [Bool] = []

    /// The number of tokens.
    var count: Int { kinds.count }

    /// Adds the token with the next id.
    ///
    /// - Parameters:
    ///   - text: the token's bytes in the middle of a text; UTF-8, except for a byte token.
    ///   - marksLeadingSpace: whether `text` begins with a space that the start of a text drops.
    mutating func append(_ text: some Collection<UInt8>, kind: TokenKind, marksLeadingSpace: Bool = false) {
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
        kinds.append(kind)
        marksSpace.append(marksLeadingSpace)
    }

    /// The kind of a token, or nil outside the vocabulary.
    func kind(of id: Int32) -> TokenKind? {
        kinds.indices.contains(Int(id)) ? kinds[Int(id)] : nil
    }

    /// The bytes of a token; none outside the vocabulary.
    func bytes(of id: Int32) -> ArraySlice<UInt8> {
        let index = Int(id)
        guard kinds.indices.contains(index) else { return [] }
        return bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    /// Whether the token's first byte is a space that the start of a text drops.
    func marksLeadingSpace(_ id: Int32) -> Bool {
        marksSpace.indices.contains(Int(id)) && marksSpace[Int(id)]
    }

    /// The byte ranges of the tokens in the flat buffer.
    struct Bounds {
        fileprivate let ends: UnsafeBufferPointer<Int>

        /// The number of tokens.
        var count: Int { ends.count }

        /// The length in bytes of the longest token.
        var longest: Int { (0..<Int32(count)).reduce(0) { max($0, self($1).count) } }

        /// The bytes of a token of the table.
        func callAsFunction(_ id: Int32) -> Range<Int> { (id == 0 ? 0 : ends[Int(id) - 1])..<ends[Int(id)] }
    }

    /// Calls a loop over all tokens with their bytes.
    func withFlatBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>, Bounds) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { bytes in
            ends.withUnsafeBufferPointer { body(bytes, Bounds(ends: $0)) }
        }
    }
}
