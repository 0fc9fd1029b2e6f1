import Foundation
import LlamaTestSupport
import Testing

/// Real vocabularies through `llama-tokenize`.
@Suite(.enabled(if: TestData.isWanted, "needs LLAMA_TEST_DATA"))
struct TokenizeSharedDataTests {
    private struct Golden: Decodable {
        let text: String
        let ids: [Int32]
        let decoded: String
    }

    @Test(arguments: ["llama2", "llama3"])
    func hasEveryIDAndTextOfTheGolden(model: String) throws {
        let folder = "tokenizers/\(model)"
        let decoder = JSONDecoder()
        let golden = try String(contentsOf: TestData.url("\(folder)/golden.jsonl"), encoding: .utf8)
            .split(separator: "\n").map { try decoder.decode(Golden.self, from: Data($0.utf8)) }
        let input = try golden.map {
            String(decoding: try JSONEncoder().encode($0.text), as: UTF8.self) + "\n"
        }
        let tokenizer = ["--tokenizer", try TestData.path(folder)]
        let encoded = try Command.run(
            tokenizer + ["encode"], input: input.joined(), program: "llama-tokenize")
        let ids = try encoded.lines.dropLast().map { try decoder.decode([Int32].self, from: Data($0.utf8)) }
        #expect(ids == golden.map(\.ids))
        let decoded = try Command.run(
            tokenizer + ["decode"], input: encoded.output, program: "llama-tokenize")
        let texts = try decoded.lines.dropLast().map { try decoder.decode(String.self, from: Data($0.utf8)) }
        #expect(texts.map { Array($0.utf8) } == golden.map { Array($0.decoded.utf8) })
    }

    @Test(arguments: ["llama2", "llama3"])
    func auditsARealVocabulary(model: String) throws {
        let folder = try TestData.path("tokenizers/\(model)")
        let result = try Command.run(
            ["compare", folder, folder + "/tokenizer.model", "--data", folder + "/golden.jsonl"],
            program: "llama-tokenize")
        #expect(result.error == "")
        #expect(!result.output.contains("DIFFERENT"))
        #expect(result.code == 0)
    }
}
