import LlamaTestSupport

@testable import LlamaGeneration

/// Requests of all kinds, made at random.
struct RandomGeneration {
    let vocabularySize: Int
    /// Most tokens drafted from repeated text.
    var lookupDrafts = 0
    private var random: SeededGenerator
    /// Beginnings that several prompts share.
    private let prefixes: [[Int32]]

    init(vocabularySize: Int, seed: Int) {
        self.vocabularySize = vocabularySize
        var random = SeededGenerator(seed: seed)
        prefixes = [70, 130, 200].map { length in
            (0..<length).map { _ in Int32.random(in: 0..<Int32(vocabularySize), using: &random) }
        }
        self.random = random
    }

    mutating func next(stream: Int) -> GenerationRequest {
        var options = GenerationOptions.test(Int.random(in: 0...14, using: &random))
        options.lookupDrafts = lookupDrafts
        if Bool.random(using: &random) { options.logprobs = Int.random(in: 0...3, using: &random) }
        options.echo = Int.random(in: 0..<4, using: &random) == 0
        options.stopTokens = [Int32.random(in: 0..<Int32(vocabularySize), using: &random)]
        setSampling(&options)
        switch Int.random(in: 0..<8, using: &random) {
        case 0 where options.sampling.temperature > 0: options.candidates.n = 3
        case 1 where options.sampling.temperature > 0:
            options.candidates.n = 2
            options.candidates.bestOf = 4
        case 2:
            options.candidates.beams = 3
            options.candidates.n = 2
            options.logprobs = nil
        default: break
        }
        return GenerationRequest(
            Prompt(
                .ids(prompt(atMost: options.candidates.beams > 1 ? 230 : 500)), source: "request \(stream)"),
            options: options, stream: stream)
    }

    private mutating func setSampling(_ options: inout GenerationOptions) {
        var sampling = SamplingOptions()
        sampling.temperature = [0, 0.7, 1.3].randomElement(using: &random) ?? 0
        sampling.seed = UInt64.random(in: 0...3, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: sampling.topK = 5
        case 1: sampling.minP = 0.02
        case 2: sampling.typicalP = 0.7
        case 3: sampling.repetitionPenalty = 1.3
        case 4: (sampling.frequencyPenalty, sampling.presencePenalty) = (0.5, 0.2)
        default: sampling.logitBias = [3: 2]
        }
        sampling.minTokens = min(2, options.maxGenerationLength)
        options.sampling = sampling
    }

    /// Some begin alike, some repeat themselves, some are longer than a pass.
    private mutating func prompt(atMost limit: Int) -> [Int32] {
        var ids: [Int32] = []
        if Bool.random(using: &random) { ids += prefixes.randomElement(using: &random) ?? [] }
        let length =
            Int.random(in: 0..<10, using: &random) == 0 ? 300 : Int.random(in: 1...40, using: &random)
        let period = Int.random(in: 1...12, using: &random)
        let word = (0..<period).map { _ in Int32.random(in: 0..<Int32(vocabularySize), using: &random) }
        return Array((ids + (0..<length).map { word[$0 % period] }).prefix(limit))
    }
}
