import LlamaCheckpoints
import LlamaTokenizers
import Testing

/// The union of what the configuration, the tokenizer and the model's family say.
struct StopTokensTests {
    private func configuration(stopTokens: Set<Int32>) -> ModelConfiguration {
        ModelConfiguration(
            dim: 8, nLayers: 1, nHeads: 1, nKVHeads: 1, headDim: 8, hiddenDim: 8, vocabularySize: 8,
            normEpsilon: 1e-5, rope: RoPEConfiguration(theta: 10000, scaling: .none),
            ropeLayout: .interleaved, tiesEmbeddings: false, hasAttentionBias: false,
            hasFeedForwardBias: false, contextLength: nil, stopTokens: stopTokens)
    }

    @Test(
        arguments: [
            // What the tokenizer says, its control tokens, what the configuration says, the union.
            ([], [:], [], []),
            ([2], [:], [], [2]),
            ([2], [:], [5, 6], [2, 5, 6]),
            ([], [3: "</s>"], [], [3]),
            (
                [], [0: "<|begin_of_text|>", 3: "<|end_of_text|>", 4: "<|eot_id|>", 5: "<|eom_id|>"], [3],
                [3, 4, 5]
            ),
            ([4], [4: "<|im_start|>", 5: "<|im_end|>", 6: "<|python_tag|>"], [], [4, 5]),
        ] as [(Set<Int32>, [Int32: String], Set<Int32>, Set<Int32>)])
    func unitesAllSources(
        tokenizer: Set<Int32>, controls: [Int32: String], stated: Set<Int32>, expected: Set<Int32>
    ) {
        let tokens = ListedTokenizer(stopTokens: tokenizer, controls: controls)
        #expect(StopTokens.of(tokens, configuration(stopTokens: stated)) == expected)
        #expect(
            StopTokens.of(tokens, nil)
                == expected.subtracting(stated.subtracting(tokenizer).subtracting(controls.keys)))
        #expect(StopTokens.of(nil, configuration(stopTokens: stated)) == stated)
    }

    @Test func textSpelledLikeAStopTokenStopsNothing() {
        #expect(StopTokens.of(ListedTokenizer(texts: [3: "</s>"]), nil).isEmpty)
    }
}

/// Eight tokens, of which some are control tokens or texts.
private struct ListedTokenizer: Tokenizer {
    let vocabularySize = 8
    let bosID: Int32? = nil
    let eosID: Int32? = nil
    let padID: Int32? = nil
    var stopTokens: Set<Int32> = []
    var controls: [Int32: String] = [:]
    var texts: [Int32: String] = [:]

    func encode(_ text: String, specials: SpecialTokens, addBOS: Bool) -> [Int32] { [] }
    func bytes(of id: Int32) -> [UInt8] { Array((texts[id] ?? "").utf8) }
    func kind(of id: Int32) -> TokenKind? { controls[id] == nil ? .normal : .control }
    func spelling(of id: Int32) -> [UInt8] { Array((controls[id] ?? texts[id] ?? "").utf8) }
    func makeStreamingDecoder(prompt: [Int32]) -> StreamingDecoder { fatalError("not used") }
}
