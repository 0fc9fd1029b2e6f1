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
            (["params.json", "consolidated.00.pth", "tokenizer.model"], nil),
            (
                ["config.json", "model.safetensors", "README.md"],
                "a folder with other things in it, such as README.md"
            ),
            (
                ["config.json", "model.safetensors", "LICENSE"],
                "a folder with other things in it, such as LICENSE"
            ), (["config.json", "model.bin"], "a folder with other things in it, such as model.bin"),
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

    @Test func aModelOfAnotherKindIsKept() throws {
        let folder = try TemporaryFolder()
        try folder.write("pytorch_model.bin", "weights")
        try folder.write("config.json", #"{"model_type": "bert"}"#)
        let found = "a checkpoint of another kind of model, bert"
        #expect(Replacement(format: .huggingFace).obstacle(at: folder.path) == found)
    }

    /// What somebody has put beside an unfinished output is not the conversion's to remove.
    @Test(arguments: ["mine.txt", "folder/mine"], [true, false])
    func keepsWhatLiesInTheUnfinishedFolder(name: String, resumes: Bool) throws {
        let source = try TemporaryFolder.huggingFace()
        let folder = try TemporaryFolder()
        let unfinished = folder.path + "/out.converting"
        #expect(mkdir(unfinished, 0o700) == 0)
        if name.contains("/") { #expect(mkdir(unfinished + "/folder", 0o700) == 0) }
        try folder.write("out.converting/conversion.journal", "")
        try folder.write("out.converting/" + name, "years of work")
        let error = #expect(throws: ConversionError.self) {
            try converter(source, .huggingFace, folder.path + "/out", resumes: resumes).run()
        }
        let entry = name.split(separator: "/")[0]
        #expect(error?.description.contains("out.converting/\(entry): expected nothing there") == true)
        #expect(try folder.files()["out.converting/" + name] == Data("years of work".utf8))
    }

    /// llama2.c's files in one folder share a tokenizer.
    @Test func keepsTheTokenizerOfAnotherModel() throws {
        let source = try TemporaryFolder.huggingFace()
        let folder = try TemporaryFolder()
        func convert(_ name: String, _ token: String) throws {
            var options = ConversionOptions(format: .llama2c)
            let vocabulary = [3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0] + Array(token.utf8)
            options.companions = [CompanionFile(name: "tokenizer.bin", content: .bytes(vocabulary))]
            var behavior = Converter.Behavior()
            behavior.replaces = name == "a.bin"
            _ = try Converter(
                ConversionPlan(source.open(), options), to: folder.path + "/" + name, behavior
            ).run()
        }
        try convert("a.bin", "old")
        // Alone, it may have another one.
        try convert("a.bin", "new")
        // The same one is no obstacle.
        try convert("b.bin", "new")
        for name in ["a.bin", "c.bin"] {
            let error = #expect(throws: ConversionError.self) { try convert(name, "old") }
            let other = name == "a.bin" ? "b.bin" : "a.bin"
            #expect(error?.description.contains("found the tokenizer of \(other)") == true, "\(error)")
        }
        #expect(try folder.files()["tokenizer.bin"]?.suffix(3) == Data("new".utf8))
    }

    /// The record of the conversion has the longest name beside it.
    @Test(arguments: [(239, true), (240, false)]) func refusesNamesThatAreTooLong(count: Int, fits: Bool)
        throws
    {
        let source = try TemporaryFolder.huggingFace()
        let folder = try TemporaryFolder()
        let name = String(repeating: "a", count: count - 5) + ".gguf"
        let converter = try converter(source, .gguf, folder.path + "/" + name)
        if fits {
            _ = try converter.run()
        } else {
            let error = #expect(throws: ConversionError.self) { try converter.run() }
            #expect(error?.description.contains("choose one of at most 239") == true, "\(error)")
            #expect(try folder.files().isEmpty)
        }
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
