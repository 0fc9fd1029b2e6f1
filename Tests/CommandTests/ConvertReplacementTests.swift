import Foundation
import LlamaTestSupport
import Testing

/// `--force` replaces checkpoints and nothing else.
struct ConvertReplacementTests {
    private static let program = "llama-convert"

    /// Something that is not a checkpoint, and how a message calls it.
    enum Obstacle: String, CaseIterable {
        case device, pipe, socket
        case link = "symbolic link"
        case text = "file"
        case folder

        /// Creates it; false where the system does not allow that.
        func make(at path: String) throws -> Bool {
            switch self {
            case .device: return mknod(path, S_IFCHR | 0o600, makedev(1, 3)) == 0
            case .pipe: return mkfifo(path, 0o600) == 0
            case .socket: return mknod(path, S_IFSOCK | 0o600, 0) == 0
            case .link:
                return symlink("/nowhere", path) == 0
            case .text: try Data("years of work".utf8).write(to: URL(filePath: path))
            case .folder:
                let url = URL(filePath: path)
                try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
                try Data("{}".utf8).write(to: url.appending(path: "config.json"))
                try Data("years of work".utf8).write(to: url.appending(path: "thesis.txt"))
            }
            return true
        }

        private func makedev(_ major: dev_t, _ minor: dev_t) -> dev_t { major << 8 | minor }
    }

    @Test(arguments: Obstacle.allCases, ["gguf", "llama2c", "huggingface"])
    func leavesOtherThingsAlone(_ obstacle: Obstacle, format: String) throws {
        let source = try Fixtures.checkpoint("meta-2shards-f16").path
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "out").path
            guard try obstacle.make(at: path) else { return }
            var before = stat()
            #expect(lstat(path, &before) == 0)
            for options in [[], ["--force"], ["--force", "--dry-run"]] {
                let result = try Command.run(
                    [source, path, "--to", format] + options, program: Self.program)
                #expect(result.code == 73)
                #expect(result.error.contains("found a \(obstacle.rawValue)"), "\(result.error)")
                #expect(!result.error.contains("--force"), "\(result.error)")
            }
            var after = stat()
            #expect(lstat(path, &after) == 0)
            #expect(after.st_ino == before.st_ino && after.st_mode == before.st_mode)
            #expect(after.st_mtim.tv_sec == before.st_mtim.tv_sec && after.st_size == before.st_size)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out"])
        }
    }

    /// Without `--force`, a checkpoint is not replaced either, and the message says what would.
    @Test(arguments: [("meta-2shards-f16", "out"), ("hf-tied-f32", "out.gguf")])
    func saysWhatReplacesACheckpoint(source: String, name: String) throws {
        let source = try Fixtures.checkpoint(source).path
        try withTemporaryFolder { folder in
            let path = folder.appending(path: name).path
            let arguments = [source, path, "--to", name == "out" ? "huggingface" : "gguf"]
            #expect(try Command.run(arguments, program: Self.program).code == 0)
            for options in [[], ["--dry-run"]] {
                let result = try Command.run(arguments + options, program: Self.program)
                #expect(result.code == 73)
                #expect(
                    result.error.hasSuffix(
                        """
                        llama-convert: error: \(path): expected nothing there, found a \(name == "out" ? "folder" : "file"); \
                        --force replaces it once the new one is complete\n
                        """))
            }
            #expect(try Command.run(arguments + ["--force"], program: Self.program).code == 0)
        }
    }

    /// A file of the target's own format, and an empty one, are replaced.
    @Test(arguments: ["gguf", "llama2c"]) func replacesItsOwnFormat(_ format: String) throws {
        let source = try Fixtures.checkpoint("meta-2shards-f16").path
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "out.\(format == "gguf" ? "gguf" : "bin")")
            try Data().write(to: path)
            for _ in 0..<2 {
                let result = try Command.run(
                    [source, path.path, "--to", format, "--force", "--quiet"], program: Self.program)
                #expect(result.code == 0 && result.error == "", "\(result.error)")
            }
            let other = format == "gguf" ? "llama2c" : "gguf"
            let result = try Command.run(
                [source, path.path, "--to", other, "--force", "--quiet"], program: Self.program)
            #expect(result.code == 73 && result.error.contains("found a file of another kind"))
            let same = try Command.run(["diff", source, path.path], program: Self.program)
            #expect(same.code == 0)
        }
    }

    /// Sets have another order in every process, and paths several spellings.
    @Test func resumesAModelOfSeveralStopTokens() throws {
        try withTemporaryFolder { folder in
            let model = folder.appending(path: "model")
            try FileManager.default.copyItem(at: Fixtures.checkpoint("hf-tied-f32"), to: model)
            try Data(#"{"eos_token_id": [2, 3, 5, 7, 11, 13, 17]}"#.utf8)
                .write(to: model.appending(path: "generation_config.json"))
            let arguments = [model.path, folder.path + "/out", "--to", "huggingface", "--dtype", "float16"]
            let limited = try Command.shell(
                #"ulimit -f 40; "$@""#, arguments, program: Self.program)
            #expect(limited.code == 74, "\(limited.error)")
            let spelling = folder.path + "/./model"
            let result = try Command.run(
                [spelling] + arguments.dropFirst() + ["--resume"], program: Self.program)
            #expect(result.code == 0, "\(result.error)")
        }
    }
}
