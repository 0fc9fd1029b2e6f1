import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// A vocabulary of the bytes and a few merges, made here: `ranks` follow the 256 bytes.
func tinyTiktoken(
    _ ranks: [String] = ["he", "th", "the", " the", "in", "ing", "aa", "aaaa", "é", "ab", "abc"],
    names: TiktokenTokenizer.SpecialNames = .llama31
) throws -> TiktokenTokenizer {
    let tokens = (0...255).map { [$0] } + ranks.map { Array($0.utf8) }
    return try TiktokenTokenizer(bytes: rankFile(tokens), names: names)
}

/// The file of these tokens.
func rankFile(_ tokens: [[UInt8]]) -> [UInt8] {
    Array(tokens.enumerated().map { "\(base64($0.element)) \($0.offset)\n" }.joined().utf8)
}

func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let part = bytes[start..<min(start + 3, bytes.count)]
        let bits = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
        for place in 0..<4 {
            text.append(place <= part.count ? digits[bits >> (18 - 6 * place) & 63] : "=")
        }
    }
    return text
}

@Suite struct TiktokenTokenizerTests {
    @Test func mergesByRank() throws {
        let tokenizer = try tinyTiktoken()
        func pieces(_ text: String) -> [String] {
            let ids = tokenizer.encode(text, addBOS: false)
            return ids.map { String(decoding: tokenizer.bytes(of: $0), as: UTF8.self) }
        }
        #expect(pieces("the") == ["the"])
        // "he" has a lower rank than "th", and both lead to "the".
        #expect(pieces("thex") == ["the", "x"])
        #expect(pieces("thx") == ["th", "x"])
        #expect(pieces("in the") == ["in", " the"])
        #expect(pieces("xaaaaaaa") == ["x", "aaaa", "aa", "a"])
        #expect(pieces("abcx") == ["abc", "x"])
    }

    /// `byte_pair_merge` of tiktoken, without any haste: of two neighbors whose bytes together are a token, those
    /// whose token has the lowest rank.
    static func merged(_ piece: [UInt8], by ranks: [[UInt8]: Int32]) -> [Int32] {
        if let whole = ranks[piece] { return [whole] }
        var parts = piece.map { [$0] }
        while true {
            let pairs = parts.indices.dropLast().compactMap { place in
                ranks[parts[place] + parts[place + 1]].map { (rank: $0, place: place) }
            }
            guard let best = pairs.min(by: { ($0.rank, $0.place) < ($1.rank, $1.place) }) else { break }
            parts[best.place] += parts.remove(at: best.place + 1)
        }
        return parts.compactMap { ranks[$0] }
    }

    /// Tokens in no order of rank, which hold characters, parts of them, and parts of two beside each other.
    @Test(arguments: 0..<60)
    func mergesLikeTheDefinition(_ seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let alphabet = ["a", "b", "é", "è", "的", "是", "不", "一", "😀", "日", "本"].shuffled(using: &random)
            .prefix(5)
        func piece(_ count: ClosedRange<Int>) -> [UInt8] {
            let length = Int.random(in: count, using: &random)
            return (0..<length).flatMap { _ in Array((alphabet.randomElement(using: &random) ?? "a").utf8) }
        }
        var ranks: [[UInt8]: Int32] = [:]
        var tokens: [[UInt8]] = []
        func add(_ token: [UInt8]) {
            if ranks.updateValue(ranks[token] ?? Int32(tokens.count), forKey: token) == nil {
                tokens.append(token)
            }
        }
        for byte in UInt8.min...UInt8.max { add([byte]) }
        // No characters, though they look like the bytes of 的 and é to a decoder that trusts them.
        let strange: [[UInt8]] = [[0xC7, 0x9A, 0x84], [0xE0, 0x83, 0xA9]]
        for token in strange where seed % 2 == 0 {
            add(Array(token.prefix(2)))
            add(token)
        }
        // The more parts there are among the tokens, the fewer characters come whole.
        let partsOfThree = seed % 4
        for _ in 0..<Int.random(in: 4...60, using: &random) {
            let text = piece(1...3)
            let start = Int.random(in: text.indices, using: &random)
            let end = Int.random(in: start..<text.count, using: &random) + 1
            add(UInt64.random(in: 0..<3, using: &random) < partsOfThree ? Array(text[start..<end]) : text)
            if Bool.random(using: &random) { add(Array(text.prefix(2))) }
        }
        let table = try TiktokenTokenizer(bytes: rankFile(tokens)).ranks
        for length in [1...4, 5...20, 60...140] {
            for _ in 0..<20 {
                let piece = piece(length)
                var ids: [Int32] = []
                table.merges.withLookup { merges in
                    var merger = PieceMerger(table, merges)
                    piece.withUnsafeBufferPointer { merger.append($0, to: &ids) }
                }
                #expect(ids == Self.merged(piece, by: ranks), "\(piece)")
            }
        }
    }

