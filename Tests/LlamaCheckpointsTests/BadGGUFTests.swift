@testable import LlamaCheckpointTestSupport
import Testing

/// GGUF files whose headers are wrong.
@Suite struct BadGGUFTests {
    @Test(
        arguments: [
            .gguf("magic", "expected a file that begins with GGUF, found \"GGUX\"") { $0.magic = "GGUX" },
            .gguf(
                "GGJT",
                "the GGJT format, which GGUF replaced in 2023 is not supported; convert the original checkpoint"
            ) { $0.magic = "tjgg" },
            .gguf("version 1", "GGUF version 1 is not supported; convert the original checkpoint") {
                $0.version = 1
            },
            .gguf("version 4", "version: expected 2 or 3, found 4") { $0.version = 4 },
            .gguf(
                "big-endian",
                "a big-endian GGUF file is not supported; fetch the little-endian file of the model"
            ) { $0.version = UInt32(3).byteSwapped },
            BadInput(
                "a web page",
                "DIR/model.gguf: expected GGUF, found a web page (HTML); the download failed: fetch the file again"
            ) { try .gguf(Array("<html>".utf8)) },
            BadInput(
                "an empty file",
                "DIR/model.gguf: expected GGUF, found an empty file; the download failed: fetch the file again"
            ) { try .gguf([]) },
        ] as [BadInput])
    func refusesOtherFiles(input: BadInput) throws { try input.check() }

    @Test(
        arguments: [
            .gguf(
                "tensors without end",
                "tensor count: expected at most 226 tensors in the 5424 bytes that follow, found 18446744073709551615; \(damaged)"
            ) { $0.statedTensorCount = .max },
            .gguf(
                "keys without end",
                "key count: expected at most 386 keys in the 5416 bytes that follow, found 9223372036854775808; \(damaged)"
            ) { $0.statedKeyCount = 1 << 63 },
            .gguf("65537 keys", "key count: expected at most 65536 keys, found 65537; the file is damaged") {
                $0.statedKeyCount = 65537
                $0.data += [UInt8](repeating: 0, count: 1 << 20)
            },
            .gguf(
                "65537 tensors",
                "tensor count: expected at most 65536 tensors, found 65537; the file is damaged"
            ) {
                $0.statedTensorCount = 65537
                $0.data += [UInt8](repeating: 0, count: 2 << 20)
            },
            .gguf("a type of no value", "a.b: expected a value type from 0 to 12, found 13") {
                $0.set("a.b", type: 13) { _ in }
            },
            .gguf("a bool of 2", "a.b: expected 0 or 1, found 2") {
                $0.set("a.b", type: 7) { $0.write([2]) }
            },
            .gguf("bools of 3", "a.b: expected 0 or 1, found 3") {
                $0.set("a.b", type: 9) { $0.writeArray(type: 7, count: 2, [1, 3]) }
            },
            .gguf("a key twice", "general.architecture: expected each key once, found the same key again") {
                $0.keys.append($0.keys[0])
            },
            .gguf("no key", "key 13: expected a key of 1 to 65535 ASCII characters, found \"\"") {
                $0.set("", 1 as UInt32)
            },
            .gguf(
                "a key that is not ASCII",
                "key 13: expected a key of 1 to 65535 ASCII characters, found \"clé\""
            ) {
                $0.set("clé", 1 as UInt32)
            },
            .gguf(
                "a string of 1 GiB",
                "a.b: expected at most 4896 bytes in the 4896 bytes that follow, found 1073741824; \(damaged)"
            ) { $0.set("a.b", type: 8) { $0.write(UInt64(1 << 30)) } },
            .gguf(
                "an array of 2^62 numbers",
                "a.b: expected at most 611 elements in the 4892 bytes that follow, found 4611686018427387904; \(damaged)"
            ) { $0.set("a.b", type: 9) { $0.writeArray(type: 10, count: 1 << 62, []) } },
            .gguf(
                "an array of more strings than bytes",
                "a.b: expected at most 611 elements in the 4892 bytes that follow, found 612; \(damaged)"
            ) { $0.set("a.b", type: 9) { $0.writeArray(type: 8, count: 612, []) } },
            .gguf("arrays five deep", "a.b: expected arrays at most 4 deep, found deeper ones") {
                $0.set("a.b", type: 9) { out in
                    for _ in 0..<4 { out.writeArray(type: 9, count: 1, []) }
                    out.writeArray(type: 0, count: 1, [0])
                }
            },
            .gguf("an alignment of 2^31", "\(alignment), found 2147483648") {
                $0.set("general.alignment", UInt32(1) << 31)
            },
            .gguf("an alignment of 0", "\(alignment), found 0") { $0.set("general.alignment", UInt32(0)) },
            .gguf("an alignment of 48", "\(alignment), found 48") { $0.set("general.alignment", UInt32(48)) },
            .gguf("an alignment in words", "general.alignment: expected a whole number, found \"32\"") {
                $0.set("general.alignment", "32")
            },
        ] as [BadInput])
    func refusesKeyValues(input: BadInput) throws { try input.check() }

