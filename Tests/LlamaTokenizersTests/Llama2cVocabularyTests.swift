import LlamaCheckpoints
import Testing

@testable import LlamaTokenizers

/// The vocabulary that llama2.c exports as `tokenizer.bin`.
@Suite struct Llama2cVocabularyTests {
    /// The reserved tokens, the bytes and two pieces, and an export of them with characters for bytes.
    private static func exported(_ change: (inout [[UInt8]]) -> Void = { _ in }) -> [UInt8] {
        var tokens = ["<unk>", "\n<s>\n", "\n</s>\n"].map { Array($0.utf8) }
        for byte in UInt8.min...UInt8.max { tokens.append(Array(String(Unicode.Scalar(byte)).utf8)) }
        tokens += [" ", " a"].map { Array($0.utf8) }
        change(&tokens)
        var bytes: [UInt8] = []
        bytes.append(littleEndian: 7)
        for (id, token) in tokens.enumerated() {
            bytes.append(littleEndian: Float(-id).bitPattern)
            bytes.append(littleEndian: UInt32(token.count))
            bytes += token
        }
        return bytes
    }

    @Test func readsAnExportForLlama2cWithCharactersForBytes() throws {
        let vocabulary = try EmbeddedVocabulary(llama2c: Self.exported(), file: "f")
        let tokenizer = try vocabulary.makeTokenizer(file: "f")
        #expect(tokenizer.encode("b", addBOS: true) == [1, 259, 98 + 3])
        #expect(tokenizer.decode([1, 259, 98 + 3, 10 + 3]) == "b\n")
        let again = try EmbeddedVocabulary(llama2c: vocabulary.llama2cFile(file: "f"), file: "f")
        #expect(again == vocabulary)
    }

    @Test func refusesDamagedExportsForLlama2c() {
        let whole = Self.exported()
        let damaged: [[UInt8]] = [
            [], [1], Array(whole.prefix(4)), Array(whole.dropLast()), whole + [0], Array(whole.prefix(100)),
            Self.exported { $0[1] = [] }, Self.exported { $0[2] = [0x61] }, Self.exported { $0[70] = [0x61] },
            Self.exported { $0.removeLast(3) },
            Self.exported { $0[259] = [UInt8](repeating: 0x61, count: 8) },
        ]
        for bytes in damaged {
            #expect(throws: TokenizerError.self) { try EmbeddedVocabulary(llama2c: bytes, file: "f") }
        }
    }
}
