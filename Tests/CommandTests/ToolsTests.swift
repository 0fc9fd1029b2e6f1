import Foundation
import Testing

/// The scripts in `tools/`.
struct ToolsTests {
    static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "tools")

    static let hasPython = ["/usr/bin", "/usr/local/bin"].contains {
        FileManager.default.isExecutableFile(atPath: $0 + "/python3")
    }

    /// Without doing anything, and without the Python packages that the scripts need.
    @Test func everyScriptAnswersHelp() throws {
        let files = try FileManager.default.contentsOfDirectory(
            at: Self.folder, includingPropertiesForKeys: [.isRegularFileKey, .isExecutableKey])
        let scripts = try files.filter {
            let values = try $0.resourceValues(forKeys: [.isRegularFileKey, .isExecutableKey])
            return values.isRegularFile == true && values.isExecutable == true
                && (Self.hasPython || $0.pathExtension != "py")
        }
        #expect(scripts.count >= 6)
        for script in scripts {
            for option in ["--help", "-h"] {
                let (code, output) = try Self.run(script, [option])
                #expect(code == 0 && output.count > 80, "\(script.lastPathComponent) \(option): \(output)")
                #expect(!output.contains("#!") && !output.contains("Traceback"))
            }
        }
    }

    @Test func quickstartSaysWhatItTakes() throws {
        let help = try Self.run(Self.folder.appending(path: "quickstart"), ["--help"])
        #expect(
            help.output.hasPrefix(
                "Builds llama-run and completes a prompt: tools/quickstart [PROMPT [CHECKPOINT]]\n"))
    }

    /// Runs a script; what it writes to standard error counts as output.
    static func run(_ script: URL, _ arguments: [String]) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = script
        process.arguments = arguments
        process.currentDirectoryURL = URL(filePath: "/")
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        Command.limit(process)
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.code, String(decoding: bytes, as: UTF8.self))
    }
}
