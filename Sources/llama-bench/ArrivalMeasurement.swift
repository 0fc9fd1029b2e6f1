import LlamaCheckpoints
import LlamaCommands
import Dispatch
import LlamaGeneration
import LlamaJSON
import LlamaKernels
import LlamaModel
import Synchronization

/// What a long prompt that arrives does to requests that decode.
struct ArrivalMeasurement {
    /// Times between two tokens of a request, in seconds.
    struct Result {
        let before: Spread
        let during: Spread
    }

    /// When the prompt arrived, and when its first token was there.
    private final class Window: Sendable {
        let begin = Mutex<ContinuousClock.Instant?>(nil)
        let end = Mutex<ContinuousClock.Instant?>(nil)
    }

    /// Requests that decode.
    static let requests = 8
    /// Tokens that each has generated before the prompt arrives.
    private static let head = 12

    /// - Parameter prompt: Tokens of the prompt that arrives.
    static func run(
        _ model: Transformer, prompt: Int, _ cacheType: CacheType,
        kernels: @escaping @Sendable () throws -> KernelContext
    ) throws -> Result {
        var limits = EngineLimits(positions: prompt + 1024)
        limits.sequences = requests + 1
        limits.cacheType = cacheType
        let engine = try Engine(model: model, tokenizer: nil, limits: limits, kernels: kernels)
        let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)
        let isDone = DispatchSemaphore(value: 0)
        let vocabulary = model.configuration.vocabularySize
        Task {
            let result: Swift.Result<Result, any Error>
            do {
                result = .success(try await measure(engine, prompt: prompt, vocabulary: vocabulary))
            } catch {
                result = .failure(error)
            }
            outcome.withLock { $0 = result }
            isDone.signal()
        }
        // The main thread has nothing else to do.
        while isDone.wait(timeout: .now() + .milliseconds(100)) == .timedOut {
            if Interrupt.isRequested { engine.shutDown() }
        }
        try Interruption.check()
        guard let result = outcome.withLock({ $0 }) else {
            throw Failure(Failure.system, "the measurement of an arriving prompt had no result")
        }
        return try result.get()
    }

    private static func measure(_ engine: Engine, prompt: Int, vocabulary: Int) async throws -> Result {
        let window = Window()
        let gaps = try await withThrowingTaskGroup(of: [(ContinuousClock.Instant, Double)].self) { group in
            let started = AsyncStream<Void>.makeStream()
            for number in 0..<requests {
                let stream = try engine.submit(request([Int32(number + 1)], generate: 1000, stream: number))
                group.addTask {
                    var times: [ContinuousClock.Instant] = []
                    for try await update in stream {
                        let before = times.count
                        times.append(contentsOf: update.ids.map { _ in ContinuousClock.now })
                        if before < head, times.count >= head { started.continuation.yield() }
                        if window.end.withLock({ $0 }) != nil { break }
                    }
                    return zip(times, times.dropFirst()).map { ($1, ($1 - $0).seconds) }
                }
            }
            var waiting = started.stream.makeAsyncIterator()
            for _ in 0..<requests { await waiting.next() }
            let ids = (0..<prompt).map { Int32(($0 * 7919 + 1) % vocabulary) }
            window.begin.withLock { $0 = ContinuousClock.now }
            for try await _ in try engine.submit(request(ids, generate: 1, stream: requests)) {}
            window.end.withLock { $0 = ContinuousClock.now }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let (begin, end) = (window.begin.withLock { $0 } ?? .now, window.end.withLock { $0 } ?? .now)
        return Result(
            before: Spread(gaps.filter { $0.0 <= begin }.map(\.1)),
            during: Spread(gaps.filter { $0.0 > begin && $0.0 <= end }.map(\.1)))
    }

    private static func request(_ ids: [Int32], generate: Int, stream: Int) -> GenerationRequest {
        var options = GenerationOptions(maxSequenceLength: ids.count + generate)
        options.maxGenerationLength = generate
        options.sampling.temperature = 0
        return GenerationRequest(Prompt(.ids(ids), source: "request"), options: options, stream: stream)
    }
}

extension ArrivalMeasurement.Result {
    /// What `--json` prints.
    func json(prompt: Int) -> JSONText {
        .object([
            ("prompt_tokens", .int(prompt)), ("gaps_before_seconds", before.json),
            ("gaps_during_seconds", during.json),
        ])
    }
}
