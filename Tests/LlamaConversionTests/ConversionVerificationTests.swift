@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
@testable import LlamaFiles
import Foundation
import Synchronization
import Testing

@testable import LlamaCheckpoints

/// Verification comes before the old checkpoint is replaced.
struct ConversionVerificationTests {
    private static let verification = Converter.Verification(logger: .silent)

    private func converter(
        _ source: TemporaryFolder, _ format: CheckpointFormat, _ path: String, resumes: Bool = false
    ) throws -> Converter {
        var behavior = Converter.Behavior()
        (behavior.replaces, behavior.resumes, behavior.threads) = (true, resumes, 1)
        return try Converter(
            ConversionPlan(source.open(), ConversionOptions(format: format)), to: path, behavior)
    }

    /// Flips a bit of a tensor in the first file of weights in a folder.
    private func damage(_ source: TemporaryFolder, _ folder: String) throws {
        let needle = Data(try source.open().weight(.layer(1, .w2)).parts[0].elementBytes)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            let url = URL(filePath: folder + "/" + name)
            guard var bytes = try? Data(contentsOf: url), let found = bytes.range(of: needle) else {
                continue
            }
            bytes[found.lowerBound + 5] ^= 0x10
            try bytes.write(to: url)
            return
        }
        Issue.record("no tensor in \(folder)")
    }

    /// Runs a conversion whose output is damaged after the last byte of weights is written.
    private func runDamaged(_ converter: Converter, _ source: TemporaryFolder) throws -> ConversionError? {
        let total = converter.plan.files.reduce(0) { sum, file in
            guard case .weights(let layout, _) = file.content else { return sum }
            return sum + layout.slots.reduce(0) { $0 + $1.tensor.byteCount }
        }
        let failure = Mutex<(any Error)?>(nil)
        let error = #expect(throws: ConversionError.self) {
            try converter.run(
                progress: { count in
                    guard count == total else { return }
                    do { try damage(source, converter.destination.unfinished) } catch {
                        failure.withLock { $0 = error }
                    }
                }, verification: Self.verification)
        }
        if let failure = failure.withLock({ $0 }) { throw failure }
        return error
    }

    @Test(arguments: CheckpointFormat.allCases, [true, false])
    func aDamagedOutputReplacesNothing(format: CheckpointFormat, isOldThere: Bool) throws {
        let source = try TemporaryFolder.huggingFace()
        let folder = try TemporaryFolder()
        let path = folder.path + "/out" + format.suffix
        if isOldThere { _ = try converter(source, format, path).run(verification: Self.verification) }
        let old = try folder.files()
        let error = try runDamaged(try converter(source, format, path), source)
        let line = error?.description ?? ""
        #expect(line.hasPrefix(path + ".converting"), "\(line)")
        #expect(
            line.contains(
                ": does not read back as it was written: layers.1.feed_forward.w2.weight has other values; "
                    + path + (isOldThere ? " is as it was; " : " was not created; ")), "\(line)")
        let visible = try folder.files().filter { !$0.key.contains(".converting/") }
        #expect(visible == old)
        // Neither a resumed run nor a new one publishes it.
        for resumes in [true, false] {
            _ = try converter(source, format, path, resumes: resumes).run(verification: Self.verification)
            #expect(!FilePath(path + ".converting").exists)
            if isOldThere { #expect(try folder.files() == old) }
            _ = try runDamaged(try converter(source, format, path), source)
        }
    }

    /// A run without verification was killed before each of the changes that publish the output, and what it wrote was
    /// damaged: a run that verifies publishes nothing more of it.
    @Test(arguments: [CheckpointFormat.huggingFace, .gguf], [true, false])
    func resumingVerifiesBeforeTheSwap(format: CheckpointFormat, exchanges: Bool) throws {
        let source = try TemporaryFolder.huggingFace()
        for count in 0..<8 {
            let folder = try TemporaryFolder()
            let path = folder.path + "/out" + format.suffix
            _ = try converter(source, format, path).run()
            let old = try folder.files()
            var killed = try converter(source, format, path)
            let left = Mutex(count)
            killed.destination.exchanges = exchanges
            killed.destination.beforeChange = { () throws(ConversionError) in
                let isOver = left.withLock { left in
                    left -= 1
                    return left < 0
                }
                if isOver { throw .interrupted(path: "") }
            }
            if (try? killed.run()) != nil { break }
            var resumed = try converter(source, format, path, resumes: true)
            resumed.destination.exchanges = exchanges
            let isPublished = resumed.destination.current("model.gguf") == path
            try damage(
                source,
                !isPublished ? path + ".converting" : format.isSingleFile ? folder.path : path)
            let error = #expect(throws: ConversionError.self) {
                try resumed.run(verification: Self.verification)
            }
            let line = error?.description ?? ""
            #expect(line.contains("layers.1.feed_forward.w2.weight has other values"), "\(count): \(line)")
            if isPublished {
                #expect(line.contains("it has replaced \(path) already"), "\(count): \(line)")
                // What is left of the old folder survives further runs.
                guard !format.isSingleFile, FilePath(path + ".converting").isTaken else { continue }
                let left = try folder.files("out.converting")
                // An empty folder is used again.
                guard !left.isEmpty else { continue }
                #expect(throws: ConversionError.self) { try converter(source, format, path).run() }
                #expect(try folder.files("out.converting") == left)
                continue
            }
            #expect(line.contains("\(path) is as it was"), "\(count): \(line)")
            let visible = try folder.files().filter { !$0.key.contains(".converting/") }
            #expect(visible == old, "\(count)")
        }
    }

    @Test func anInterruptWhileVerifyingPublishesNothing() throws {
        let source = try TemporaryFolder.huggingFace()
        let folder = try TemporaryFolder()
        let path = folder.path + "/out"
        let converter = try converter(source, .huggingFace, path)
        let isReading = Mutex(false)
        let verification = Converter.Verification(logger: .silent) { _, _ in isReading.withLock { $0 = true }
        }
        let error = #expect(throws: ConversionError.self) {
            try converter.run(
                isInterrupted: { isReading.withLock { $0 } }, verification: verification)
        }
        #expect(error?.description == "interrupted; \(path).converting keeps what is done")
        #expect(!FilePath(path).exists)
        _ = try self.converter(source, .huggingFace, path, resumes: true).run(verification: Self.verification)
        #expect(try folder.open("out").naming == .huggingFace)
    }
}
