/// A set of Unicode scalars: a bit for each.
struct ScalarSet: Sendable, Equatable {
    private static let scalarCount = 0x110000

    /// Bit `s & 63` of word `s >> 6`; none for a set of one scalar.
    private var words: [UInt64]

    /// The only scalar of a set that was created with one.
    private(set) var single: UInt32?

    init(ranges: [ClosedRange<UInt32>]) {
        if ranges.count == 1, let range = ranges.first, range.count == 1 {
            (words, single) = ([], range.lowerBound)
        } else {
            words = Self.noWords
            for range in ranges { insert(range) }
        }
    }

    private static let noWords = [UInt64](repeating: 0, count: scalarCount >> 6)

    /// The scalars for which `isMember` holds.
    init(where isMember: (UInt32) -> Bool) {
        self.init(ranges: [])
        for scalar in 0..<UInt32(Self.scalarCount) where isMember(scalar) {
            words[Int(scalar >> 6)] |= 1 << UInt64(scalar & 63)
        }
    }

    /// No scalar.
    static let none = ScalarSet(ranges: [])

    @inline(__always)
    func contains(_ scalar: UInt32) -> Bool {
        if let single { return scalar == single }
        return words[Int(scalar >> 6)] >> UInt64(scalar & 63) & 1 != 0
    }

    /// Turns a set of one scalar into a bit map.
    private mutating func spread() {
        guard let member = single else { return }
        words = Self.noWords
        single = nil
        insert(member...member)
    }

    mutating func insert(_ range: ClosedRange<UInt32>) {
        spread()
        for scalar in range where scalar < Self.scalarCount {
            words[Int(scalar >> 6)] |= 1 << UInt64(scalar & 63)
        }
    }

    mutating func formUnion(_ other: ScalarSet) {
        spread()
        if let member = other.single { return insert(member...member) }
        for index in words.indices { words[index] |= other.words[index] }
    }

    /// All scalars that are not in the set.
    var inverted: ScalarSet {
        var result = self
        result.spread()
        for index in result.words.indices { result.words[index] = ~result.words[index] }
        return result
    }

    func inverted(if isInverted: Bool) -> ScalarSet { isInverted ? inverted : self }

    /// The set with every scalar that differs from a member in its case only: simple case folding. Foldings to several
    /// scalars (`ß` to `ss`) are left out, because no tokenizer's pattern needs them.
    var withCaseVariants: ScalarSet {
        var result = self
        for scalar in members(atMost: 1024) {
            let properties = scalar.properties
            for mapping in [properties.lowercaseMapping, properties.uppercaseMapping] {
                let scalars = Array(mapping.unicodeScalars)
                if scalars.count == 1 { result.insert(scalars[0].value...scalars[0].value) }
            }
            // The letters of a third form whose folding is a letter of ASCII: the long s and the kelvin sign.
            if scalar == "s" || scalar == "S" { result.insert(0x17F...0x17F) }
            if scalar == "k" || scalar == "K" { result.insert(0x212A...0x212A) }
        }
        return result
    }

    /// The members of a small set; none of a larger one, which is a property that covers both cases.
    private func members(atMost limit: Int) -> [Unicode.Scalar] {
        if let single { return Unicode.Scalar(single).map { [$0] } ?? [] }
        guard words.reduce(0, { $0 + $1.nonzeroBitCount }) <= limit else { return [] }
        return words.indices.filter { words[$0] != 0 }.flatMap { index in
            (0..<64).filter { words[index] >> UInt64($0) & 1 != 0 }
                .compactMap { Unicode.Scalar(UInt32(index << 6 + $0)) }
        }
    }
}
