@testable import LlamaCheckpoints
@testable import LlamaCheckpointTestSupport
import LlamaTestSupport
import Foundation
import Testing

/// Files damaged at random, from a seed: each one opens and can be used, or is refused in one line; none traps, hangs or
/// uses unbounded memory.
///
/// `LLAMA_MUTATIONS` sets how many in all, and with it the strict limits; `LLAMA_MUTATION_SEED` sets the seed.
/// `tools/fuzz` sets both.
@Suite(.serialized) struct MutationTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let asked = environment["LLAMA_MUTATIONS"].flatMap(Int.init)
    private static let seed = environment["LLAMA_MUTATION_SEED"].flatMap(Int.init) ?? 1
    /// Inputs for each base.
    private static let count = asked.map { ($0 + MutationBase.all.count - 1) / MutationBase.all.count } ?? 40
    /// Bytes that one input may add to the peak of resident memory, far above what any small file needs.
    private static let memoryLimit = 64 << 20

    @Test(arguments: MutationBase.all) func neitherTrapsNorHangs(base: MutationBase) throws {
        let folder = try base.make()
        let use = MutationUse(folder: folder, base: base)
        try #require(use.run(), "the intact one does not open")
        let names =
            try base.damaged.map { [$0] } ?? FileManager.default.contentsOfDirectory(atPath: folder.path)
        let originals = try names.sorted().map {
            (name: $0, bytes: try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.path + "/" + $0))))
        }
        // Other tests use the machine, and the process, at the same time.
        let isStrict = MutationTests.asked != nil
        let watchdog = Watchdog(limit: .seconds(isStrict ? 5 : 120))
        defer { watchdog.end() }
        let start = (clock: ContinuousClock.now, resident: ProcessMemory.resident, peak: ProcessMemory.peak)
        var outcomes = (opened: 0, refused: 0, unchanged: 0, longest: Duration.zero)
        // On until both outcomes were seen: of a small file, nearly every change is refused.
        var index = 0
        while index < MutationTests.count
            || outcomes.opened * outcomes.refused == 0 && index < 50 * MutationTests.count
        {
            defer { index += 1 }
            var numbers = SeededGenerator(seed: MutationTests.seed &* 1_000_003 &+ index)
            let (name, bytes) = originals[Int.random(in: 0..<originals.count, using: &numbers)]
            let mutated = Mutation.mutated(bytes, using: &numbers)
            if mutated == bytes {
                outcomes.unchanged += 1
                continue
            }
            try folder.write(name, mutated)
            let (began, peak) = (ContinuousClock.now, ProcessMemory.peak)
            watchdog.begin("\(base.name), input \(index) in \(folder.path)")
            if use.run() { outcomes.opened += 1 } else { outcomes.refused += 1 }
            outcomes.longest = max(outcomes.longest, ContinuousClock.now - began)
            let growth = ProcessMemory.peak - peak
            #expect(!isStrict || growth < MutationTests.memoryLimit, "input \(index): \(growth) bytes")
            try folder.write(name, bytes)
        }
        #expect(outcomes.refused > 0 && outcomes.opened > 0, "\(outcomes)")
        #expect(outcomes.unchanged < index / 4, "\(outcomes)")
        let growth = ProcessMemory.resident - start.resident
        #expect(!isStrict || growth < MutationTests.memoryLimit, "\(growth) bytes were kept")
        guard isStrict else { return }
        print(
            "fuzz: \(base.name): \(index) inputs, \(outcomes.opened) opened, \(outcomes.refused) refused,",
            "\(ContinuousClock.now - start.clock) in all, \(outcomes.longest) the longest;",
            "resident \(growth >> 10) KiB more, peak \((ProcessMemory.peak - start.peak) >> 10) KiB more,",
            "\(ProcessMemory.peak >> 20) MiB in all")
    }
}
