import LlamaFiles
import Glibc
import LlamaTensors
import LlamaTokenizers

/// A text as token ids, in three splits: the first 80 % to train on, the next 10 % to validate, the rest to test.
package struct TrainingData: Sendable {
    /// All ids.
    package let ids: [Int32]
    /// Digest of the text and its ids, so that a run is not resumed on different data.
    package let digest: UInt64
    /// The range of the ids to train on.
    package let training: Range<Int>
    /// The range of the ids to validate with.
    package let validation: Range<Int>

    /// The bytes of a data file.
    package static func readText(_ path: String) throws(TrainingError) -> String {
        let file: MappedFile
        do {
            file = try MappedFile(path: path)
        } catch {
            throw .unreadableData(file: path, reason: error.reason)
        }
        let text = String(validating: file.bytes, as: UTF8.self)
        do { try file.checkUnchanged() } catch { throw .changedFile(error) }
        guard let text else { throw .notUTF8(file: path) }
        return text
    }

    /// Encodes a text.
    ///
    /// - Parameters:
    ///   - file: Where the text came from, for errors.
    ///   - sequenceLength: The training and validation splits must each hold at least this many tokens plus one.
    package init(
        _ text: String, file: String, tokenizer: SentencePieceTokenizer, sequenceLength: Int
    ) throws(TrainingError) {
        ids = try TrainingData.encode(text, file: file, tokenizer: tokenizer)
        // Of text and ids both, so that neither the text nor the tokenizer is changed under a run (FNV-1a).
        var digest: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for id in ids { digest = (digest ^ UInt64(UInt32(bitPattern: id))) &* 0x100_0000_01B3 }
        self.digest = digest
        training = DataSplit.training.range(of: ids.count)
        validation = DataSplit.validation.range(of: ids.count)
        for (name, split) in [("training", training), ("validation", validation)]
        where split.count <= sequenceLength {
            throw .tooLittleData(file: file, split: name, count: split.count, needed: sequenceLength + 1)
        }
    }

    /// The ids of a whole text, which the tokenizer must know every character of.
    ///
    /// libsentencepiece needs about a hundred bytes of memory per character, so a long text is encoded in chunks of whole
    /// lines, if the tokenizer encodes a line break independently of its neighbors.
    package static func encode(
        _ text: String, file: String, tokenizer: any Tokenizer
    ) throws(TrainingError) -> [Int32] {
        let (letter, newline) = (tokenizer.encode("a", addBOS: false), tokenizer.encode("\n", addBOS: false))
        let separates = tokenizer.encode("a\na", addBOS: false) == letter + newline + letter
        var ids: [Int32] = []
        for stretch in separates ? stretches(of: text) : [text[...]] {
            ids += tokenizer.encode(String(stretch), addBOS: false)
        }
        let unknownID = (0..<Int32(clamping: tokenizer.vocabularySize)).first {
            tokenizer.kind(of: $0) == .unknown
        }
        if let unknownID, ids.contains(unknownID) {
            throw unknownCharacter(in: text, file: file, tokenizer: tokenizer, unknownID: unknownID)
        }
        return ids
    }

    /// Chunks of whole lines, about a megabyte each.
    private static func stretches(of text: String) -> [Substring] {
        var result: [Substring] = []
        var start = text.startIndex
        while start < text.endIndex {
            let near = text.utf8.index(start, offsetBy: 1 << 20, limitedBy: text.endIndex) ?? text.endIndex
            let end = text.utf8[near...].firstIndex(of: UInt8(ascii: "\n")).map { text.utf8.index(after: $0) }
            result.append(text[start..<(end ?? text.endIndex)])
            start = end ?? text.endIndex
        }
        return result
    }

    /// The batch of a step: sequences that start at random positions of the training split, determined by seed, step and
    /// number.
    func batch(step: Int, part: Int, count: Int, length: Int, seed: Int) -> (
        inputs: [Int32], targets: [Int32]
    ) {
        var generator = SplitMix64(
            seed: UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9 &+ UInt64(step) << 20 &+ UInt64(part))
        // Mix once more: neighboring seeds start with similar numbers.
        generator = SplitMix64(seed: generator.next())
        let starts = (0..<count).map { _ in
            Int.random(in: training.lowerBound..<training.upperBound - length, using: &generator)
        }
        return windows(starts: starts, length: length, end: training.upperBound)
    }

    /// The validation split as consecutive sequences; the last one is padded with targets that are not counted.
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
