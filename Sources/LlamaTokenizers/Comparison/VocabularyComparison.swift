/// Where the vocabularies of two tokenizers differ.
///
/// Vocabularies of one model may be written in several formats, so what counts is what a token does: a piece of
/// text is the bytes it stands for, whichever way the file spells it; any other token is its name.
package struct VocabularyComparison {
    /// What one of the tokenizers has, and what the other.
    package struct Pair<Value> {
        package let first: Value
        package let second: Value
    }

    /// Tokens with a part to play, such as the one that begins a text.
    package struct Role {
        package let name: String
        package let ids: Pair<[Int32]>
        package var isSame: Bool { ids.first == ids.second }
    }

    /// The number of ids.
    package let sizes: Pair<Int>
    /// The ids that both have and that are not the same token, in order.
    package let differingIDs: [Int32]
    /// The ids that begin, end, pad and stop.
    package let roles: [Role]
    /// The names of control tokens that only one of them has, in the order of their ids.
    package let namesOfOne: Pair<[[UInt8]]>

    package init(_ first: any Tokenizer, _ second: any Tokenizer) {
        sizes = Pair(first: first.vocabularySize, second: second.vocabularySize)
        let common = min(sizes.first, sizes.second)
        differingIDs = (0..<Int32(clamping: common)).filter { id in
            Token(id, of: first) != Token(id, of: second)
        }
        func role(_ name: String, _ ids: (any Tokenizer) -> [Int32]) -> Role {
            Role(name: name, ids: Pair(first: ids(first), second: ids(second)))
        }
        roles = [
            role("begin") { $0.bosID.map { [$0] } ?? [] },
            role("end") { $0.eosID.map { [$0] } ?? [] },
            role("padding") { $0.padID.map { [$0] } ?? [] },
            role("stop") { $0.stopTokens.sorted() },
        ]
        let names = Pair(first: Self.names(of: first), second: Self.names(of: second))
        let sets = Pair(first: Set(names.first), second: Set(names.second))
        namesOfOne = Pair(
            first: names.first.filter { !sets.second.contains($0) },
            second: names.second.filter { !sets.first.contains($0) })
    }

    /// Whether all that was compared is the same.
    package var isSame: Bool {
        sizes.first == sizes.second && differingIDs.isEmpty && hasSameSpecialTokens
    }

    /// Whether the control tokens have the same names and play the same parts.
    package var hasSameSpecialTokens: Bool {
        roles.allSatisfy(\.isSame) && namesOfOne.first.isEmpty && namesOfOne.second.isEmpty
    }

    private static func names(of tokenizer: any Tokenizer) -> [[UInt8]] {
        (0..<Int32(clamping: tokenizer.vocabularySize)).filter { tokenizer.kind(of: $0) == .control }
            .map(tokenizer.spelling)
    }
}

/// What makes two tokens the same.
private struct Token: Equatable {
    /// Kinds that differ only in how one format writes them down are one.
    private enum Sort {
        case text
        case byte
        case reserved
    }

    private let sort: Sort?
    private let name: [UInt8]

    init(_ id: Int32, of tokenizer: any Tokenizer) {
        switch tokenizer.kind(of: id) {
        case .normal, .userDefined, .unused: (sort, name) = (.text, tokenizer.bytes(of: id))
        case .byte: (sort, name) = (.byte, tokenizer.bytes(of: id))
        case .control, .unknown: (sort, name) = (.reserved, tokenizer.spelling(of: id))
        case nil: (sort, name) = (nil, [])
        }
    }
}
