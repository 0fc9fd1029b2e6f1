import Foundation
import LlamaTestSupport
import Testing

/// `tools/benchmark_peers.py`, with shell scripts in place of the programs it times.
@Suite(.enabled(if: ToolsTests.hasPython)) struct BenchmarkPeersTests {
    private static let ours = #"""
        echo '{"machine": {"version": "1"}, "results": [
          {"kind": "prefill", "tokens": 16, "batch": 1, "depth": 0, "tokens_per_second": {"median": 300}},
          {"kind": "decode", "tokens": 4, "batch": 1, "depth": 0, "tokens_per_second": {"median": 50}},
          {"kind": "decode", "tokens": 4, "batch": 2, "depth": 4, "tokens_per_second": {"median": 90}}]}'
        """#

    /// Prompts run at 200, 100 and 150 tokens/s, round by round.
    private static let bench = #"""
        rate=$(echo 200 100 150 | cut -d ' ' -f $(grep -c llama.cpp/llama-bench "$LOG"))
        echo "[{\"n_prompt\": 16, \"n_gen\": 0, \"samples_ts\": [$rate]},"
        echo '{"n_prompt": 0, "n_gen": 4, "samples_ts": [40, 50, 200]}]'
        """#

    /// The table of versions without JSON, among other lines.
    private static let batched = #"""
        echo '|    PP |     TG |    B | S_TG t/s |' >&2
        echo '|-------|--------|------|----------|' >&2
        echo '|     4 |      4 |    2 |    60.00 |' >&2
        echo '|     4 |      4 |    1 |    33.00 |' >&2
        echo 'total time = 18432.74 ms' >&2
        """#

    private static let failing = "echo 'unknown model architecture' >&2; exit 3"

    @Test func roundsTakeTurnsAndTheFastestPeerIsComparedWith() throws {
        try withTemporaryFolder { folder in
            try makeProgram("ours/llama-bench", Self.ours, in: folder)
            try makeProgram("peers/llama.cpp/llama-bench", Self.bench, in: folder)
            try makeProgram("peers/llama.cpp/build/bin/llama-batched-bench", Self.batched, in: folder)
            try makeProgram("peers/ik_llama.cpp/bin/llama-bench", Self.failing, in: folder)
            try Data().write(to: folder.appending(path: "tiny-q4_k_m.gguf"))
            let (code, output) = try ToolsTests.run(
                ToolsTests.folder.appending(path: "benchmark_peers.py"),
                [
                    "--models", folder.path, "--peers", folder.path + "/peers", "--programs",
                    folder.path + "/ours", "--output", folder.path + "/figures.json", "-p", "16", "-n", "4",
                    "--batch", "2", "--threads", "1",
                ])
            #expect(code == 1, "\(output)")
            let rows = output.split(separator: "\n").filter { $0.hasPrefix("| Q4_K_M") }
            #expect(
                rows == [
                    "| Q4_K_M | 300 (300–300) | 150 (100–200) |  |  | 2.00 × (llama.cpp) |",
                    "| Q4_K_M | 50 (50–50) | 50 (50–50) |  |  | 1.00 × (llama.cpp) |",
                    "| Q4_K_M | 90 (90–90) | 60 (60–60) |  |  | 1.50 × (llama.cpp) |",
                ])
            let note = "- Q4_K_M, ik_llama.cpp: llama-bench ended with 3:\n    unknown model architecture\n"
            #expect(output.contains(note))
            // What fails is not called again.
            let calls = try String(contentsOf: folder.appending(path: "log"), encoding: .utf8)
                .split(separator: "\n").map { $0.dropFirst(folder.path.count + 1) }
            #expect(
                calls.prefix(8) == [
                    "ours/llama-bench", "peers/llama.cpp/llama-bench", "peers/ik_llama.cpp/bin/llama-bench",
                    "peers/ik_llama.cpp/bin/llama-bench", "ours/llama-bench", "peers/llama.cpp/llama-bench",
                    "ours/llama-bench", "peers/llama.cpp/llama-bench",
                ])
            let figures = try JSONDecoder().decode(
                Figures.self, from: Data(contentsOf: folder.appending(path: "figures.json")))
            #expect(
                figures.results.first { $0.program == "llama.cpp" && $0.kind == "prefill" }?.tokens_per_second
                    .samples
                    == [200, 100, 150])
        }
    }

    private struct Figures: Decodable {
        struct Result: Decodable {
            struct Rate: Decodable {
                let samples: [Double]
            }

            let program: String
            let kind: String
            let tokens_per_second: Rate
        }

        let results: [Result]
    }

    /// An executable shell script that first appends its own path to the file `log` in the folder.
    private func makeProgram(_ path: String, _ script: String, in folder: URL) throws {
        let url = folder.appending(path: path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        let start = "#!/bin/sh\nLOG='\(folder.path)/log'; echo \"$0\" >> \"$LOG\"\n"
        try Data((start + script + "\n").utf8).write(to: url)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: url.path)
    }
}
