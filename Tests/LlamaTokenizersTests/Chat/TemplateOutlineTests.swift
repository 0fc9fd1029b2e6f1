import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

/// Chat templates are recognized if they render what a format renders, and only then.
@Suite struct TemplateOutlineTests {
    private func format(of template: String) -> ChatFormat? {
        ChatFormatChoice.knownFormat(of: template)
    }

    @Test(arguments: ChatFixture.names)
    func recognizesTheTemplate(_ name: String) throws {
        #expect(try format(of: ChatFixture(name).template) == ChatFixture.format(name))
    }

    @Test(arguments: ChatFixture.names)
    func recognizesOtherSpellings(_ name: String) throws {
        let others = try ChatFixture(name).respelled
        #expect(others.count >= 5)
        for other in others {
            #expect(try format(of: other) == ChatFixture.format(name), "\(other)")
        }
    }

    /// Each of these renders something else for some conversation.
    @Test(arguments: ChatFixture.names)
    func refusesChangedTemplates(_ name: String) throws {
        let fixture = try ChatFixture(name)
        let template = Array(fixture.template.unicodeScalars)
        #expect(fixture.changed.count >= 100)
        for edit in fixture.changed {
            var scalars = String.UnicodeScalarView(template)
            let start = scalars.index(scalars.startIndex, offsetBy: edit.offset)
            scalars.replaceSubrange(
                start..<scalars.index(start, offsetBy: edit.length), with: edit.text.unicodeScalars)
            let other = String(scalars)
            #expect(try format(of: other) != ChatFixture.format(name), "\(other)")
        }
    }

    @Test func readsTheFirstTemplateOfLlama3AndChatMLWithABeginning() throws {
        let llama3 = try ChatFixture("llama3").template
        let condition = "{% if add_generation_prompt %}"
        let unconditional = try #require(llama3.range(of: condition))
        var first = llama3.replacingCharacters(in: unconditional, with: "")
        first.removeLast("{% endif %}".count)
        #expect(format(of: first) == ChatFormat(.llama3))
        var chatML = ChatFormat(.chatml)
        chatML.beginsWithBOS = true
        #expect(format(of: "{{ bos_token }}" + (try ChatFixture("chatml").template)) == chatML)
    }

