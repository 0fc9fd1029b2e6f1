import Testing

@testable import LlamaJSON

@Suite struct JSONParsingTests {
    @Test func readsEveryKindOfValue() throws {
        let root = try parse(#" {"a": [1, -2.5, true, null, "x"], "b": {"c": "d"}} "#)
        let elements = try root.member("a").array()
        #expect(try elements[0].int() == 1)
        #expect(try elements[0].double() == 1)
        #expect(try elements[1].double() == -2.5)
        #expect(try elements[2].bool())
        #expect(elements[3].excerpt == "null")
        #expect(try elements[4].string() == "x")
        #expect(elements[4].path == "a[4]")
        #expect(root["b"]?["c"]?.path == "b.c")
        #expect(root["missing"] == nil)
        #expect(elements[0]["a"] == nil)
        #expect(root["a"]?.isArray == true && root["b"]?.isObject == true && elements[4].isString)
    }

    @Test func keepsTheOrderOfMembers() throws {
        let members = try parse(#"{"z": 1, "a": null, "m": 2}"#).members()
        #expect(members.map(\.key) == ["z", "a", "m"])
        #expect(members[1].value.excerpt == "null")
    }

    @Test func readsBareValuesOfARoot() throws {
        #expect(try parse("12").int() == 12)
        #expect(try parse("true").bool())
        #expect(try parse("\"x\"").string() == "x")
        #expect(try parse("null").excerpt == "null")
    }

    @Test func allowsSpaceAroundTheValue() throws {
        #expect(try parse("\r\n\t {\"a\":1}  \n\t ")["a"]?.int() == 1)
    }

    @Test func keepsNULInsideStrings() throws {
        #expect(try parse(#"["a\u0000b"]"#).array()[0].utf8() == [0x61, 0, 0x62])
    }

    @Test func decodesEscapesAndSurrogatePairs() throws {
        #expect(try parse(#"["\u00e9\ud83d\ude00\n\"\\\/"]"#).array()[0].string() == "é😀\n\"\\/")
    }

    @Test(arguments: [
        ("9223372036854775807", Int.max), ("-9223372036854775807", -Int.max), ("0", 0), ("-1", -1),
    ])
    func readsTheLimitsOfInt(text: String, value: Int) throws {
        #expect(try parse("[\(text)]").array()[0].int() == value)
    }

    @Test(arguments: [
        "9223372036854775808", "18446744073709551615", "18446744073709551616", "-9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999999",
    ])
    func refusesIntegersThatDoNotFit(text: String) {
        #expect(throws: JSONError.self) { try parse("[\(text)]").array()[0].int() }
    }

    /// As written, where json-c would have clamped them.
    @Test(arguments: [
        "9223372036854775808", "18446744073709551616", "-9223372036854775809", "99999999999999999999999999",
    ])
    func showsLongIntegersAsTheyAreWritten(text: String) throws {
        let json = #"{"\#(text)": "\ud836\udc23\#(text)", "a": [\#(text), 1]}"#
        let root = try parse(json)
        #expect(try root.member(text).string() == "\u{1D823}\(text)")
        let value = try #require(try root.member("a").array().first)
        #expect(value.excerpt == text)
        #expect(try value.double() == Double(text))
        let expected =
            "a: [0]: ".replacing(": [", with: "[") + "expected a whole number of 64 bits, found \(text)"
        #expect(message(json) { _ = try $0.member("a").ints() } == expected)
    }

    @Test func ignoresAByteOrderMark() throws {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        #expect(try parse(mark + Array(#"{"a": 1}"#.utf8))["a"]?.int() == 1)
        #expect(message(mark + Array("[1 2]".utf8)) == message(Array("   [1 2]".utf8)))
        #expect(message(Array("[1] ".utf8) + mark).hasPrefix("byte 4: expected valid JSON"))
        let text = mark + Array(#"{"b": 7}"#.utf8)
        var value: Int?
        try text.withUnsafeBufferPointer { text throws(JSONError) in
            var reader = try JSONReader(text)
            try reader.object { reader, _ throws(JSONError) in value = try reader.int() }
            try reader.end()
        }
        #expect(value == 7)
    }

    @Test func outlivesItsText() throws {
        var value: JSONValue?
        do {
            value = try parse(#"{"a": {"b": ["kept"]}}"#)["a"]?["b"]
        }
        #expect(try value?.array().first?.string() == "kept")
    }
}
