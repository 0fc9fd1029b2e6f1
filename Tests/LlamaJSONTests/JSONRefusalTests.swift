import Testing

@testable import LlamaJSON

@Suite struct JSONRefusalTests {
    @Test(arguments: [
        ("", 0, "the end of the text"), ("   ", 0, "the end of the text"),
        (#"{"a": 1"#, 7, "the end of the text"),
        (#"{"a": "x"#, 8, "the end of the text"), (#"{"a": 1} x"#, 9, "an unexpected character"),
        (#"{"a": 1}{"#, 8, "an unexpected character"), (#"{"a": 1,}"#, 8, "an unexpected character"),
        ("[1,]", 3, "an unexpected character"), ("]", 0, "an unexpected character"),
        ("{\"a\": 1} // no", 9, "an unexpected character"), ("[1 2]", 3, "no comma between elements"),
        (#"{"a": 1 "b": 2}"#, 8, "no comma between members"), (#"{"a" 1}"#, 5, "no colon after a key"),
        ("{a: 1}", 1, "a key without quotes"), ("[tru]", 4, "an unknown word"),
        ("[nul]", 4, "an unknown word"),
        ("[\"\\x\"]", 3, "a malformed string"), ("[1.2.3]", 4, "a malformed number"),
        ("{'a': 1}", 1, "a single quote"), ("{'dim': 1, \"dim\": 2}", 1, "a single quote"),
        (#"{'a"': 1, "b": 2}"#, 1, "a single quote"), ("[\"a\nb\"]", 3, "a control character in a string"),
    ])
    func refusesWhatIsNotJSON(text: String, offset: Int, found: String) {
        #expect(message(text) == "byte \(offset): expected valid JSON, found \(found)")
    }

    /// To json-c a NUL ends the text, so that anything could follow it.
    @Test(arguments: [
        ("{\"a\":1}", ""), ("{\"a\":1}", "garbage"), ("12", ""), ("12", "3"), ("[1", "]"), ("", "{}"),
    ])
    func refusesRawNUL(head: String, tail: String) {
        let line = message(Array(head.utf8) + [0] + Array(tail.utf8))
        #expect(line.hasPrefix("byte \(head.utf8.count): expected valid JSON, found "))
    }

    @Test(arguments: [[0xFF], [0xC3, 0x28], [0xED, 0xA0, 0x80], [0xC1, 0xA1], [0xF5, 0x80, 0x80, 0x80]])
    func refusesInvalidUTF8(bytes: [UInt8]) {
        let line = message(Array("[\"".utf8) + bytes + Array("\"]".utf8))
        #expect(line.hasSuffix("expected valid JSON, found bytes that are not UTF-8"))
    }

    @Test func limitsDepth() {
        let limits = JSONLimits(depth: 8)
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        func deep(_ limit: Int, at offset: Int) -> String {
            "byte \(offset): expected valid JSON, found more than \(limit) levels of nesting"
        }
        #expect(message(nested(7), limits: limits) == "no error")
        #expect(message(nested(9), limits: limits) == deep(8, at: 8))
        #expect(message(nested(100_000)) == deep(64, at: 64))
        #expect(message(String(repeating: "{\"a\":", count: 100_000)) == deep(64, at: 320))
    }

    @Test func limitsSize() {
        let limits = JSONLimits(byteCount: 4)
        #expect(message("[12]", limits: limits) == "no error")
        #expect(message("[123]", limits: limits) == "expected at most 4 bytes of JSON, found 5")
    }

    @Test(arguments: [
        (#"{"dim": 1, "dim": 2}"#, "dim"), (#"{"a": {"b": 1, "b": 1}}"#, "b"),
        (#"[{"x": 1}, {"x": 1, "y": 2, "x": 3}]"#, "x"), (#"{"dim": 1, "\u0064im": 2}"#, "dim"),
        (#"{"\u0064\u0069m": 1, "d\u0069m": 2}"#, "dim"), (#"{"": 1, "": 2}"#, ""),
        (#"{"a/b": 1, "a\/b": 2}"#, "a/b"), (#"{"é": 1, "\u00e9": 2}"#, "é"),
        (#"{"\"": 1, "\u0022": 2}"#, "\""),
    ])
    func refusesDuplicateKeys(text: String, key: String) {
        #expect(message(text) == "key \"\(key)\": expected each key once, found the same key again")
        #expect(message(text, limits: JSONLimits(allowsDuplicateKeys: true)) == "no error")
    }

    @Test(arguments: [
        #"{"a": "a", "b": "a"}"#, #"{"a": {"a": {"a": 1}}}"#, #"[{"a": 1}, {"a": 2}]"#,
        #"{"a": ["b", "b"], "b": 1}"#,
        #"{"a": "\"b\": ", "b": "{\"b\":1}"}"#, "{\"é\": 1, \"e\u{301}\": 2}", #"{"a\\": 1, "a": 2}"#,
    ])
    func toldFromKeysThatOnlyLookAlike(text: String) {
        #expect(message(text) == "no error")
    }

    /// json-c would cut the name at the NUL and let the second member replace the first.
    @Test(arguments: [#"{"dim": 1, "dim\u0000": 2}"#, #"{"\u0000": 1}"#])
    func refusesKeysWithNUL(text: String) {
        let expected = "expected valid JSON, found a key with a NUL character"
        #expect(message(text).hasSuffix(expected))
        #expect(message(text, limits: JSONLimits(allowsDuplicateKeys: true)).hasSuffix(expected))
    }

    @Test func namesThePathOfAWrongValue() {
        let text = #"{"a": {"b": [1, "x", 2.5, {"c": null}]}}"#
        func reading(_ read: (JSONValue) throws -> Void) -> String {
            message(text) { try read($0.member("a").member("b")) }
        }
        #expect(reading { _ = try $0.array()[1].int() } == "a.b[1]: expected a whole number, found \"x\"")
        #expect(reading { _ = try $0.ints() } == "a.b[1]: expected a whole number, found \"x\"")
        #expect(reading { _ = try $0.array()[2].int() } == "a.b[2]: expected a whole number, found 2.5")
        #expect(reading { _ = try $0.array()[0].string() } == "a.b[0]: expected a string, found 1")
        #expect(reading { _ = try $0.array()[0].bool() } == "a.b[0]: expected true or false, found 1")
        #expect(reading { _ = try $0.array()[1].double() } == "a.b[1]: expected a number, found \"x\"")
        #expect(reading { _ = try $0.array()[3].member("c") } == "a.b[3]: expected a key \"c\", found none")
        #expect(reading { _ = try $0.members() }.hasPrefix("a.b: expected an object, found [1,"))
        #expect(message(text) { _ = try $0.member("z") } == "expected a key \"z\", found none")
        #expect(
            message("{\"a\": null}") { _ = try $0.members()[0].value.string() }
                == "a: expected a string, found null")
    }

    @Test func keepsMessagesOnOneShortLine() {
        let key = "a\\n\\u001b[2J\\u202e" + String(repeating: "k", count: 5000)
        let line = message("{\"\(key)\": \"\(String(repeating: "v", count: 5000))\"}") {
            _ = try $0.members()[0].value.int()
        }
        #expect(line.hasPrefix("a\\n\\u{1B}[2J\\u{202E}kkk"))
        #expect(line.count < 350)
    }
}