    static let whiteSpace: [(String, [String])] = [
        ("a\n", [#"emit "a""#]),
        ("a\n\n", [#"emit "a\n""#]),
        ("a  {{- 'b' -}}  c", [#"emit "abc""#]),
        ("a  {{ 'b' }}\n c", [#"emit "a  b\n c""#]),
        ("x\n  {% set a = b %}\n  y", [#"emit "x\n""#, "set a = b", #"emit "  y""#]),
        ("x  {% set a = b %}y", [#"emit "x  ""#, "set a = b", #"emit "y""#]),
        ("x\n  {%+ set a = b +%}\ny", [#"emit "x\n  ""#, "set a = b", #"emit "\ny""#]),
        ("{{ c }}  {% set a = b %}y", ["emit c", #"emit "  ""#, "set a = b", #"emit "y""#]),
        ("  {# note #}\n  {# note #}y", [#"emit "y""#]),
        ("x\r\ny\rz", [#"emit "x\ny\nz""#]),
    ]

    @Test(arguments: whiteSpace)
    func treatsWhiteSpaceAsTransformersDoes(_ template: String, _ lines: [String]) {
        #expect(TemplateOutline(template)?.lines == lines)
    }

    static let expressions: [(String, [String])] = [
        (#"{{ m['role'] + "x" }}"#, ["emit m . role", #"emit "x""#]),
        ("{{ 'a' + 'b' ~ c }}", [#"emit "ab""#, "emit c"]),
        ("{{ 'a' + b.strip() }}", [#"emit "a""#, "emit b | trim"]),
        ("{{ (a + b) | trim }}", ["emit ( a + b ) | trim"]),
        ("{{ a + b if c else d }}", ["emit a + b if c else d"]),
        ("{{ 1 + 1 }}", ["emit 1 + 1"]),
        ("{{ ['role'] }}", [#"emit [ "role" ]"#]),
        ("{{ m['two words'] }}", [#"emit m [ "two words" ]"#]),
        (#"{{ 'it\'s' }}"#, [#"emit "it\'s""#]),
        ("{{ '}}' }}", [#"emit "}}""#]),
        ("{% set a = messages %}{{ a }}", ["emit messages"]),
        ("{% set a = messages %}{% set a = b %}", ["set a = messages", "set a = b"]),
        (
            "{% if tools %}a{% elif b %}c{% else %}d{% endif %}",
            ["if b", #"  emit "c""#, "else", #"  emit "d""#]
        ),
        ("{% if tools is not none %}a{% endif %}b", [#"emit "b""#]),
        ("{% set tools = [1] %}", ["set tools = [ 1 ]"]),
        ("{{ raise_exception('no') }}", ["raise"]),
        ("{% macro f(x) %}", ["macro f ( x )"]),
    ]

    @Test(arguments: expressions)
    func writesExpressionsInOneWay(_ template: String, _ lines: [String]) {
        #expect(TemplateOutline(template)?.lines == lines)
    }

    static let malformed = [
        "{{", "{{ a", "{% if a %}", "{% endif %}", "{% for a in b %}{% endif %}", "{% else %}", "{# a",
        "{{ 'a }}",
        #"{{ '\x41' }}"#, "{{ ; }}", "{{ }}", "{% if a %}{% else %}{% else %}{% endif %}",
        String(repeating: "{% if a %}", count: 10_000), String(repeating: "a", count: 70_000), "{", "{%",
        "{%-", "{{-",
    ]

    @Test(arguments: malformed)
    func refusesMalformedTemplates(_ template: String) {
        #expect(TemplateOutline(template) == nil || template == "{")
        #expect(format(of: template) == nil)
    }

    /// The beginnings of a template are other templates or malformed.
    @Test(arguments: ChatFixture.names)
    func survivesEveryPrefix(_ name: String) throws {
        let template = try ChatFixture(name).template
        for count in stride(from: 0, to: template.utf8.count - 3, by: 11) {
            let prefix = String(decoding: template.utf8.prefix(count), as: UTF8.self)
            #expect(format(of: prefix) == nil, "\(prefix)")
        }
    }

    static let near: [(String, ChatFormat.Name?)] = [
        ("{{ bos_token }}{% for m in messages %}[INST] {{ m.content }} [/INST]{% endfor %}", .llama2),
        ("<|start_header_id|>{{ role }}<|end_header_id|>", .llama3),
        ("<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: {{ date }}", .llama31),
        ("<|im_start|>{{ m.role }}", .chatml),
        ("### Instruction:\n{{ m.content }}", .alpaca),
        ("<start_of_turn>{{ m.role }}", nil),
        ("", nil),
        ("{{ broken [INST]", .llama2),
    ]

    @Test(arguments: near)
    func namesTheMostSimilarFormat(_ template: String, _ name: ChatFormat.Name?) {
        #expect(throws: ChatError.unknownTemplate(source: "a.jinja", nearest: name)) {
            try ChatFormatChoice.format(of: template, source: "a.jinja")
        }
    }
}

/// The whole templates of Llama 3.1, 3.2 and 3.3, which are not in this repository: `LLAMA_CHAT_TEMPLATES` names a folder
/// with them, such as llama.cpp's `models/templates`.
@Suite(.enabled(if: publishedTemplates != nil, "needs LLAMA_CHAT_TEMPLATES"))
struct PublishedTemplateTests {
    static let known: [String: ChatFormat.Name] = [
        "meta-llama-Llama-3.1-8B-Instruct.jinja": .llama31,
        "meta-llama-Llama-3.2-3B-Instruct.jinja": .llama32,
        "meta-llama-Llama-3.3-70B-Instruct.jinja": .llama31,
    ]

    @Test func recognizesTheseAndNoOther() throws {
        let folder = try #require(publishedTemplates)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
            $0.hasSuffix(".jinja")
        }
        #expect(names.count >= Self.known.count)
        for name in names {
            let template = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            let format = ChatFormatChoice.knownFormat(of: template)
            #expect(format == Self.known[name].map(ChatFormat.init), "\(name)")
        }
    }
}

private let publishedTemplates = ProcessInfo.processInfo.environment["LLAMA_CHAT_TEMPLATES"]
