import Glibc
import LlamaTestSupport
import Testing

@testable import LlamaGeneration

struct SamplerTests {
    static let temperatures: [Float] = [1e-30, 0.01, 0.6, 1, 2.5, 1e30]
    static let masses: [Float] = [1e-9, 0.1, 0.5, 0.9, 0.999, 1]

    @Test(
        arguments: [
            ([1, 3, 3, 2], 1), ([5], 0), ([-7, -7, -7], 0), ([-.infinity, -9, -.infinity], 1),
            ([0, -0.0], 0),
        ] as [([Float], Int32)])
    func greedyTakesTheFirstOfTheLargest(logits: [Float], expected: Int32) {
        let sampler = Sampler(temperature: 0, topP: 0.9, seed: 1)
        #expect(sampler.next(logits.span, prompt: 0, position: 0) == expected)
    }

    @Test(arguments: temperatures, masses)
    func drawsFromTheNucleusThatSortingFinds(temperature: Float, topP: Float) {
        var random = SeededGenerator(state: 7)
        for trial in 0..<5 {
            let spread = Float.random(in: 0.01...12, using: &random)
            let logits = (0..<300).map { _ in Float.random(in: -spread...spread, using: &random) }
            let sampler = Sampler(temperature: temperature, topP: topP, seed: random.next())
            for position in 0..<8 {
                let drawn = sampler.next(logits.span, prompt: trial, position: position)
                let draw = sampler.uniform(prompt: trial, position: position)
                #expect(drawn == naiveDraw(logits, sampler, draw))
            }
        }
    }

    @Test(arguments: masses)
    func breaksTiesAtTheEdgeOfTheNucleusByID(topP: Float) {
        // Many tokens share each of three values, so that the edge falls among equals.
        let logits = (0..<90).map { Float($0 * 7 % 3) }
        let sampler = Sampler(temperature: 1, topP: topP, seed: 3)
        for position in 0..<60 {
            let draw = sampler.uniform(prompt: 0, position: position)
            #expect(
                sampler.next(logits.span, prompt: 0, position: position) == naiveDraw(logits, sampler, draw))
        }
    }

    @Test func drawsInProportionToProbability() {
        let probabilities = [0.02, 0.5, 0.3, 0.18]
        let logits = probabilities.map { Float(log($0)) }
        let sampler = Sampler(temperature: 1, topP: 1, seed: 42)
        let draws = 4_000
        var counts = [0, 0, 0, 0]
        for position in 0..<draws {
            counts[Int(sampler.next(logits.span, prompt: position % 5, position: position) ?? 0)] += 1
        }
        for (count, probability) in zip(counts, probabilities) {
            let deviation = (Double(draws) * probability * (1 - probability)).squareRoot()
            #expect(abs(Double(count) - Double(draws) * probability) < 4 * deviation)
        }
    }

    @Test func streamsOfNeighborsAreUnrelated() {
        var seen: Set<Double> = []
        for seed in 0..<10 {
            let sampler = Sampler(temperature: 1, topP: 1, seed: UInt64(seed))
            for prompt in 0..<10 {
                for position in 0..<10 { seen.insert(sampler.uniform(prompt: prompt, position: position)) }
            }
        }
        #expect(seen.count == 1000)
        #expect(abs(seen.reduce(0, +) / 1000 - 0.5) < 0.04)
        #expect(seen.allSatisfy { (0..<1).contains($0) })
    }

    @Test func theDrawDependsOnSeedPromptAndPosition() {
        let logits = (0..<1000).map { _ in Float(0) }
        func draw(_ seed: UInt64, _ prompt: Int, _ position: Int) -> Int32? {
            Sampler(temperature: 1, topP: 1, seed: seed)
                .next(logits.span, prompt: prompt, position: position)
        }
        #expect(draw(1, 2, 3) == draw(1, 2, 3))
        #expect(Set([draw(1, 2, 3), draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4), draw(1, 3, 2)]).count == 5)
    }

    @Test(arguments: [0, 0.6] as [Float])
    func neverDrawsWhatIsMinusInfinity(temperature: Float) {
        var logits = [Float](repeating: -.infinity, count: 40)
        logits[17] = -3
        logits[30] = -3.5
        let sampler = Sampler(temperature: temperature, topP: 1, seed: 0)
        let drawn = (0..<100).map { sampler.next(logits.span, prompt: 0, position: $0) }
        #expect(Set(drawn) == (temperature == 0 ? [17] : [17, 30]))
    }

    @Test(
        arguments: [
            [.nan, 1, 2], [1, .nan, 2], [1, 2, .nan], [.nan, .nan], [1, .infinity], [-.infinity, -.infinity],
        ] as [[Float]], [0, 1e-30, 0.6] as [Float])
    func refusesLogitsOfADamagedModel(logits: [Float], temperature: Float) {
        let sampler = Sampler(temperature: temperature, topP: 0.9, seed: 0)
        #expect(sampler.next(logits.span, prompt: 0, position: 0) == nil)
    }

    @Test(arguments: [Float.leastNonzeroMagnitude, 1e-38, 1e-10])
    func aTinyTemperatureIsGreedy(temperature: Float) {
        let logits: [Float] = [3e38, -3e38, 2.9e38, 0]
        let sampler = Sampler(temperature: temperature, topP: 1, seed: 0)
        for position in 0..<50 { #expect(sampler.next(logits.span, prompt: 0, position: position) == 0) }
    }

    /// Sorts, sums until the mass exceeds topP, draws in order of id.
    private func naiveDraw(_ logits: [Float], _ sampler: Sampler, _ draw: Double) -> Int32 {
        let best = logits.max() ?? 0
        let weights = logits.map { Double(expf(-(best - $0) / sampler.temperature)) }
        let order = logits.indices.sorted { (-logits[$0], $0) < (-logits[$1], $1) }
        let target = Double(sampler.topP) * weights.reduce(0, +)
        var nucleus: Set<Int> = []
        var mass = 0.0
        for index in order where mass <= target {
            nucleus.insert(index)
            mass += weights[index]
        }
        var rest = draw * mass
        for index in nucleus.sorted() {
            rest -= weights[index]
            if rest < 0 { return Int32(index) }
        }
        return -1
    }
}
