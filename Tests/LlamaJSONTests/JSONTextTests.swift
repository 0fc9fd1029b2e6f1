import Testing

@testable import LlamaJSON

@Suite struct JSONTextTests {
    @Test func writesOneLineInTheGivenOrder() {
        let value = JSONText.object([
            ("z", .int(1)), ("a", .array([.null, .bool(true), .bool(false)])), ("empty", .object([])),
        ])
        #expect(value.serialized == #"{"z":1,"a":[null,true,false],"empty":{}}"#)
        #expect(JSONText.array([]).serialized == "[]")
        #expect(JSONText.null.serialized == "null")
        #expect(JSONText.int(.min).serialized == "-9223372036854775808")
    }

    @Test(arguments: [
        ("", #""""#), ("a/b", #""a/b""#), ("\"\\", #""\"\\""#), ("\n\r\t", #""\n\r\t""#),
        ("\u{0}x", #""\u0000x""#), ("\u{1F}", #""\u001f""#), ("é😀", "\"é😀\""), ("\u{2028}", "\"\u{2028}\""),
    ])
    func escapesStrings(text: String, expected: String) {
        #expect(JSONText.string(text).serialized == expected)
    }

    @Test(arguments: [
        (Float(0.1), "0.1"), (-0.0, "-0.0"), (1, "1.0"), (16_777_216, "16777216.0"),
        (3.4028235e38, "3.4028235e+38"),
        (.leastNonzeroMagnitude, "1e-45"), (-1.0986123, "-1.0986123"), (.nan, "null"), (.infinity, "null"),
        (-.infinity, "null"),
    ])
    func writesTheShortestFloat(value: Float, expected: String) {
        #expect(JSONText.float(value).serialized == expected)
    }

    @Test(arguments: [
        (0.1, "0.1"), (1e300, "1e+300"), (.leastNonzeroMagnitude, "5e-324"),
        (0.30000000000000004, "0.30000000000000004"),
        (Double.nan, "null"), (.infinity, "null"),
    ])
    func writesTheShortestDouble(value: Double, expected: String) {
        #expect(JSONText.double(value).serialized == expected)
    }

    @Test(arguments: ["", "plain", "\u{0}\u{1}\u{7F}", "\"quoted\" \\ / \n", "ก็ 😀 e\u{301}"])
    func readsBackWhatItWrote(text: String) throws {
        let line = JSONText.array([.string(text), .object([("k", .string(text))])]).serialized
        #expect(!line.utf8.contains(0x0A))
        let elements = try parse(line).array()
        #expect(try elements[0].utf8() == Array(text.utf8))
        #expect(try elements[1].member("k").utf8() == Array(text.utf8))
    }

    @Test(arguments: [
        (#"{"b":1,"a":[null,true,-7,0.1,1e-05,"é/\n"],"c":{}}"#, nil as String?),
        ("[9223372036854775807,1e400]", "[9223372036854775807,null]"),
        ("[18446744073709551615]", "[1.8446744073709552e+19]"),
        ("[-100000000000000000000]", "[-1e+20]"),
        (#"{ "a" : 1.0 }"#, #"{"a":1.0}"#),
    ])
    func writesWhatItRead(text: String, expected: String?) throws {
        #expect(try parse(text).text().serialized == expected ?? text)
    }
}
