@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
@testable import LlamaFiles
import Foundation
import Synchronization
import LlamaTensors
import Testing

@testable import LlamaCheckpoints

/// Whenever a conversion is interrupted, the old checkpoint or the new one is there, complete.
struct ConversionInterruptionTests {
    private static let model = TinyModel(dim: 32, nHeads: 2, nKVHeads: 2, headDim: 16, hiddenDim: 64)

    private func source() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("config.json", Self.model.config())
        try folder.write("model.safetensors", SafetensorsBuilder.bytes(Self.model.converted))
        return folder
    }

    private func converter(
        _ source: TemporaryFolder, _ format: CheckpointFormat, _ path: String,
        _ change: (inout ConversionOptions, inout Converter.Behavior) -> Void = { _, _ in }
    ) throws -> Converter {
        var options = ConversionOptions(format: format)
        if format == .meta { options.shards = 2 }
        var behavior = Converter.Behavior()
        (behavior.threads, behavior.flushInterval) = (1, 1)
        change(&options, &behavior)
        return try Converter(ConversionPlan(source.open(), options), to: path, behavior)
    }

    /// Interrupts at the `count`th question whether it is.
    private func interrupt(_ converter: Converter, after count: Int) -> ConversionError? {
        let calls = Mutex(0)
        do throws(ConversionError) {
            _ = try converter.run(isInterrupted: {
                calls.withLock {
                    $0 += 1
                    return $0 > count
                }
            })
            return nil
        } catch { return error }
    }

    private func isInterruption(_ error: ConversionError?) -> Bool {
        if case .interrupted = error { true } else { false }
    }

    /// What the journal says was written is not written again, so it has to be there.
    @Test(arguments: CheckpointFormat.allCases, [true, false])
    func refusesToResumeWithoutAFile(format: CheckpointFormat, isCut: Bool) throws {
        let source = try source()
        let folder = try TemporaryFolder()
        let path = folder.path + "/out"
        #expect(isInterruption(interrupt(try converter(source, format, path), after: 9)))
        let file = try #require(
            try folder.files().filter { $0.value.count > 3000 && !$0.key.hasSuffix("journal") }.keys.sorted()
                .last)
        #expect(isCut ? truncate(folder.path + "/" + file, 3000) == 0 : unlink(folder.path + "/" + file) == 0)
        let error = #expect(throws: ConversionError.self) {
            try converter(source, format, path) { $1.resumes = true }.run()
        }
        let found = isCut ? "has 3000 bytes" : "is missing"
        #expect(error?.description.contains(found) == true, "\(error)")
        #expect(!FilePath(path).exists)
    }

    /// An older output of the same size at the destination is not the one that is missing.
    @Test(arguments: [CheckpointFormat.gguf, .llama2c])
    func doesNotTakeAnOlderOutputForItsOwn(format: CheckpointFormat) throws {
        let source = try source()
        let folder = try TemporaryFolder()
        let path = folder.path + "/out" + format.suffix
        _ = try converter(source, format, path).run()
        let old = try Data(contentsOf: URL(filePath: path))
        let force = try converter(source, format, path) { $1.replaces = true }
        #expect(isInterruption(interrupt(force, after: 9)))
        let main = try #require(
            try folder.files().keys.first { $0.contains(".converting/") && !$0.hasSuffix("journal") })
        #expect(unlink(folder.path + "/" + main) == 0)
        let error = #expect(throws: ConversionError.self) {
            try converter(source, format, path) {
                $1.replaces = true
                $1.resumes = true
            }.run()
        }
        #expect(error?.description.contains("is missing") == true, "\(error)")
        #expect(try Data(contentsOf: URL(filePath: path)) == old)
    }

    /// A kill in the first moment leaves an empty folder.
    @Test func resumesFromNothing() throws {
        let source = try source()
        let folder = try TemporaryFolder()
        #expect(mkdir(folder.path + "/out.converting", 0o700) == 0)
        _ = try converter(source, .huggingFace, folder.path + "/out") { $1.resumes = true }.run()
        #expect(try folder.files()["out/model.safetensors"] != nil)
    }

    @Test(arguments: CheckpointFormat.allCases) func resumesToTheSameBytes(format: CheckpointFormat) throws {
        let source = try source()
        let (whole, pieces) = (try TemporaryFolder(), try TemporaryFolder())
        _ = try converter(source, format, whole.path + "/out").run()
        let path = pieces.path + "/out"
        let first = interrupt(try converter(source, format, path), after: 3)
        #expect(first?.description.hasSuffix("out.converting keeps what is done") == true)
        #expect(!FilePath(path).exists && FilePath(path + ".converting").exists)
        for count in [4, 9, 23] {
            let error = interrupt(
                try converter(source, format, path) { $1.resumes = true }, after: count)
            try #require(isInterruption(error), "\(String(describing: error))")
            #expect(!FilePath(path).exists)
        }
        // A line that a kill cut off.
        let journal = path + ".converting/" + ConversionJournal.name
        let handle = try #require(FileHandle(forWritingAtPath: journal))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(#"{"role":"norm.wei"#.utf8))
        try handle.close()
        let again = interrupt(try converter(source, format, path) { $1.resumes = true }, after: 2)
        try #require(isInterruption(again), "\(String(describing: again))")
        // What is done is not done again.
        let told = Mutex<[Int]>([])
        let last = try converter(source, format, path) { $1.resumes = true }
        _ = try last.run(progress: { count in told.withLock { $0.append(count) } })
        let total = last.plan.files.reduce(0) { sum, file in
            guard case .weights(let layout, _) = file.content else { return sum }
            return sum + layout.slots.reduce(0) { $0 + $1.tensor.byteCount }
        }
        #expect(told.withLock { $0.first ?? 0 } > 0 && told.withLock { $0.last } == total)
        #expect(try pieces.files() == whole.files())
        #expect(!FilePath(path + ".converting").exists)
    }

    /// A single report of an interrupt is enough.
    @Test func remembersAnInterrupt() throws {
        let source = try source()
        let folder = try TemporaryFolder()
        let calls = Mutex(0)
        let converter = try converter(source, .huggingFace, folder.path + "/out") { $1.threads = 2 }
        let error = #expect(throws: ConversionError.self) {
            try converter.run(isInterrupted: {
                calls.withLock {
                    $0 += 1
                    return $0 == 5
                }
            })
        }
        guard case .interrupted = error else { return #expect(Bool(false), "\(String(describing: error))") }
        #expect(!FilePath(folder.path + "/out").exists)
    }

    @Test func verifyingReportsItsProgress() throws {
        let source = try source()
        let folder = try TemporaryFolder()
        let record = try converter(source, .meta, folder.path + "/out").run()
        let told = Mutex<[Int]>([])
        let count = record.entries.reduce(0) { $0 + $1.shape.reduce(4, *) }
        try ConversionVerifier(record).verify(
            folder.path + "/out", threads: 1, logger: .silent,
            progress: { done, total in
                #expect(total == count)
                told.withLock { $0.append(done) }
            })
        let done = told.withLock { $0 }
        #expect(done == done.sorted() && done.last == count && done.count == record.entries.count)
    }

    @Test(arguments: CheckpointFormat.allCases)
    func startsOverWhereAConversionWasAbandoned(format: CheckpointFormat) throws {
        let source = try source()
        let (whole, anew) = (try TemporaryFolder(), try TemporaryFolder())
        _ = try converter(source, format, whole.path + "/out").run()
        let path = anew.path + "/out"
        _ = interrupt(try converter(source, format, path), after: 9)
        for name in try FileManager.default.contentsOfDirectory(atPath: path + ".converting") {
            let url = URL(filePath: path + ".converting/" + name)
            let count = try Data(contentsOf: url).count
            try Data(repeating: 0xFF, count: count).write(to: url)
        }
        // Of a conversion into more shards.
        try anew.write("out.converting/consolidated.07.pth", "old")
        _ = try converter(source, format, path).run()
        #expect(try anew.files() == whole.files())
    }

    @Test func resumesTheSameConversionOnly() throws {
        let source = try source()
        let folder = try TemporaryFolder()
        let path = folder.path + "/out"
        func resume(_ dtype: DType? = nil) throws -> String {
            let converter = try converter(source, .huggingFace, path) {
                $0.dtype = dtype
                $1.resumes = true
            }
            return interrupt(converter, after: 5)?.description ?? "no error"
        }
        let unfinished = path + ".converting: cannot be resumed: "
        #expect(try resume() == unfinished + "there is no interrupted conversion")
        _ = interrupt(try converter(source, .huggingFace, path), after: 5)
        let other = unfinished + "it is of another conversion, or its source has changed"
        #expect(try resume(.float16) == other)
        #expect(try resume().hasPrefix("interrupted; "))
        // The same bytes, rewritten.
        try source.write("model.safetensors", SafetensorsBuilder.bytes(Self.model.converted))
        #expect(try resume() == other)
        _ = try converter(source, .huggingFace, path).run()
        #expect(FilePath(path).exists)
    }

    @Test func oneAtATime() throws {
        let source = try source()
        let folder = try TemporaryFolder()
        let path = folder.path + "/out.gguf"
        let second = try converter(source, .gguf, path)
        let found = Mutex<String?>(nil)
        _ = try converter(source, .gguf, path).run(isInterrupted: {
            found.withLock { found in
                guard found == nil else { return }
                do throws(ConversionError) { _ = try second.run() } catch { found = error.description }
            }
            return false
        })
        #expect(
            found.withLock { $0 } == path
                + ".converting: another conversion is writing it; wait until it ends")
        #expect(try folder.open("out.gguf").naming == .gguf)
    }

    @Test(arguments: CheckpointFormat.allCases) func replacesOnRequest(format: CheckpointFormat) throws {
        let source = try source()
        let folder = try TemporaryFolder()
        let path = folder.path + "/out" + format.suffix
        _ = try converter(source, format, path).run()
        let old = try folder.files()
        #expect(throws: ConversionError.self) { try converter(source, format, path).run() }
        let forced = try converter(source, format, path) { $1.replaces = true }
        _ = interrupt(forced, after: 8)
        var found = try folder.files()
        found = found.filter { !$0.key.contains(".converting/") }
        #expect(found == old)
        _ = try converter(source, format, path) { $1.replaces = true }.run()
        #expect(try folder.files() == old)
    }

    /// Over each of the files that hold weights.
    @Test(arguments: CheckpointFormat.allCases) func verifyingFindsAFlippedBit(format: CheckpointFormat)
        throws
    {
        let source = try source()
        let folder = try TemporaryFolder()
        let path = folder.path + "/out" + format.suffix
        let record = try converter(source, format, path).run()
        let verifier = ConversionVerifier(record)
        try verifier.verify(path, threads: 2, logger: .silent)
        let tensor = try Checkpoint(at: path, logger: .silent).weight(.layer(1, .w2)).parts[0]
        let needle = Data(tensor.elementBytes)
        let name = try #require(try folder.files().first { $0.value.range(of: needle) != nil }).key
        var bytes = try #require(try folder.files()[name])
        let place = try #require(bytes.range(of: needle)).lowerBound
        bytes[place + 5] ^= 0x10
        try folder.write(name, Array(bytes))
        let error = #expect(throws: ConversionError.self) {
            try verifier.verify(path, threads: 2, logger: .silent)
        }
        #expect(
            error?.description
                == "\(path): does not read back as it was written: layers.1.feed_forward.w2.weight has other values"
        )
    }

    /// No field for a digest is left empty, and the files say what `conversion.json` says.
    @Test(arguments: CheckpointFormat.allCases) func writesItsDigests(format: CheckpointFormat) throws {
        let source = try source()
        let folder = try TemporaryFolder()
        let path = folder.path + "/out" + format.suffix
        let record = try converter(source, format, path).run()
        let files = try folder.files()
        #expect(files.values.allSatisfy { $0.range(of: Data(TensorDigest.zeros.utf8)) == nil })
        let json = try #require(files.first { $0.key.hasSuffix("conversion.json") }).value
        let weights = files.filter { !$0.key.hasSuffix("conversion.json") }.values
        for entry in record.entries {
            let digest = Data(entry.digest.text.utf8)
            #expect(json.range(of: digest) != nil)
            let isInside = weights.contains { $0.range(of: digest) != nil }
            #expect(isInside == ![.meta, .llama2c].contains(format), "\(entry.name)")
        }
    }

    /// Hand-made numbers: float16 holds 1 and rounds 1 + 2^-12, has no 70000 and no 2^-30.
    @Test func countsWhatAChangeOfDTypeLoses() throws {
        var tensors = Self.model.converted
        let index = try #require(tensors.firstIndex { $0.name == "model.norm.weight" })
        var values = [Float](repeating: 1, count: 32)
        values.replaceSubrange(
            0..<7, with: [70000, -70000, 0x1p-30, 1 + 0x1p-12, .infinity, .nan, -0.0])
        tensors[index].bytes = values.flatMap { withUnsafeBytes(of: $0.bitPattern.littleEndian, Array.init) }
        let source = try source()
        try source.write("model.safetensors", SafetensorsBuilder.bytes(tensors))
        let folder = try TemporaryFolder()
        func loss(_ dtype: DType) throws -> ConversionLoss? {
            let converter = try converter(source, .huggingFace, folder.path + "/" + dtype.rawValue) {
                options, _ in options.dtype = dtype
            }
            return try converter.run().entries.first { $0.role == .norm }?.loss
        }
        var expected = ConversionLoss()
        (expected.changed, expected.count, expected.overflowed, expected.underflowed) = (4, 32, 2, 1)
        (expected.largestRelativeError, expected.nonFinite) = (1, 2)
        expected.squaredError = 0x1p-60 + 0x1p-24
        #expect(try loss(.float16) == expected)
        // 70000 = 68.359375 * 2^10, and bfloat16 has steps of 2^9 there: 69 632 or 70 144, nearer.
        expected = ConversionLoss()
        (expected.changed, expected.count, expected.largestRelativeError) = (3, 32, 144 / 70000)
        (expected.nonFinite, expected.squaredError) = (2, 2 * 144 * 144 + 0x1p-24)
        #expect(try loss(.bfloat16) == expected)
        #expect(try loss(.float32) == nil)
    }
}
