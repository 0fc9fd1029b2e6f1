@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import Foundation
import Synchronization
import Testing

@testable import LlamaCheckpoints

/// A kill while the output is moved to its destination: before each of the changes in turn.
struct ConversionFinishTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let format: CheckpointFormat
        let replaces: Bool
        let exchanges: Bool

        var testDescription: String {
            "\(format.rawValue), \(replaces ? "over another" : "new")\(exchanges ? "" : ", no exchange")"
        }
    }

    static let cases = [CheckpointFormat.llama2c, .gguf, .huggingFace].flatMap { format in
        [true, false].flatMap { replaces in
            (format == .huggingFace && replaces ? [true, false] : [true]).map {
                Case(format: format, replaces: replaces, exchanges: $0)
            }
        }
    }

    /// What the run after the kill is told.
    enum Next: CaseIterable {
        case resume
        case force
        case nothing
    }

    /// Two models of one shape, each with a tokenizer of its own.
    private static func source(_ isNew: Bool) throws -> TemporaryFolder {
        let model = TinyModel(dim: 32, nHeads: 2, nKVHeads: 2, headDim: 16, hiddenDim: 64)
        var tensors = model.converted
        if isNew {
            for index in tensors.indices { tensors[index].bytes = tensors[index].bytes.map { $0 & 0xF7 } }
        }
        let folder = try TemporaryFolder()
        try folder.write("config.json", model.config())
        try folder.write("model.safetensors", SafetensorsBuilder.bytes(tensors))
        return folder
    }

    /// A vocabulary of one token, as llama2.c has it.
    private static func vocabulary(_ token: String) -> [UInt8] {
        [3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0] + Array(token.utf8)
    }

    private static func converter(
        _ source: TemporaryFolder, _ example: Case, _ path: String, isNew: Bool
    ) throws -> Converter {
        var options = ConversionOptions(format: example.format)
        options.companions = [
            CompanionFile(name: "tokenizer.bin", content: .bytes(vocabulary(isNew ? "new" : "old")))
        ]
        var behavior = Converter.Behavior()
        behavior.replaces = example.replaces
        var converter = try Converter(ConversionPlan(source.open(), options), to: path, behavior)
        converter.destination.exchanges = example.exchanges
        return converter
    }

    @Test(arguments: cases) func completesWhatAKillCutOff(example: Case) throws {
        let (old, new) = (try Self.source(false), try Self.source(true))
        func write(_ folder: TemporaryFolder, isNew: Bool) throws -> Converter {
            let source = isNew ? new : old
            return try Self.converter(
                source, example, folder.path + "/out" + example.format.suffix, isNew: isNew)
        }
        let (before, after) = (try TemporaryFolder(), try TemporaryFolder())
        if example.replaces { _ = try write(before, isNew: false).run() }
        _ = try write(after, isNew: true).run()
        let (wantedBefore, wantedAfter) = (try before.files(), try after.files())
        if example.replaces { #expect(wantedBefore != wantedAfter) }
        var count = 0
        var isWhole = false
        while !isWhole {
            for next in Next.allCases {
                let folder = try TemporaryFolder()
                if example.replaces { _ = try write(folder, isNew: false).run() }
                var killed = try write(folder, isNew: true)
                let left = Mutex(count)
                killed.destination.beforeChange = { () throws(ConversionError) in
                    let isOver = left.withLock { left in
                        left -= 1
                        return left < 0
                    }
                    if isOver { throw .interrupted(path: "") }
                }
                isWhole = (try? killed.run()) != nil
                if isWhole { break }
                try checkState(folder, example, wantedBefore, wantedAfter, "before change \(count)")
                try goOn(next, try write(folder, isNew: true))
                var found = try folder.files()
                // A run that must not replace leaves the old one, and what can be resumed.
                let visible = found.filter { !$0.key.contains(".converting/") }
                if next == .nothing, visible == wantedBefore { found = visible }
                let wanted = next == .nothing && found == wantedBefore ? wantedBefore : wantedAfter
                #expect(found == wanted, "\(next) before change \(count): \(found.keys.sorted())")
            }
            count += 1
        }
        #expect(count > 2)
    }

    /// The model is the old one or the new one, and never beside the other's tokenizer.
    private func checkState(
        _ folder: TemporaryFolder, _ example: Case, _ before: [String: Data], _ after: [String: Data],
        _ comment: String
    ) throws {
        let files = try folder.files()
        guard example.format.isSingleFile else {
            let isThere = files.keys.contains { $0.hasPrefix("out/") }
            #expect(isThere || !example.exchanges || !example.replaces, "\(comment)")
            return
        }
        let main = "out" + example.format.suffix
        let isOld = files[main] == before[main]
        #expect(isOld || files[main] == after[main], "\(comment)")
        let tokenizer = files["tokenizer.bin"]
        guard files[main] != nil, tokenizer != nil else { return }
        #expect(tokenizer == (isOld ? before : after)["tokenizer.bin"], "\(comment)")
    }

    private func goOn(_ next: Next, _ converter: Converter) throws {
        var behavior = converter.behavior
        behavior.resumes = next == .resume
        if next != .resume { behavior.replaces = next == .force }
        let again = Converter(converter.plan, to: converter.destination.path, behavior)
        do throws(ConversionError) { _ = try again.run() } catch {
            guard case .exists = error, next == .nothing else { throw error }
        }
    }
}
