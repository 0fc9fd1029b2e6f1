import SwiftLlama

/// The example of the README, which tools/test-client compares with the lines between the two comments.
func example() async throws {
    // README
    let llama = try await Llama(at: "models/shakespeare-char")

    for try await piece in llama.generate("ROMEO:", options: .greedy) {
        print(piece.text, terminator: "")
    }
    print()

    var options = llama.defaultOptions
    options.stopStrings = ["\n\n"]
    options.n = 2
    for completion in try await llama.generate("JULIET:", options: options).completions() {
        print("\(completion.choice): \(completion.text)")
    }

    let score = try await llama.score("To be, or not to be")
    print("\(score.tokenIDs.count) tokens, perplexity \(score.perplexity.rounded())")
    // README
}
