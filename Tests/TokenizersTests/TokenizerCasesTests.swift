import Foundation
import Testing

@testable import Tokenizers

/// The Swift side of `tools/compare_tokenizers.py`: reads texts and ids from the file that
/// `LLAMA_TOKENIZER_CASES` names and writes what becomes of them next to it. Skipped without.
@Suite struct TokenizerCasesTests {
    static let cases = ProcessInfo.processInfo.environment["LLAMA_TOKENIZER_CASES"]

    struct Cases: Decodable {
        let tokenizer: String
        let texts: [String]
        let sequences: [[Int32]]
    }

    struct Results: Encodable {
        let ids: [[Int32]]
        let decoded: [String]
        let texts: [String]
    }

    @Test(.enabled(if: cases != nil, "for tools/compare_tokenizers.py"))
    func writesWhatBecomesOfTheCases() throws {
        let file = URL(filePath: try #require(Self.cases))
        let cases = try JSONDecoder().decode(Cases.self, from: Data(contentsOf: file))
        let tokenizer = try loadTokenizer(at: cases.tokenizer)
        let ids = cases.texts.map { tokenizer.encode($0, addBOS: false) }
        let results = Results(
            ids: ids, decoded: cases.sequences.map(tokenizer.decode), texts: ids.map(tokenizer.decode))
        try JSONEncoder().encode(results).write(to: file.appendingPathExtension("result"))
    }
}