    @Test func findsSpecialTokensOnlyWhereAllowed() throws {
        let tokenizer = try tinyTiktoken()
        let text = "a<|eot_id|>b<|begin_of_text|>"
        let eot = try #require(tokenizer.specialTokenID("<|eot_id|>"))
        let bos = try #require(tokenizer.bosID)
        #expect(tokenizer.encode(text, specials: .all, addBOS: false) == [97, eot, 98, bos])
        let only = tokenizer.encode(text, specials: .only(["<|eot_id|>"]), addBOS: false)
        #expect(only.prefix(3) == [97, eot, 98])
        #expect(tokenizer.encode(text, addBOS: false).allSatisfy { $0 < tokenizer.ranks.count })
        #expect(tokenizer.encode("<|begin_of_text|>a", specials: .all, addBOS: true) == [bos, 97])
        #expect(tokenizer.encode("", addBOS: true) == [bos])
        #expect(tokenizer.decode([bos, 97, eot]) == "a")
        #expect(tokenizer.bytes(of: eot) == [])
        #expect(tokenizer.spelling(of: eot) == Array("<|eot_id|>".utf8))
        #expect(tokenizer.kind(of: eot) == .control)
        #expect(tokenizer.spelling(of: 0xE4) == [0xE4])
        #expect(tokenizer.kind(of: 0xE4) == .normal)
        #expect(tokenizer.kind(of: Int32(tokenizer.vocabularySize)) == nil)
    }

    @Test func namesTheSpecialTokensOfEitherModel() throws {
        let first = try tinyTiktoken(names: .llama3)
        let later = try tinyTiktoken(names: .llama31)
        let base = Int32(first.ranks.count)
        #expect(first.vocabularySize == later.vocabularySize)
        #expect(first.padID == nil && later.padID == base + 4)
        #expect(first.stopTokens == [base + 1, base + 9])
        #expect(later.stopTokens == [base + 1, base + 8, base + 9])
        #expect(first.specialTokenName(base + 255) == "<|reserved_special_token_250|>")
        #expect(first.specialTokenName(base + 10) == "<|reserved_special_token_5|>")
        #expect(later.specialTokenName(base + 11) == "<|reserved_special_token_3|>")
        #expect(later.specialTokenName(base + 256) == nil && later.specialTokenName(base - 1) == nil)
        #expect(Set(TiktokenTokenizer.SpecialNames.llama31.spellings).count == 256)
    }

    /// Bytes, the texts that they give one by one, and what `finish` gives; as Python's
    /// `bytes.decode("utf-8", "replace")`.
    static let byteRuns: [(bytes: [UInt8], outputs: [String], rest: String)] = [
        ([0xFF, 0x41], ["\u{FFFD}", "A"], ""),
        ([0xC0, 0x80], ["\u{FFFD}", "\u{FFFD}"], ""),
        ([0xE0, 0x80, 0x80], ["", "\u{FFFD}\u{FFFD}", "\u{FFFD}"], ""),
        ([0xF0, 0x9F, 0x98], ["", "", ""], "\u{FFFD}"),
        ([0xF0, 0x9F, 0x41], ["", "", "\u{FFFD}A"], ""),
        ([0xF0, 0x9F, 0xF0, 0x9F, 0x98, 0x80], ["", "", "\u{FFFD}", "", "", "😀"], ""),
        ([0xE2, 0x82, 0xC3, 0xA9], ["", "", "\u{FFFD}", "é"], ""),
    ]

    @Test(arguments: byteRuns.indices)
    func replacesEachMaximalSubpart(_ index: Int) throws {
        let run = Self.byteRuns[index]
        var decoder = try tinyTiktoken().makeStreamingDecoder()
        #expect(run.bytes.map { decoder.append(Int32($0)) } == run.outputs)
        #expect(decoder.finish() == run.rest)
    }

    @Test func streamsWhatItDecodes() throws {
        let tokenizer = try tinyTiktoken()
        var random = SeededGenerator(state: 5)
        for _ in 0..<2_000 {
            let ids = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                Int32.random(in: 0..<Int32(tokenizer.ranks.count), using: &random)
            }
            let bytes = ids.flatMap(tokenizer.bytes(of:))
            let decoded = tokenizer.decode(ids)
            // Swift's own repair has the same rule.
            #expect(Array(decoded.utf8) == Array(String(decoding: bytes, as: UTF8.self).utf8), "\(bytes)")
            let cut = Int.random(in: 0...ids.count, using: &random)
            var first = tokenizer.makeStreamingDecoder()
            let prompt = ids[..<cut].map { first.append($0) }.joined()
            var second = tokenizer.makeStreamingDecoder(prompt: Array(ids[..<cut]))
            let text = prompt + ids[cut...].map { second.append($0) }.joined() + second.finish()
            #expect(Array(text.utf8) == Array(decoded.utf8), "\(bytes)")
        }
    }
}
