@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import Foundation
import Logging
import Synchronization
import Testing

@testable import LlamaCheckpoints

/// What may be replaced, and what other programs may do meanwhile.
struct ReplacementTests {
    private func converter(
        _ source: TemporaryFolder, _ format: CheckpointFormat, _ path: String, replaces: Bool = true,
        resumes: Bool = false
    ) throws -> Converter {
        var behavior = Converter.Behavior()
        (behavior.replaces, behavior.resumes) = (replaces, resumes)
        return try Converter(
            ConversionPlan(source.open(), ConversionOptions(format: format)), to: path, behavior)
    }

    @Test(
        arguments: [
            (["params.json", "consolidated.00.pth", "tokenizer.model", "checklist.chk"], nil),
            (["config.json", "model.safetensors", "README.md", "LICENSE.txt", ".gitattributes"], nil),
            (["config.json", "model-00001-of-00002.safetensors", "model.safetensors.index.json"], nil),
            (["config.json", "pytorch_model.bin", "tokenizer_config.json"], nil), ([], nil),
            (["config.json"], "a folder with other things in it, and no weights with their configuration"),
            (
                ["model.safetensors"],
                "a folder with other things in it, and no weights with their configuration"
            ),
            (
                ["config.json", "model.safetensors", "notes.txt"],
                "a folder with other things in it, such as notes.txt"
            ),
            (
                ["config.json", "model.safetensors", "q4.gguf"],
                "a folder with other things in it, such as q4.gguf"
            ),
            (
                ["params.json", "consolidated.safetensors", "metrics.jsonl", "training.safetensors"],
                "a folder with other things in it, such as metrics.jsonl"
            ),
            (
                ["params.json", "consolidated.safetensors", "training.safetensors"],
                "a folder with other things in it, such as training.safetensors"
            ),
            (
                ["config.json", "model.safetensors", "optimizer.pth"],
                "a folder with other things in it, such as optimizer.pth"
            ),
            (
                ["config.json", "model.safetensors", "adapter_model.safetensors"],
                "a folder with other things in it, such as adapter_model.safetensors"
            ),
        ] as [([String], String?)]) func foldersThatMayBeReplaced(names: [String], found: String?) throws
    {
        let folder = try TemporaryFolder()
        for name in names { try folder.write(name, "{}") }
        #expect(Replacement(format: .huggingFace).obstacle(at: folder.path) == found)
    }

    /// Files that checkpoints have, as something else than files.
    @Test func foldersAndPipesWithTheNamesOfFiles() throws {
        let folder = try TemporaryFolder()
        for name in ["config.json", "model.safetensors"] { try folder.write(name, "{}") }
        let path = folder.path + "/tokenizer.json"
        let found = "a folder with other things in it, such as tokenizer.json"
        #expect(mkdir(path, 0o700) == 0)
        #expect(Replacement(format: .huggingFace).obstacle(at: folder.path) == found)
        #expect(rmdir(path) == 0 && mkfifo(path, 0o600) == 0)
        #expect(Replacement(format: .huggingFace).obstacle(at: folder.path) == found)
        #expect(unlink(path) == 0 && symlink(folder.path + "/config.json", path) == 0)
        #expect(Replacement(format: .huggingFace).obstacle(at: folder.path) == nil)
    }

