import LlamaJSON

/// Reads lists of prompts.
package enum PromptList {
    /// How a list is written.
    package enum Format: Sendable {
        /// One prompt per line; blank lines are skipped.
        case text
        /// An array of strings.
        case json
        /// One object per line, with `prompt` (text), `prompt_ids` (ids, used as they are), `messages` (an array of objects
        /// with `role` and `content`) or `instruction` and perhaps `input`, and any settings; a member `id` is ignored.
        case jsonLines

        /// The format by the extension of the file's name, or else by how the file begins.
        package init(name: String, bytes: UnsafeRawBufferPointer) {
            let name = name.lowercased()
            if name.hasSuffix(".txt") {
                self = .text
            } else if name.hasSuffix(".jsonl") {
                self = .jsonLines
            } else if name.hasSuffix(".json") {
                self = .json
            } else {
                self = Format(
                    start: bytes.lazy.filter { $0 > 0x20 }.prefix(2).map { Character(Unicode.Scalar($0)) })
            }
        }

        // One character is not enough: Llama 2's chat prompts begin with [INST].
        private init(start: [Character]) {
            switch start {
            case ["{", "\""]: self = .jsonLines
            case ["[", "\""], ["[", "]"]: self = .json
            default: self = .text
            }
        }
    }

    /// The prompts of a list, at least one.
    ///
    /// - Parameters:
    ///   - name: The file's name, for its extension and for errors.
    ///   - bytes: The whole file.
    package static func parse(_ bytes: UnsafeRawBufferPointer, name: String) throws(GenerationError)
        -> [Entry]
    {
        let bytes =
            bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? UnsafeRawBufferPointer(rebasing: bytes[3...]) : bytes
        let prompts: [Entry]
        switch Format(name: name, bytes: bytes) {
        case .text: prompts = try textLines(bytes, name)
        case .json: prompts = try jsonArray(bytes, name)
        case .jsonLines: prompts = try jsonLines(bytes, name)
        }
        guard !prompts.isEmpty else { throw .emptyPromptList(source: name) }
        return prompts
    }

    private static func textLines(_ bytes: UnsafeRawBufferPointer, _ name: String) throws(GenerationError)
        -> [Entry]
    {
        var prompts: [Entry] = []
        for (line, range) in lines(of: bytes) {
            guard let text = String(validating: bytes[range], as: UTF8.self) else {
                throw .invalidPrompt(source: "\(name): line \(line)", expected: "UTF-8", found: "other bytes")
            }
            prompts.append(Entry(.text(text), source: "\(name): line \(line)"))
        }
        return prompts
    }

    private static func jsonArray(_ bytes: UnsafeRawBufferPointer, _ name: String) throws(GenerationError)
        -> [Entry]
    {
        do throws(JSONError) {
            var prompts: [Entry] = []
            for (index, value) in try JSONValue.parse(bytes).array().enumerated() {
                prompts.append(Entry(.text(try value.string()), source: "\(name): [\(index)]"))
            }
            return prompts
        } catch {
            throw GenerationError(error, source: name)
        }
    }

    private static func jsonLines(_ bytes: UnsafeRawBufferPointer, _ name: String) throws(GenerationError)
        -> [Entry]
    {
        var prompts: [Entry] = []
        for (line, range) in lines(of: bytes) {
            let source = "\(name): line \(line)"
            do throws(JSONError) {
                let object = try JSONValue.parse(UnsafeRawBufferPointer(rebasing: bytes[range]))
                prompts.append(try Entry(object, source: source))
            } catch {
                throw GenerationError(error, source: source)
            }
        }
        return prompts
    }

    /// Numbers (from 1) and byte ranges of the lines that are not blank, without their line ends.
    private static func lines(of bytes: UnsafeRawBufferPointer) -> [(line: Int, range: Range<Int>)] {
        var result: [(line: Int, range: Range<Int>)] = []
        var start = 0
        var line = 1
        while start < bytes.count {
            let newline = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            let end = newline > start && bytes[newline - 1] == 0x0D ? newline - 1 : newline
            if bytes[start..<end].contains(where: { $0 != 0x20 && $0 != 0x09 }) {
                result.append((line, start..<end))
            }
            start = newline + 1
            line += 1
        }
        return result
    }
}

extension GenerationError {
    init(_ error: JSONError, source: String) {
        let location = [source, error.location].compactMap(\.self).joined(separator: ": ")
        self = .invalidPrompt(source: location, expected: error.expected, found: error.found)
    }
}
