import LlamaFiles
import LlamaJSON

/// A prompt with a gap for an instruction and perhaps one for the input that the instruction is about.
///
/// A template file is text with the placeholders `{instruction}` and `{input}`; one line end at its end is left out.
/// `{{instruction}}` is the word in braces, and braces around anything but a name are braces. Or it is JSON with a text
/// for each case, `prompt_input` and `prompt_no_input`, as the files of alpaca-lora.
package struct PromptTemplate: Sendable, Hashable {
    /// A stretch of a template.
    private enum Segment: Sendable, Hashable {
        case text(String)
        case instruction
        case input
    }

    /// With an input; nil if the template has no gap for one.
    private let withInput: [Segment]?
    /// Without an input; nil if the template needs one.
    private let withoutInput: [Segment]?
    /// What errors call it.
    private let file: String

    static let alpacaPreamble =
        "Below is an instruction that describes a task. Write a response that appropriately completes the request."

    /// Stanford Alpaca's two prompts.
    ///
    /// Source: `PROMPT_DICT` in Stanford Alpaca's `train.py`.
    package static let alpaca = PromptTemplate(
        withInput: [
            .text(
                "Below is an instruction that describes a task, paired with an input that provides further context. "
                    + "Write a response that appropriately completes the request.\n\n### Instruction:\n"),
            .instruction, .text("\n\n### Input:\n"), .input, .text("\n\n### Response:"),
        ],
        withoutInput: [
            .text(alpacaPreamble + "\n\n### Instruction:\n"), .instruction, .text("\n\n### Response:"),
        ], file: "alpaca")

    private init(withInput: [Segment]?, withoutInput: [Segment]?, file: String) {
        (self.withInput, self.withoutInput, self.file) = (withInput, withoutInput, file)
    }

    /// A template from the text of a file.
    ///
    /// - Parameter file: what errors call it.
    /// - Throws: `.unknownPlaceholder` with its line, `.noInstruction` and `.invalidJSON`.
    package init(_ text: String, file: String) throws(PromptTemplateError) {
        if let pair = try Self.pair(text, file: file) {
            withInput = try Self.segments(of: pair.withInput, file: "\(file): prompt_input")
            withoutInput = try Self.segments(
                of: pair.withoutInput, file: "\(file): prompt_no_input", allowsInput: false)
        } else {
            let body = text.utf8.last == UInt8(ascii: "\n") ? String(text.unicodeScalars.dropLast()) : text
            let segments = try Self.segments(of: body, file: file)
            (withInput, withoutInput) = segments.contains(.input) ? (segments, nil) : (nil, segments)
        }
        self.file = file
    }

    /// A template from a file.
    ///
    /// - Throws: what `init(_:file:)` throws, `.notText` for bytes that are not UTF-8, and `.unreadable`, also above 1 MiB.
    package init(path: String) throws(PromptTemplateError) {
        let bytes: [UInt8]
        do { bytes = try WholeFile.read(path, limit: 1 << 20) } catch { throw .unreadable(error) }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText(file: path) }
        try self.init(text, file: path)
    }

    /// The prompt for an instruction.
    ///
    /// - Parameter input: what the instruction is about; nil or empty if there is nothing.
    /// - Throws: `.missingInput` if the template needs one, `.unexpectedInput` if it has no gap for it.
    package func prompt(instruction: String, input: String? = nil) throws(PromptTemplateError) -> String {
        let input = input ?? ""
        if input.isEmpty {
            guard let withoutInput else { throw .missingInput(file: file) }
            return Self.render(withoutInput, instruction, input)
        }
        guard let withInput else { throw .unexpectedInput(file: file) }
        return Self.render(withInput, instruction, input)
    }

    private static func render(_ segments: [Segment], _ instruction: String, _ input: String) -> String {
        segments.reduce(into: "") { prompt, segment in
            switch segment {
            case .text(let text): prompt += text
            case .instruction: prompt += instruction
            case .input: prompt += input
            }
        }
    }

    /// The two texts of a JSON file; nil for a file that is text: JSON's brace is followed by white space or a quote.
    private static func pair(
        _ text: String, file: String
    ) throws(PromptTemplateError) -> (withInput: String, withoutInput: String)? {
        let rest = text.utf8.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        guard rest.first == UInt8(ascii: "{"), let next = rest.dropFirst().first,
            [0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: "\"")].contains(next)
        else { return nil }
        do throws(JSONError) {
            let value = try Array(text.utf8).withUnsafeBufferPointer { bytes throws(JSONError) in
                try JSONValue.parse(UnsafeRawBufferPointer(bytes), limits: JSONLimits(byteCount: 1 << 20))
            }
            return (
                try value.member("prompt_input").string(), try value.member("prompt_no_input").string()
            )
        } catch { throw .invalidJSON(file: file, reason: error.description) }
    }

    private static func segments(
        of text: String, file: String, allowsInput: Bool = true
    ) throws(PromptTemplateError) -> [Segment] {
        var segments: [Segment] = []
        var literal = ""
        var line = 1
        var rest = text.unicodeScalars[...]
        while let scalar = rest.first {
            if let (name, isEscaped, end) = placeholder(at: rest) {
                if isEscaped {
                    literal += "{\(name)}"
                } else {
                    if !literal.isEmpty { segments.append(.text(literal)) }
                    literal = ""
                    switch name {
                    case "instruction": segments.append(.instruction)
                    case "input" where allowsInput: segments.append(.input)
                    default:
                        throw .unknownPlaceholder(name, allowsInput: allowsInput, file: file, line: line)
                    }
                }
                rest = rest[end...]
                continue
            }
            if scalar == "\n" { line += 1 }
            literal.unicodeScalars.append(scalar)
            rest.removeFirst()
        }
        if !literal.isEmpty { segments.append(.text(literal)) }
        guard segments.contains(.instruction) else { throw .noInstruction(file: file) }
        return segments
    }

    /// The name in braces, or in two pairs of them, at the beginning of a text.
    private static func placeholder(
        at text: Substring.UnicodeScalarView
    ) -> (name: String, isEscaped: Bool, end: String.Index)? {
        guard text.first == "{" else { return nil }
        let isEscaped = text.dropFirst().first == "{"
        let inner = text.dropFirst(isEscaped ? 2 : 1)
        let name = inner.prefix {
            $0.isASCII && ($0.properties.isAlphabetic || $0 == "_" || ("0"..."9").contains($0))
        }
        let closing = isEscaped ? "}}" : "}"
        guard let first = name.first, !("0"..."9").contains(first),
            inner[name.endIndex...].starts(with: closing.unicodeScalars)
        else { return nil }
        let end = inner.index(name.endIndex, offsetBy: closing.unicodeScalars.count)
        return (String(name), isEscaped, end)
    }
}
