import LlamaTestSupport
@testable import LlamaConversion
import Foundation
import LlamaKernels
import LlamaModel
import Logging
import LlamaTensors
import Testing
import LlamaTokenizers

@testable import LlamaCheckpoints
@testable import LlamaTraining

/// Whole runs: what they leave, and how they go on.
struct TrainerTests {
    static let text = String(
        repeating:
            "A checkpoint is opened, its tensors are given roles,\n  and a transformer borrows them.\n",
        count: 12)

    static var options: TrainingOptions {
        var options = TrainingOptions()
        (options.dim, options.nLayers, options.nHeads, options.nKVHeads, options.multipleOf) = (
            16, 2, 2, 1, 16
        )
        (options.maxSequenceLength, options.batchSize, options.steps, options.evalInterval) = (16, 2, 12, 4)
        (options.warmup, options.learningRate) = (2, 1e-2)
        return options
    }

    private func trainer(
        _ options: TrainingOptions = options, in folder: URL, resumes: Bool = false, threads: Int = 2,
        text: String = text, dtype: DType = .float16
    ) throws -> Trainer {
        let tokenizer = try SentencePieceTokenizer(bytes: SentencePieceTrainer(.char).train(on: Self.text))
        let data = try TrainingData(
            text, file: "text", tokenizer: tokenizer, sequenceLength: options.maxSequenceLength)
        return try Trainer(
            options, data: data, vocabularySize: tokenizer.vocabularySize, folder: folder.path,
            resumes: resumes,
            dtype: dtype, stateInterval: 1, kernels: KernelContext(threads: threads))
    }