    @Test(
        arguments: [
            .gguf("five dimensions", "token_embd.weight: expected at most 4 dimensions, found 5") {
                $0.infos[0].extents = [1, 1, 1, 1, 1]
            },
            .gguf(
                "a dimension of 2^63",
                "token_embd.weight: expected dimensions of at most 9223372036854775807, found 9223372036854775808"
            ) { $0.infos[0].extents = [1 << 63, 1] },
            .gguf(
                "dimensions whose product overflows",
                "token_embd.weight: expected a shape of fewer than 2^62 bytes, found [4294967296, 4294967296]"
            ) { $0.infos[0].extents = [1 << 32, 1 << 32] },
            .gguf(
                "rows of half a block",
                "token_embd.weight: expected a shape of fewer than 2^62 bytes, rows of whole blocks of 32, found [4, 16]"
            ) { ($0.infos[0].type, $0.infos[0].extents) = (8, [16, 4]) },
            .gguf("IQ2_XXS", "token_embd.weight: tensor type IQ2_XXS is not supported; \(quantized)") {
                $0.infos[0].type = 16
            },
            .gguf("a removed type", "token_embd.weight: tensor type Q4_2 is not supported; \(quantized)") {
                $0.infos[0].type = 4
            },
            .gguf(
                "a type yet to come",
                "token_embd.weight: tensor type number 4096 is not supported; \(quantized)"
            ) {
                $0.infos[0].type = 4096
            },
            .gguf(
                "a name of 64 bytes",
                "tensor 0: expected a name of at most 63 bytes of UTF-8, found 64 bytes"
            ) { $0.infos[0].name = String(repeating: "x", count: 64) },
            .gguf("a tensor twice", "token_embd.weight: expected each tensor once, found the same name again")
            {
                $0.infos[1].name = $0.infos[0].name
            },
            .gguf(
                "an offset between",
                "output_norm.weight: expected an offset that is a multiple of 32, found 520"
            ) { $0.infos[1].offset += 8 },
            .gguf(
                "an offset past the end",
                "output_norm.weight: expected data inside the file (4192 bytes after the header), "
                    + "found bytes 4192 to 4224; the file is cut off: fetch it again"
            ) { $0.infos[1].offset = 4192 },
            .gguf(
                "an offset of 2^63",
                "output_norm.weight: expected an offset inside the file, found 9223372036854775808"
            ) {
                $0.infos[1].offset = 1 << 63
            },
            .gguf(
                "an overlap",
                "output_norm.weight: expected data from 512, where that of token_embd.weight ends, found an overlap from 480"
            ) { $0.infos[1].offset = 480 },
            .gguf(
                "the same bytes twice",
                "token_embd.weight: expected data from 32, where that of output_norm.weight ends, found an overlap from 0"
            ) { $0.infos[1].offset = 0 },
            .gguf(
                "data cut off",
                "blk.0.ffn_up.weight: expected data inside the file (4191 bytes after the header), "
                    + "found bytes 3424 to 4192; the file is cut off: fetch it again"
            ) { $0.data.removeLast() },
        ] as [BadInput])
    func refusesTensors(input: BadInput) throws { try input.check() }

    private static let damaged = "the file is cut off or damaged: fetch it again"
    private static let alignment = "general.alignment: expected a power of two up to 1048576"
    private static let quantized = "use a file quantized as Q8_0, Q4_0 or Q4_K"

    @Test func refusesEveryPrefix() throws {
        var builder = GGUFBuilder(TinyModel(nLayers: 1))
        builder.set("a.strings", type: 9) {
            $0.writeArray(type: 8, count: 2, [])
            for text in ["", "token"] {
                $0.write(UInt64(text.utf8.count))
                $0.write(text)
            }
        }
        let (bytes, boundaries) = builder.file()
        let folder = try TemporaryFolder.gguf(bytes)
        #expect(folder.message() == "no error")
        let header = boundaries[boundaries.count - 1]
        for count in Array(0..<header) + Array(stride(from: header, to: bytes.count, by: 97)) {
            try folder.write("model.gguf", Array(bytes[..<count]))
            let line = folder.message()
            #expect(
                line.hasPrefix("DIR/model.gguf: ") && !line.contains { $0.isNewline }, "\(count): \(line)")
            if boundaries.contains(count), count >= 4, count < header {
                #expect(line.contains("the file is cut off"), "\(count): \(line)")
            }
        }
    }
}
