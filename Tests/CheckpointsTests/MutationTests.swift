import Foundation
import Tensors
import Testing

@testable import Checkpoints

/// Files damaged at random, from a fixed seed: every one opens or is refused in one line, none traps.
///
/// `LLAMA_MUTATIONS` sets how many per checkpoint (400 without it).
@Suite struct MutationTests {
    static let count = ProcessInfo.processInfo.environment["LLAMA_MUTATIONS"].flatMap(Int.init) ?? 400

    private static let bases: [@Sendable () throws -> TemporaryFolder] = [
        { try .meta(TinyModel(nLayers: 1)) },
        {
            var writer = TorchWriter(TinyModel().tensors(.meta))
            writer.zip.isZip64 = true
            return try .torch(writer.bytes)
        },
        { try .metaShards(2, TinyModel(nLayers: 1, nKVHeads: 2)) },
        { try .huggingFace(TinyModel(nLayers: 1)) },
        { try .huggingFaceShards(TinyModel(nLayers: 1, isTied: true)) },
        { try .gguf(GGUFBuilder(TinyModel(nLayers: 1)).bytes) },
    ]

    @Test(arguments: 0..<6) func neverTraps(base: Int) throws {
        let folder = try MutationTests.bases[base]()
        try #require(folder.message() == "no error")
        var numbers = Numbers(seed: base + 1)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        let originals = try names.map {
            try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder.path + "/" + $0)))
        }
        var outcomes = (opened: 0, refused: 0)
        for _ in 0..<MutationTests.count {
            let file = Int.random(in: 0..<names.count, using: &numbers)
            try folder.write(names[file], mutated(originals[file], using: &numbers))
            do throws(CheckpointError) {
                read(try folder.open())
                outcomes.opened += 1
            } catch {
                outcomes.refused += 1
                let line = error.description
                #expect(
                    !line.contains { $0.isNewline } && line.contains(folder.path) && line.count < 1200,
                    "\(line)")
            }
            try folder.write(names[file], originals[file])
        }
        #expect(
            outcomes.refused > 0 && outcomes.opened > 0
                && outcomes.opened + outcomes.refused == MutationTests.count)
        if MutationTests.count > 400 { print("checkpoint \(base): \(outcomes)") }
    }

    /// Touches every weight, as a model would.
    private func read(_ checkpoint: Checkpoint) {
        for role in TensorRole.all(of: checkpoint.configuration) {
            for part in (try? checkpoint.weight(role))?.parts ?? [] { _ = part.floats() }
        }
        _ = checkpoint.configuration.rope.inverseFrequencies(headDim: checkpoint.configuration.headDim)
        _ = (checkpoint.configuration.parameterCount, checkpoint.weightByteCount, checkpoint.dtypes)
    }

    private func mutated(_ original: [UInt8], using numbers: inout Numbers) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...3, using: &numbers) where !bytes.isEmpty {
            mutate(&bytes, using: &numbers)
        }
        return bytes
    }

    private func mutate(_ bytes: inout [UInt8], using numbers: inout Numbers) {
        // Half of the damage goes to the ends, where headers and directories are.
        var position = Int.random(in: 0..<bytes.count, using: &numbers)
        switch Int.random(in: 0..<4, using: &numbers) {
        case 0: position = min(position, Int.random(in: 0..<1500, using: &numbers) % bytes.count)
        case 1: position = bytes.count - 1 - Int.random(in: 0..<1500, using: &numbers) % bytes.count
        default: break
        }
        switch Int.random(in: 0..<8, using: &numbers) {
        case 0, 1: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
        case 2: bytes[position] = .random(in: 0...255, using: &numbers)
        case 3: bytes[position] = MutationTests.telling.randomElement(using: &numbers) ?? 0
        case 4:
            bytes.removeSubrange(
                position..<min(bytes.count, position + Int.random(in: 1...9, using: &numbers)))
        case 5:
            bytes.insert(
                contentsOf: bytes[position...].prefix(Int.random(in: 1...40, using: &numbers)), at: position)
        case 6: bytes.removeLast(bytes.count - position)
        default:
            let number = MutationTests.extremes.randomElement(using: &numbers) ?? 0
            let width = [2, 4, 8].randomElement(using: &numbers) ?? 8
            withUnsafeBytes(of: number.littleEndian) { source in
                for (index, byte) in source.prefix(width).enumerated() where position + index < bytes.count {
                    bytes[position + index] = byte
                }
            }
        }
    }

    /// Bytes that mean something to a pickle or to JSON.
    private static let telling =
        Array("0123456789.-e\"',:{}[]()tuhqRQcbsX\n\\".utf8) + [0, 0x7F, 0x80, 0x85, 0x8A, 0xFF]
    private static let extremes: [UInt64] = [
        0, 1, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 1 << 62, .max >> 1, 1 << 63,
        .max - 7, .max,
    ]
}