    private func bytes(_ folder: URL) throws -> [String: Data] {
        var result: [String: Data] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            result[name] = try Data(contentsOf: folder.appending(path: name))
        }
        return result
    }

    @Test func leavesACheckpointLikeAnyOther() throws {
        try withTemporaryFolder { folder in
            var losses: [Double] = []
            let outcome = try trainer(in: folder).run { event in
                if case .step(let report) = event { losses.append(report.loss) }
                return true
            }
            guard case .completed = outcome else { throw Incomplete() }
            #expect(losses.count == 12)
            #expect(try #require(losses.last) < losses[0])
            let checkpoint = try Checkpoint(
                at: folder.path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            #expect(checkpoint.configuration.dim == 16)
            #expect(checkpoint.dtypes == [.float16])
            _ = try Transformer(checkpoint)
            let files = try Set(bytes(folder).keys)
            #expect(
                files == [
                    "params.json", "consolidated.safetensors", "metrics.jsonl", "loss.svg",
                    "training.safetensors",
                ])
        }
    }

    @Test(arguments: [1, 4, 6, 11])
    func aRunThatWasStoppedEndsWithTheSameBytes(stop: Int) throws {
        try withTemporaryFolder { whole in
            _ = try trainer(in: whole).run { _ in true }
            try withTemporaryFolder { parts in
                let outcome = try trainer(in: parts).run { event in
                    if case .step(let report) = event { return report.step < stop }
                    return true
                }
                guard case .stopped(let step) = outcome else { throw Incomplete() }
                #expect(step == stop)
                _ = try trainer(in: parts, resumes: true, threads: 1).run { _ in true }
                #expect(try bytes(parts) == bytes(whole))
            }
        }
    }

    @Test func aRunThatWasKilledGoesOnFromItsLastState() throws {
        try withTemporaryFolder { whole in
            _ = try trainer(in: whole).run { _ in true }
            try withTemporaryFolder { parts in
                // What a kill after step 9 leaves: the files of step 8, and a file half written.
                var files: [String: Data] = [:]
                _ = try trainer(in: parts).run { event in
                    if case .step(let report) = event, report.step == 9 { files = (try? bytes(parts)) ?? [:] }
                    return true
                }
                for (name, data) in files { try data.write(to: parts.appending(path: name)) }
                try Data("half".utf8).write(to: parts.appending(path: "training.safetensors.1.tmp"))
                _ = try trainer(in: parts, resumes: true).run { _ in true }
                try FileManager.default.removeItem(at: parts.appending(path: "training.safetensors.1.tmp"))
                #expect(try bytes(parts) == bytes(whole))
            }
        }
    }

    /// Killed before its first evaluation: the state of step 0 has no tensors, as they follow from the seed.
    @Test func aRunThatWasKilledAtOnceGoesOnFromItsStart() throws {
        try withTemporaryFolder { whole in
            _ = try trainer(in: whole).run { _ in true }
            try withTemporaryFolder { parts in
                var files: [String: Data] = [:]
                _ = try trainer(in: parts).run { event in
                    if case .step(let report) = event, report.step == 1 { files = (try? bytes(parts)) ?? [:] }
                    return true
                }
                #expect(Set(files.keys) == ["training.safetensors", "params.json"])
                for name in try bytes(parts).keys {
                    try FileManager.default.removeItem(at: parts.appending(path: name))
                }
                try files["training.safetensors"]?.write(to: parts.appending(path: "training.safetensors"))
                let resumed = try trainer(in: parts, resumes: true)
                #expect(resumed.firstStep == 0)
                _ = try resumed.run { _ in true }
                #expect(try bytes(parts) == bytes(whole))
            }
        }
    }

    /// From the next step on, the learning rate is that of a run of the new length, and so is every other file but what
    /// the first steps have left.
    @Test func moreStepsFollowTheScheduleOfTheirNumber() throws {
        try withTemporaryFolder { folder in
            _ = try trainer(in: folder).run { _ in true }
            var options = Self.options
            options.steps = 30
            let longer = try trainer(options, in: folder, resumes: true)
            #expect(longer.firstStep == 12)
            // Known at once, so that a kill does not bring the old number back.
            var settings: RunSettings?
            var count = 0
            _ = try longer.run { event in
                if case .step = event { count += 1 }
                if settings == nil { settings = try? RunSettings(folder: folder.path) }
                return true
            }
            #expect(count == 18 && settings?.options.steps == 30)
            let metrics = try Metrics(folder: folder.path, upTo: 30)
            let rates = metrics.points.filter { $0.step > 12 }.compactMap { $0.training?.learningRate }
            #expect(rates == [20, 30].map(options.learningRate(step:)))
            #expect(rates[0] > Self.options.learningRate(step: 12))
            #expect(try trainer(options, in: folder, resumes: true).firstStep == 30)
        }
    }

    @Test func fewerStepsThanAreDoneAreRefused() throws {
        try withTemporaryFolder { folder in
            _ = try trainer(in: folder).run { _ in true }
            var options = Self.options
            options.steps = 11
            let error = #expect(throws: TrainingError.self) {
                try trainer(options, in: folder, resumes: true)
            }
            #expect(
                error?.description
                    == "--steps: expected at least the 12 steps that \(folder.path) has completed, found 11")
        }
    }

    @Test func refusesToGoOnWithOtherOptions() throws {
        try withTemporaryFolder { folder in
            _ = try trainer(in: folder).run { event in if case .evaluated = event { false } else { true } }
            var options = Self.options
            options.dim = 32
            let error = #expect(throws: TrainingError.self) {
                try trainer(options, in: folder, resumes: true)
            }
            let file = folder.appending(path: "training.safetensors").path
            #expect(error == .otherRun(file: file, option: "dim", expected: "32", found: "16"))
            let other = Self.text.replacingOccurrences(of: "roles", with: "tasks")
            #expect(throws: TrainingError.self) { try trainer(in: folder, resumes: true, text: other) }
        }
    }

    @Test func refusesAStateThatIsMissingOrDamaged() throws {
        try withTemporaryFolder { folder in
            let missing = #expect(throws: TrainingError.self) { try trainer(in: folder, resumes: true) }
            #expect(missing?.isMissingInput == true)
            _ = try trainer(in: folder).run { event in if case .evaluated = event { false } else { true } }
            let state = folder.appending(path: "training.safetensors")
            let whole = try Data(contentsOf: state)
            try whole.prefix(whole.count - 1).write(to: state)
            let damaged = #expect(throws: TrainingError.self) { try trainer(in: folder, resumes: true) }
            #expect(damaged?.isMissingInput == false)
        }
    }

    /// The loss overflows before step 4, so a run that evaluates every 4 steps has no good state to keep.
    @Test(arguments: [(1e4, 1, true), (1e4, 4, false), (1e30, 1, true), (1e30, 4, false)])
    func stopsAtALossThatIsNotFiniteAndKeepsTheLastGoodState(
        rate: Double, evalInterval: Int, hasGoodState: Bool
    ) throws {
        try withTemporaryFolder { folder in
            var options = Self.options
            (options.learningRate, options.gradientClip, options.warmup) = (rate, 0, 4)
            options.evalInterval = evalInterval
            var good: [String: Data] = [:]
            let error = #expect(throws: TrainingError.self) {
                try trainer(options, in: folder, dtype: .float32).run { event in
                    if case .evaluated = event { good = (try? bytes(folder)) ?? [:] }
                    return true
                }
            }
            guard case .lossNotFinite = error else { throw Incomplete() }
            let left = try bytes(folder)
            for name in ["training.safetensors", "consolidated.safetensors"] where hasGoodState {
                #expect(good[name] != nil && left[name] == good[name], "\(name)")
            }
            if !hasGoodState {
                #expect(left["consolidated.safetensors"] == nil)
                #expect(try TrainingState(folder: folder.path).step == 0)
            }
            // A run that is resumed from there ends in the same way, and does not trap.
            if hasGoodState {
                #expect(throws: TrainingError.self) {
                    try trainer(options, in: folder, resumes: true, dtype: .float32).run { _ in true }
                }
            }
        }
    }

    @Test func refusesWeightsThatTheTypeCannotHold() throws {
        try withTemporaryFolder { folder in
            let trainer = try trainer(in: folder)
            try trainer.parameters.parameter(.output).weight.withMutableSpan { $0[3] = 70000 }
            let error = #expect(throws: TrainingError.self) { try trainer.run { _ in true } }
            #expect(error == .weightOutOfRange("output.weight", step: 4))
        }
    }

    @Test(arguments: [("step", "-5"), ("step", "9223372036854775807"), ("dim", "0"), ("eval_interval", "0")])
    func refusesAStateThatNoRunLeaves(key: String, value: String) throws {
        try withTemporaryFolder { folder in
            _ = try trainer(in: folder).run { event in if case .evaluated = event { false } else { true } }
            let path = folder.appending(path: "training.safetensors").path
            let file = try SafetensorsFile.open(path)
            let text = try #require(file.metadata["training"])
            let edited = text.replacing(try Regex("\"\(key)\":[0-9]+"), with: "\"\(key)\":\(value)")
            #expect(edited != text)
            try SafetensorsWriter.write([], metadata: [("training", edited)], to: path)
            let error = #expect(throws: TrainingError.self) { try RunSettings(folder: folder.path) }
            guard case .invalidState = error else { throw Incomplete() }
        }
    }

    @Test func theEngineMeasuresWhatTheTrainerMeasured() throws {
        try withTemporaryFolder { folder in
            var validation = 0.0
            _ = try trainer(in: folder, dtype: .float32).run { event in
                if case .evaluated(let report) = event { validation = report.validationLoss }
                return true
            }
            let checkpoint = try Checkpoint(
                at: folder.path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let tokenizer = try SentencePieceTokenizer(
                bytes: SentencePieceTrainer(.char).train(on: Self.text))
            let ids = try TrainingData.encode(Self.text, file: "text", tokenizer: tokenizer)
            let measured = try Evaluation(
                Transformer(checkpoint), length: 16, kernels: KernelContext(threads: 2)
            )
            .loss(of: ids[DataSplit.validation.range(of: ids.count)])
            #expect(measured.tokens == ids.count * 9 / 10 - ids.count * 8 / 10 - 1)
            #expect(abs(measured.loss - validation) < 1e-5)
        }
    }

    @Test func refusesTextShorterThanASequence() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: TrainingError.self) { try trainer(in: folder, text: "A short rest.") }
            #expect(
                error?.description == """
                    text: expected at least 17 tokens in the training split, found 10; give more text or lower \
                    --max-seq-len
                    """)
        }
    }

    @Test func namesACharacterThatTheTokenizerDoesNotKnow() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: TrainingError.self) {
                try trainer(in: folder, text: Self.text + "\nan é")
            }
            #expect(error == .unknownCharacter(file: "text", character: "\"é\" (U+E9)", line: 26))
        }
    }

    @Test func keepsTheOldFilesWhereNewOnesCannotBeWritten() throws {
        try withTemporaryFolder { folder in
            _ = try trainer(in: folder).run { event in if case .evaluated = event { false } else { true } }
            let before = try bytes(folder)
            // A folder stands where the temporary file of the state has to go.
            let blocked = folder.appending(path: "training.safetensors.tmp")
            try FileManager.default.createDirectory(at: blocked, withIntermediateDirectories: false)
            let error = #expect(throws: TrainingError.self) {
                try trainer(in: folder, resumes: true).run { _ in true }
            }
            guard case .cannotWrite = error else { throw Incomplete() }
            try FileManager.default.removeItem(at: blocked)
            #expect(try bytes(folder)["training.safetensors"] == before["training.safetensors"])
            _ = try trainer(in: folder, resumes: true).run { _ in true }
        }
    }

    /// A run did not end as it should have.
    private struct Incomplete: Error {}
}
