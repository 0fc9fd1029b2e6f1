import Testing

@testable import LlamaJSON

struct SpellingTests {
    private static let names = [
        "--checkpoints", "--prompt", "--prompts", "--top-p", "--seed", "--echo", "--temperature", "--n",
    ]

    @Test(arguments: [
        ("--checkpoint", "--checkpoints"), ("--promt", "--prompt"), ("--propmts", "--prompts"),
        ("--temp", "--temperature"),
        ("--topp", "--top-p"), ("-seed", "--seed"), ("--ehco", "--echo"), ("--model", nil), ("-p", nil),
        ("-x", nil),
        ("-nn", "--n"),
        ("--", nil),
    ])
    func findsTheNearestName(word: String, name: String?) {
        #expect(Spelling.nearest(to: word, in: Self.names) == name)
    }
}
