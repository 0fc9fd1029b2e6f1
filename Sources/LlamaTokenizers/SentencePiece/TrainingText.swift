import CSentencePiece

/// A text to train on: its characters, and the stretches of it that the trainer can handle.
struct TrainingText {
    /// Well-formed UTF-8 that outlives the value.
    let utf8: UnsafeBufferPointer<UInt8>

    init(_ utf8: UnsafeBufferPointer<UInt8>) {
        self.utf8 = utf8
    }

    /// Counts the characters, and refuses those that no model can decode to.
    func alphabet() throws(TokenizerError) -> Alphabet {
        guard !utf8.isEmpty else { throw .noTrainingText }
        var counts = [Int](repeating: 0, count: 0x11_0000)
        var values: [Int] = []
        var offset = 0
        while offset < utf8.count {
            let (scalar, length) = scalar(at: offset)
            guard scalar != 0, scalar != 0x2581 else {
                throw .untrainableCharacter(scalar == 0 ? "\0" : "\u{2581}", offset: offset)
            }
            if counts[scalar] == 0 { values.append(scalar) }
            counts[scalar] += 1
            offset += length
        }
        return Alphabet(values, counts: counts)
    }

    /// The longest stretch in bytes. The trainer stores positions in a word as unchecked 16-bit numbers, and its time is
    /// quadratic in a word's length.
    static let maximumStretch = 4096

    /// The text without some characters, in stretches that are sentences to the trainer.
    ///
    /// A spelling that the trainer reserves (`<s>`, `<0x0A>`) is split after its `<`, or the trainer would drop it, and with
    /// it characters that occur nowhere else.
    func stretches(without unlearnt: Set<Unicode.Scalar>) -> [CSentencePieceRange] {
        var stretches: [CSentencePieceRange] = []
        var start = 0
        var offset = 0
        /// The offset at which the last word begins.
        var wordStart = 0
        func close(at end: Int) {
            if end > start { stretches.append(CSentencePieceRange(start: start, length: end - start)) }
            start = end
        }
        let unlearnt = Set(unlearnt.map { Int($0.value) })
        while offset < utf8.count {
            let (scalar, length) = scalar(at: offset)
            if offset + length - start > Self.maximumStretch {
                close(at: wordStart > start ? wordStart : offset)
            }
            if scalar == 0x20, offset > start, utf8[offset - 1] != 0x20 { wordStart = offset }
            if unlearnt.contains(scalar) {
                close(at: offset)
                start = offset + length
            } else if scalar == 0x3C, beginsReservedSpelling(at: offset) {
                close(at: offset + 1)
            }
            offset += length
        }
        close(at: utf8.count)
        return stretches
    }

    /// The greatest offset up to `offset` at which a character begins.
    func characterBoundary(at offset: Int) -> Int {
        var offset = offset
        while offset < utf8.count, utf8[offset] & 0xC0 == 0x80 { offset -= 1 }
        return offset
    }

    /// `<0x` covers the 256 bytes; other text that begins like this may be split too.
    private static let reservedSpellings = ["<unk>", "<s>", "</s>", "<pad>", "<0x"].map { Array($0.utf8) }

    private func beginsReservedSpelling(at offset: Int) -> Bool {
        let rest = utf8[offset...].prefix(6)
        return Self.reservedSpellings.contains { rest.starts(with: $0) }
    }

    /// The character that begins at `offset`, and its length in bytes.
    private func scalar(at offset: Int) -> (value: Int, length: Int) {
        let first = Int(utf8[offset])
        func trail(_ index: Int) -> Int { Int(utf8[offset + index] & 0x3F) }
        return switch first {
        case ..<0x80: (first, 1)
        case ..<0xE0: ((first & 0x1F) << 6 | trail(1), 2)
        case ..<0xF0: ((first & 0x0F) << 12 | trail(1) << 6 | trail(2), 3)
        default: ((first & 0x07) << 18 | trail(1) << 12 | trail(2) << 6 | trail(3), 4)
        }
    }
}

/// The characters of a text and how often each occurs.
struct Alphabet {
    let counts: [Unicode.Scalar: Int]

    fileprivate init(_ values: [Int], counts countsByValue: [Int]) {
        var counts: [Unicode.Scalar: Int] = [:]
        for value in values {
            if let scalar = Unicode.Scalar(UInt32(value)) { counts[scalar] = countsByValue[value] }
        }
        self.counts = counts
    }

    /// How many characters the trainer puts into a vocabulary, by its own rule: the most frequent, until they
    /// make up `coverage` of the text (`TrainerInterface::LoadSentences`).
    func coveredCount(without unlearnt: Set<Unicode.Scalar>, coverage: Float) -> Int {
        let counts = counts.filter { !unlearnt.contains($0.key) }.values.sorted(by: >)
        let total = Double(counts.reduce(0, +))
        var covered = 0
        for (index, count) in counts.enumerated() {
            if Float(Double(covered) / total) >= coverage { return index }
            covered += count
        }
        return counts.count
    }
}
