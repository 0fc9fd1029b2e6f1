import Testing

@testable import LlamaTraining

struct ScheduleTests {
    @Test func risesThenFallsAlongHalfACosine() {
        var options = TrainingOptions()
        (options.steps, options.warmup, options.learningRate, options.finalLearningRate) = (110, 10, 1, 0.1)
        #expect(abs(options.learningRate(step: 1) - 0.1) < 1e-12)
        #expect(abs(options.learningRate(step: 10) - 1) < 1e-12)
        #expect(abs(options.learningRate(step: 60) - 0.55) < 1e-12)
        #expect(abs(options.learningRate(step: 110) - 0.1) < 1e-12)
    }

    @Test func stepsOfAnArticleAreAllAlike() {
        let options = TrainingOptions.article
        #expect((1...options.steps).allSatisfy { options.learningRate(step: $0) == 1e-3 })
    }

    @Test(arguments: [
        (\TrainingOptions.beta2, 1.0), (\.weightDecay, .nan), (\.gradientClip, .infinity),
        (\.finalLearningRate, -0.1), (\.normEpsilon, 1e-300), (\.learningRate, 0),
    ])
    func refusesNumbersThatNoRunCanHave(
        path: WritableKeyPath<TrainingOptions, Double> & Sendable, value: Double
    ) {
        var options = TrainingOptions()
        options[keyPath: path] = value
        #expect(throws: TrainingError.self) { try options.validate() }
    }

    @Test(arguments: [
        (\TrainingOptions.dim, 30, "--n-heads: expected heads of even width in dim 30, found 6"),
        (\TrainingOptions.nKVHeads, 4, "--n-kv-heads: expected a divisor of 6 heads, found 4"),
        (\TrainingOptions.steps, 0, "--steps: expected 1 to 1000000000, found 0"),
    ])
    func refusesOptionsThatNoModelHas(
        path: WritableKeyPath<TrainingOptions, Int> & Sendable, value: Int, message: String
    ) {
        var options = TrainingOptions()
        options[keyPath: path] = value
        let error = #expect(throws: TrainingError.self) { try options.validate() }
        #expect(error?.description == message)
    }
}
