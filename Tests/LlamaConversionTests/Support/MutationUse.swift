@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import LlamaTensors
import Testing
import LlamaTokenizers

@testable import LlamaCheckpoints

/// What a user does with a checkpoint or a tokenizer, and what must hold of every refusal.
struct MutationUse {
    let folder: TemporaryFolder
    let base: MutationBase

    private var path: String { base.opened.isEmpty ? folder.path : folder.path + "/" + base.opened }

    /// Returns whether the file opens.
    func run() -> Bool {
        base.isTokenizer ? useTokenizer() : useCheckpoint()
    }

    // MARK: Checkpoints

    private func useCheckpoint() -> Bool {
        refused { _ = try inspect() }
        return refused {
            let checkpoint = try folder.open(base.opened)
            try readRows(of: checkpoint)
            plan(checkpoint)
            if let metadata = checkpoint.gguf, metadata.contains("tokenizer.ggml.model") {
                refused { try use(EmbeddedVocabulary(metadata), file: metadata.file) }
            }
        }
    }

    private func inspect() throws {
        let report = try CheckpointReport(at: path)
        for line in report.problems { expectOneLine(line) }
        if let failure = report.failure { expectLine(failure.description) }
        _ = (report.format, report.family?.name, report.tensors.count, report.sources.count)
    }

    /// The first, the middle and the last row of every tensor, in both orders, and small tensors whole.
    private func readRows(of checkpoint: Checkpoint) throws {
        let configuration = checkpoint.configuration
        for role in TensorRole.all(of: configuration) {
            let weight = try checkpoint.weight(role)
            for part in weight.parts where part.count < 5000 { _ = part.floats() }
            for layout in [RoPELayout.interleaved, .halves] {
                refused {
                    try readRows(
                        CanonicalRows(weight, role: role, configuration: configuration, layout: layout))
                }
            }
        }
        _ = configuration.rope.inverseFrequencies(headDim: configuration.headDim)
        _ = (configuration.parameterCount, checkpoint.weightByteCount, checkpoint.dtypes)
    }

    private func readRows(_ rows: CanonicalRows) {
        guard rows.rowCount > 0 else { return }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: rows.rowByteCount, alignment: 64)
        defer { buffer.deallocate() }
        for row in [0, rows.rowCount / 2, rows.rowCount - 1] {
            rows.copyRow(row, into: buffer)
            _ = rows.rowsInPlace(row..<rows.rowCount)?.reduce(0) { $0 ^ $1 }
        }
    }

    /// A dry run to every format, in the dtypes that differ most.
    private func plan(_ checkpoint: Checkpoint) {
        for format in CheckpointFormat.allCases {
            for dtype in [nil, DType.float16, .q8_0] {
                var options = ConversionOptions(format: format)
                options.dtype = dtype
                options.shards = format == .meta ? 2 : nil
                options.maximumShardSize = 2000
                options.vocabulary = checkpoint.gguf?.entries.filter { $0.key.hasPrefix("tokenizer.") } ?? []
                do throws(ConversionError) {
                    let plan = try ConversionPlan(checkpoint, options)
                    for note in plan.notes { expectOneLine(note) }
                    _ = (plan.weightByteCount, plan.peakMemory(threads: 4))
                } catch {
                    expectOneLine(error.description)
                }
            }
        }
    }

    // MARK: Tokenizers

    private func useTokenizer() -> Bool {
        refused { try use(EmbeddedVocabulary(tokenizerFile: path), file: path) }
        return refused { exercise(try loadTokenizer(at: path)) }
    }

    private func use(_ vocabulary: EmbeddedVocabulary, file: String) throws {
        refused { exercise(try vocabulary.makeTokenizer(file: file)) }
        refused { _ = try vocabulary.tokenizerModelFile(file: file) }
        refused { _ = try vocabulary.tiktokenFile(file: file) }
        refused { _ = try vocabulary.tokenizerJSONFile(file: file) }
        refused { _ = try vocabulary.llama2cFile(file: file) }
        _ = vocabulary.metadata.count
    }

    private static let texts = [
        "", " Once upon a time,\n\n\tthere was 12345 — ไทย हिन्दी 👩‍👩‍👧‍👦!", "<s>[INST] <unk></s><|eot_id|><0x0A>\0",
        String(repeating: "a", count: 1000), String(repeating: " ab\u{301}", count: 200),
    ]

    private func exercise(_ tokenizer: any Tokenizer) {
        for text in MutationUse.texts {
            for specials in [SpecialTokens.none, .all] {
                let ids = tokenizer.encode(text, specials: specials, addBOS: true)
                #expect(ids.allSatisfy { $0 >= 0 && $0 < tokenizer.vocabularySize })
                _ = tokenizer.decode(ids)
            }
        }
        let size = Int32(clamping: tokenizer.vocabularySize)
        let ids = [-1, 0, 1, 2, 3, size - 1, size, .min, .max] + Array(stride(from: 0, to: size, by: 7))
        _ = tokenizer.decode(ids)
        for id in ids { _ = (tokenizer.bytes(of: id), tokenizer.kind(of: id), tokenizer.spelling(of: id)) }
        _ = (tokenizer.bosID, tokenizer.eosID, tokenizer.padID, tokenizer.stopTokens, tokenizer.addsBOS)
    }

    // MARK: Refusals

    /// Returns whether `body` succeeds; where it does not, the error must be ours and be told in a line.
    @discardableResult
    private func refused(_ body: () throws -> Void) -> Bool {
        do {
            try body()
            return true
        } catch let error as CheckpointError {
            expectLine(error.description)
        } catch let error as TokenizerError {
            expectLine(error.description)
        } catch {
            Issue.record("an error of another type: \(error)")
        }
        return false
    }

    private func expectLine(_ line: String) {
        expectOneLine(line)
        if !line.contains(folder.path) { Issue.record("names no file: \(line)") }
    }

    private func expectOneLine(_ line: String) {
        if line.contains(where: \.isNewline) || line.utf8.count > 3000 {
            Issue.record("no single line: \(line)")
        }
    }
}
