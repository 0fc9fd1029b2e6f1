@testable import LlamaCheckpoints
@testable import LlamaCheckpointTestSupport
import Testing

@Suite struct BadSafetensorsTests {
    private static func entry(
        _ name: String, _ begin: Int, _ end: Int, shape: String = "[1]", dtype: String = "F32"
    ) -> String {
        "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
    }

    @Test(arguments: [
        BadInput(
            "seven bytes",
            """
            DIR/model.safetensors: header length: expected 8 bytes, found a file of 7; the \
            file is cut off: fetch it again
            """
        ) { try .safetensors([1, 2, 3, 4, 5, 6, 7]) },
        BadInput(
            "length beyond the file",
            """
            DIR/model.safetensors: header length: expected at most the 2 bytes that follow, \
            found 3; the file is cut off: fetch it again
            """
        ) {
            try .safetensors(SafetensorsBuilder.bytes(header: "{}", statedLength: 3))
        },
        BadInput(
            "length of 100 MB and one",
            """
            DIR/model.safetensors: header length: expected at most 100000000 bytes, found \
            100000001; this is not a safetensors file, or it is damaged: fetch it again
            """
        ) {
            try .safetensors(SafetensorsBuilder.bytes(header: "{}", statedLength: 100_000_001))
        },
        BadInput(
            "greatest length",
            """
            DIR/model.safetensors: header length: expected at most 100000000 bytes, found \
            18446744073709551615; this is not a safetensors file, or it is damaged: fetch it again
            """
        ) {
            try .safetensors(SafetensorsBuilder.bytes(header: "{}", statedLength: .max))
        },
        BadInput(
            "length 0",
            """
            DIR/model.safetensors: header: expected JSON that begins with {, found nothing; this is not a \
            safetensors file, or it is damaged: fetch it again
            """
        ) { try .safetensors(SafetensorsBuilder.bytes(header: "")) },
        .safetensors(
            "leading space", "header: expected JSON that begins with {, found byte 0x20",
            advice: "this is not a safetensors file, or it is damaged: fetch it again", header: " {}"),
        .safetensors(
            "an array", "header: expected JSON that begins with {, found byte 0x5b",
            advice: "this is not a safetensors file, or it is damaged: fetch it again", header: "[]"),
        .safetensors(
            "no tensors",
            """
            expected tensors named as in Meta's or Hugging Face's Llama, found none
            """, advice: nil, header: "{}", data: 0),
        .safetensors(
            "half a header", "header: byte 5: expected valid JSON, found the end of the text",
            header: "{\"a\":"),
        .safetensors(
            "duplicate tensor", "header: key \"a\": expected each key once, found the same key again",
            header: "{\(entry("a", 0, 4)),\(entry("a", 4, 8))}"),
        .safetensors(
            "duplicate by an escape", "header: key \"a\": expected each key once, found the same key again",
            header: "{\(entry("a", 0, 4)),\(entry("\\u0061", 4, 8))}"),
        .safetensors(
            "duplicate in single quotes", "header: byte 54: expected valid JSON, found a single quote",
            header: "{\(entry("a", 0, 4)),'a':1}"),
        .safetensors(
            "overlap",
            """
            b: expected data that begins at 4, where the tensor before it ends, found an \
            overlap from 2
            """, header: "{\(entry("a", 0, 4)),\(entry("b", 2, 6))}"),
        .safetensors(
            "the same bytes twice",
            """
            b: expected data that begins at 4, where the tensor before it ends, found an \
            overlap from 0
            """, header: "{\(entry("a", 0, 4)),\(entry("b", 0, 4))}"),
        .safetensors(
            "hole",
            """
            b: expected data that begins at 4, where the tensor before it ends, found a hole \
            up to 5
            """, header: "{\(entry("a", 0, 4)),\(entry("b", 5, 9))}", data: 9),
        .safetensors(
            "hole at the start",
            """
            a: expected data that begins at 0, where the tensor before it ends, found a hole \
            up to 4
            """, header: "{\(entry("a", 4, 8))}"),
        .safetensors(
            "bytes left over",
            """
            end of data: expected the file to end with its last tensor at 4, found 4 more \
            bytes
            """, header: "{\(entry("a", 0, 4))}"),
        .safetensors(
            "data cut off",
            """
            b: expected data inside the file (7 bytes after the header), found offsets [4, \
            8]
            """, advice: "the file is cut off: fetch it again",
            header: "{\(entry("a", 0, 4)),\(entry("b", 4, 8))}", data: 7),
        .safetensors(
            "offsets the wrong way round", "a: expected offsets in order, found [8, 0]",
            header: "{\(entry("a", 8, 0))}"),
        .safetensors(
            "negative offset", "a: expected offsets in order, found [-4, 0]",
            header: "{\(entry("a", -4, 0)),\(entry("b", 0, 8))}"),
        .safetensors(
            "overflowing offset",
            """
            a: expected data inside the file (8 bytes after the header), found offsets [0, \
            9223372036854775807]
            """, advice: "the file is cut off: fetch it again", header: "{\(entry("a", 0, .max))}"),
        .safetensors(
            "offset of 65 bits",
            """
            header: a.data_offsets[1]: expected a whole number of 64 bits, found \
            18446744073709551616
            """,
            header: "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,18446744073709551616]}}"),
        .safetensors(
            "fractional offset", "header: a.data_offsets[1]: expected a whole number, found 4.5",
            header: "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4.5]}}"),
        .safetensors(
            "three offsets", "header: a: expected two data_offsets, found 3",
            header: "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}"
        ),
        .safetensors(
            "negative dimension", "a: expected a shape that fills its 8 bytes, found F32 [-2]",
            header: "{\(entry("a", 0, 8, shape: "[-2]"))}"),
        .safetensors(
            "overflowing shape",
            """
            a: expected a shape that fills its 8 bytes, found F32 [4294967296, 4294967296]
            """, header: "{\(entry("a", 0, 8, shape: "[4294967296,4294967296]"))}"),
        .safetensors(
            "overflow behind a 0",
            """
            a: expected a shape that fills its 0 bytes, found F32 [0, 4294967296, \
            4294967296]
            """, header: "{\(entry("a", 0, 0, shape: "[0,4294967296,4294967296]"))}",
            data: 0),
        .safetensors(
            "shape that does not fill its bytes", "a: expected a shape that fills its 8 bytes, found F32 [1]",
            header: "{\(entry("a", 0, 8))}"),
        .safetensors(
            "unknown dtype", "a: dtype F8_E4M3 is not supported",
            advice: "convert it to F32, F16 or BF16",
            header: "{\(entry("a", 0, 8, shape: "[8]", dtype: "F8_E4M3"))}"),
        .safetensors(
            "no dtype", "header: a: expected a key \"dtype\", found none",
            header: "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}"),
        .safetensors(
            "a tensor that is a number", "header: a: expected an object, found 7", header: "{\"a\":7}"),
        .safetensors(
            "metadata with a number", "header: __metadata__.a: expected a string, found 1",
            header: "{\"__metadata__\":{\"a\":1},\(entry("a", 0, 8, shape: "[2]"))}"),
        .safetensors(
            "deep metadata",
            """
            header: byte 23: expected valid JSON, found more than 8 levels of nesting
            """, header: "{\"__metadata__\":\(String(repeating: "[", count: 50))"),
        .safetensors(
            "tensors of another model",
            """
            expected tensors named as in Meta's or Hugging Face's Llama, found conv1.weight
            """, advice: nil, header: "{\(entry("conv1.weight", 0, 8, shape: "[2]"))}"),
        .safetensors(
            "name that breaks lines",
            """
            a\\n\\u{1B}[31m: expected a shape that fills its 8 bytes, found F32 [1]
            """, header: "{\(entry("a\\n\\u001b[31m", 0, 8))}"),
        BadInput(
            "invalid UTF-8",
            """
            DIR/model.safetensors: header: byte 3: expected valid JSON, found bytes that are \
            not UTF-8; the file is damaged, or the program that wrote it is at fault: fetch it \
            again
            """
        ) {
            try .safetensors([9, 0, 0, 0, 0, 0, 0, 0] + Array("{\"a".utf8) + [0xFF] + Array("\":{}}".utf8))
        },
    ])
    func refuses(input: BadInput) throws { try input.check() }

    @Test func refusesEveryTruncation() throws {
        let bytes = SafetensorsBuilder.bytes(TinyModel().tensors(.huggingFace))
        let folder = try TemporaryFolder.safetensors(bytes)
        try #require(folder.message() == "no error")
        for cut in Array(1..<24) + stride(from: 24, to: bytes.count, by: 37) + [bytes.count - 1] {
            try folder.write("model.safetensors", Array(bytes[..<cut]))
            let message = folder.message()
            #expect(message.hasSuffix("; the file is cut off: fetch it again"), "cut at \(cut): \(message)")
        }
    }
}
