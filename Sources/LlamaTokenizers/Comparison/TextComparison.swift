/// Compares what two tokenizers make of texts, one text after another.
package struct TextComparison {
    /// A text whose ids differ.
    package struct IDDifference {
        package let text: String
        /// Where the text is from.
        package let source: String
        package let first: [Int32]
        package let second: [Int32]

        /// The number of ids before the first difference.
        package var commonCount: Int { zip(first, second).prefix { $0 == $1 }.count }
    }

    /// Ids that the tokenizers turn into different texts.
    package struct DecodedDifference {
        /// Where the text is from that these are the first tokenizer's ids of.
        package let source: String
        package let ids: [Int32]
        package let first: String
        package let second: String
    }

    private let tokenizers: (first: any Tokenizer, second: any Tokenizer)
    private let specials: SpecialTokens

    /// The number of texts so far, of those with different ids, and of those whose ids are decoded differently.
    package private(set) var count = 0
    package private(set) var idDifferenceCount = 0
    package private(set) var decodedDifferenceCount = 0
    package private(set) var firstIDDifference: IDDifference?
    package private(set) var firstDecodedDifference: DecodedDifference?

    package init(_ first: any Tokenizer, _ second: any Tokenizer, specials: SpecialTokens) {
        tokenizers = (first, second)
        self.specials = specials
    }

    /// Whether all texts so far have the same ids, and those the same text.
    package var isSame: Bool { idDifferenceCount == 0 && decodedDifferenceCount == 0 }

    /// Takes the next text.
    package mutating func add(_ text: String, source: String) {
        count += 1
        let first = tokenizers.first.encode(text, specials: specials, addBOS: false)
        let second = tokenizers.second.encode(text, specials: specials, addBOS: false)
        if first != second {
            idDifferenceCount += 1
            if firstIDDifference == nil {
                firstIDDifference = IDDifference(text: text, source: source, first: first, second: second)
            }
        }
        let decoded = (first: tokenizers.first.decode(first), second: tokenizers.second.decode(first))
        // By bytes: canonically equivalent texts are two.
        guard !decoded.first.utf8.elementsEqual(decoded.second.utf8) else { return }
        decodedDifferenceCount += 1
        if firstDecodedDifference == nil {
            firstDecodedDifference = DecodedDifference(
                source: source, ids: first, first: decoded.first, second: decoded.second)
        }
    }
}
