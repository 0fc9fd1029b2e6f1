import Glibc
import Tensors
import Tokenizers

/// A text as token ids, in three splits: the first 80 % to train on, the next 10 % to validate, the rest to test.
public struct TrainingData: Sendable {
    /// All ids.
    public let ids: [Int32]
    /// Digest of the text, so that a run is not resumed on another one.
    public let digest: UInt64
    /// Where the ids to train on lie.
    public let training: Range<Int>
    /// Where the ids to validate with lie.
    public let validation: Range<Int>

    /// The bytes of a data file.
    public static func readText(_ path: String) throws(TrainingError) -> String {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw .unreadableData(file: path, reason: error.reason, isMissing: true)
        }
        guard let text = String(validating: file.bytes, as: UTF8.self) else { throw .notUTF8(file: path) }
        return text
    }

    /// Encodes a text.
    ///
    /// - Parameters:
    ///   - file: Where the text came from, for errors.
    ///   - sequenceLength: Each of the first two splits must hold a sequence of so many tokens and the next.
    public init(
        _ text: String, file: String, tokenizer: any Tokenizer, unknownID: Int32?, sequenceLength: Int
    ) throws(TrainingError) {
        ids = tokenizer.encode(text, addBOS: false)
        if let unknownID, ids.contains(unknownID) {
            throw TrainingData.unknownCharacter(
                in: text, file: file, tokenizer: tokenizer, unknownID: unknownID)
        }
        digest = text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        training = 0..<ids.count * 8 / 10
        validation = training.upperBound..<ids.count * 9 / 10
        for (name, split) in [("training", training), ("validation", validation)]
        where split.count <= sequenceLength {
            throw .tooLittleData(file: file, split: name, count: split.count, needed: sequenceLength + 1)
        }
    }

    /// The batch of a step: sequences that begin anywhere in the training split, drawn by seed, step and number.
    func batch(step: Int, part: Int, count: Int, length: Int, seed: Int) -> (
        inputs: [Int32], targets: [Int32]
    ) {
        var generator = SplitMix64(
            seed: UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9 &+ UInt64(step) << 20 &+ UInt64(part))
        // The first numbers of nearby seeds are mixed once more.
        generator = SplitMix64(seed: generator.next())
        let starts = (0..<count).map { _ in
            Int.random(in: training.lowerBound..<training.upperBound - length, using: &generator)
        }
        return windows(starts: starts, length: length, end: training.upperBound)
    }

    /// The validation split, cut into sequences one after another; the last is filled up with targets that do not
    /// count.
    func validationBatches(count: Int, length: Int) -> [(inputs: [Int32], targets: [Int32])] {
        let starts = Array(stride(from: validation.lowerBound, to: validation.upperBound - 1, by: length))
        return stride(from: 0, to: starts.count, by: count).map { first in
            var batch = Array(starts[first..<min(first + count, starts.count)])
            batch += Array(repeating: validation.upperBound, count: count - batch.count)
            return windows(starts: batch, length: length, end: validation.upperBound)
        }
    }

    private func windows(starts: [Int], length: Int, end: Int) -> (inputs: [Int32], targets: [Int32]) {
        var inputs: [Int32] = []
        var targets: [Int32] = []
        for start in starts {
            for position in start..<start + length {
                inputs.append(position < end ? ids[position] : 0)
                targets.append(position + 1 < end ? ids[position + 1] : -1)
            }
        }
        return (inputs, targets)
    }

    private static func unknownCharacter(
        in text: String, file: String, tokenizer: any Tokenizer, unknownID: Int32
    ) -> TrainingError {
        var line = 1
        for scalar in text.unicodeScalars {
            if tokenizer.encode(String(scalar), addBOS: false).contains(unknownID) {
                let code = String(scalar.value, radix: 16, uppercase: true)
                return .unknownCharacter(file: file, character: "\"\(scalar)\" (U+\(code))", line: line)
            }
            if scalar == "\n" { line += 1 }
        }
        return .unknownCharacter(file: file, character: "an unknown one", line: line)
    }
}
