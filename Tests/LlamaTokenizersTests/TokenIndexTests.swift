import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

@Suite struct TokenIndexTests {
    @Test func findsTokensOfAnyLength() {
        var random = SeededGenerator(state: 1)
        var tokens = TokenTable()
        var ids: [[UInt8]: Int32] = [:]
        for _ in 0..<3_000 {
            let token = (0..<Int.random(in: 1...20, using: &random)).map { _ in
                UInt8.random(in: 0...1, using: &random)
            }
            if ids.updateValue(ids[token] ?? Int32(tokens.count), forKey: token) == nil {
                tokens.append(token, kind: .normal)
            }
        }
        let index = TokenIndex(tokens)
        #expect(index.duplicate == nil)
        for _ in 0..<10_000 {
            let bytes = (0..<Int.random(in: 1...22, using: &random)).map { _ in
                UInt8.random(in: 0...1, using: &random)
            }
            #expect(index.id(of: bytes, count: bytes.count) == ids[bytes] ?? TokenIndex.none, "\(bytes)")
        }
    }

    @Test func reportsTheFirstDuplicate() {
        var tokens = TokenTable()
        for token in [[], [97], [], [98], [97], [98]] as [[UInt8]] { tokens.append(token, kind: .normal) }
        let index = TokenIndex(tokens)
        #expect(index.duplicate == TokenIndex.Duplicate(id: 4, earlier: 1))
        #expect(index.id(of: [97], count: 1) == 1)
        #expect(index.id(of: [97], count: 0) == TokenIndex.none)
    }
}
