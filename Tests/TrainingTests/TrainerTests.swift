import Foundation
import Kernels
import Llama
import Logging
import TestSupport
import Testing
import Tokenizers

@testable import Checkpoints
@testable import Training

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
        text: String = text
    ) throws -> Trainer {
        let tokenizer = try SentencePieceTokenizer(bytes: SentencePieceTrainer(.char).train(on: Self.text))
        let data = try TrainingData(
            text, file: "text", tokenizer: tokenizer, unknownID: tokenizer.unknownID,
            sequenceLength: options.maxSequenceLength)
        return try Trainer(
            options, data: data, vocabularySize: tokenizer.vocabularySize, folder: folder.path,
            resumes: resumes,
            stateInterval: 1, kernels: KernelContext(threads: threads))
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

    @Test func stopsAtALossThatIsNoNumberAndKeepsTheLastGoodCheckpoint() throws {
        try withTemporaryFolder { folder in
            var options = Self.options
            options.learningRate = 1e30
            options.gradientClip = 0
            options.evalInterval = 1
            let error = #expect(throws: TrainingError.self) {
                try trainer(options, in: folder).run { _ in true }
            }
            guard case .lossNotFinite = error else { throw Incomplete() }
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
            let blocked = folder.appending(path: "training.safetensors.\(getpid()).tmp")
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