    /// Another program puts something at the destination between the last check and the change.
    @Test(arguments: [CheckpointFormat.huggingFace, .gguf], [true, false])
    func keepsWhatAppearsMeanwhile(format: CheckpointFormat, isOldThere: Bool) throws {
        let source = try TemporaryFolder.huggingFace()
        let folder = try TemporaryFolder()
        let path = folder.path + "/out" + format.suffix
        if isOldThere { _ = try converter(source, format, path).run() }
        var late = try converter(source, format, path)
        let mine = folder.path + "/mine"
        #expect(mkdir(mine, 0o700) == 0)
        try folder.write("mine/config.json", "{}")
        try folder.write("mine/thesis.txt", "years of work")
        let isDone = Mutex(false)
        late.destination.beforeChange = { () throws(ConversionError) in
            isDone.withLock { isDone in
                if isDone { return }
                isDone = true
                if isOldThere { #expect(rename(path, folder.path + "/old") == 0) }
                #expect(rename(mine, path) == 0)
            }
        }
        #expect(throws: ConversionError.self) { try late.run() }
        #expect(try folder.files()[("out" + format.suffix) + "/thesis.txt"] == Data("years of work".utf8))
        // The output is still complete where it was written.
        #expect(try folder.files().keys.contains { $0.contains(".converting/model.") })
    }

    /// Nor is a checkpoint replaced that appears at any moment of a conversion which may replace nothing: while its
    /// complete output is verified, or just before it is moved.
    @Test(arguments: [CheckpointFormat.huggingFace, .gguf], [true, false])
    func keepsACheckpointThatAppearsMeanwhile(format: CheckpointFormat, whileVerifying: Bool) throws {
        let source = try TemporaryFolder.huggingFace()
        let folder = try TemporaryFolder()
        let path = folder.path + "/out" + format.suffix
        let mine = folder.path + "/mine" + format.suffix
        _ = try converter(source, format, mine).run()
        let kept = try folder.files().filter { $0.key == "mine.gguf" || $0.key.hasPrefix("mine/") }
        #expect(!kept.isEmpty)
        var first = try converter(source, format, path, replaces: false)
        let appears = Mutex(true)
        let appear: @Sendable () -> Void = {
            let isTime = appears.withLock { appears in
                defer { appears = false }
                return appears
            }
            if isTime { #expect(rename(mine, path) == 0) }
        }
        if whileVerifying {
            // Killed when it was complete, and resumed.
            first.destination.beforeChange = { () throws(ConversionError) in throw .digestUnavailable }
            #expect(throws: ConversionError.self) { try first.run() }
            let second = try converter(source, format, path, replaces: false, resumes: true)
            let verification = Converter.Verification(
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                progress: { _, _ in appear() })
            #expect(throws: ConversionError.self) { try second.run(verification: verification) }
        } else {
            first.destination.beforeChange = { () throws(ConversionError) in appear() }
            #expect(throws: ConversionError.self) { try first.run() }
        }
        for (name, bytes) in kept {
            let now = "out" + name.dropFirst("mine".count)
            #expect(try folder.files()[now] == bytes, "\(name)")
        }
    }

    /// Links and pipes under the names of an unfinished output lead nowhere.
    @Test(arguments: ["model.safetensors", "conversion.journal"], [true, false])
    func writesThroughNoLink(name: String, isLink: Bool) throws {
        let source = try TemporaryFolder.huggingFace()
        let folder = try TemporaryFolder()
        try folder.write("mine", "years of work")
        let unfinished = folder.path + "/out.converting"
        #expect(mkdir(unfinished, 0o700) == 0)
        try folder.write("out.converting/conversion.journal", "")
        let path = unfinished + "/" + name
        _ = unlink(path)
        #expect(isLink ? symlink(folder.path + "/mine", path) == 0 : mkfifo(path, 0o600) == 0)
        let result = Result { try converter(source, .huggingFace, folder.path + "/out").run() }
        defer { _ = unlink(path) }
        if !isLink { _ = unlink(path) }
        #expect(try folder.files()["mine"] == Data("years of work".utf8))
        if name == "model.safetensors", isLink {
            // A link that an abandoned conversion left is removed rather than written through.
            #expect(try folder.files()["out/model.safetensors"] != nil)
            return
        }
        #expect(throws: ConversionError.self) { try result.get() }
        #expect(try folder.files()["out/model.safetensors"] == nil)
    }

    /// The unfinished output is a folder itself, not a link to one that looks like it.
    @Test func followsNoLinkToAnUnfinishedOutput() throws {
        let source = try TemporaryFolder.huggingFace()
        let folder = try TemporaryFolder()
        #expect(mkdir(folder.path + "/mine", 0o700) == 0)
        try folder.write("mine/conversion.journal", "")
        #expect(symlink(folder.path + "/mine", folder.path + "/out.converting") == 0)
        let error = #expect(throws: ConversionError.self) {
            try converter(source, .huggingFace, folder.path + "/out").run()
        }
        #expect(error?.description.contains("out.converting: expected nothing there") == true)
        #expect(try folder.files("mine") == ["conversion.journal": Data()])
    }
}
