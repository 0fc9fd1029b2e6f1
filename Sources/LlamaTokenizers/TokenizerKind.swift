import LlamaCheckpoints

/// What kind of file was given as a tokenizer, by its content: names do not tell, because Llama 2's and Llama 3's are
/// both `tokenizer.model`.
package enum TokenizerKind: Sendable, Hashable, CaseIterable {
    /// A SentencePiece `ModelProto`: Llama 1 and 2.
    case sentencePiece
    /// Lines of base64 and rank: Llama 3.
    case tiktoken
    /// A `tokenizer.json` of Hugging Face's tokenizers.
    case huggingFaceJSON
    /// A vocabulary exported for llama2.c (`tok512.bin`).
    case llama2cBin
    /// A GGUF file, which may have a vocabulary.
    case gguf
    /// JSON other than a `tokenizer.json`.
    case otherJSON
    /// A web page, the result of a failed download.
    case html
    /// The text that replaces a file in a git repository (git-lfs `spec.md`).
    case gitLFSPointer
    /// No bytes at all.
    case empty
    /// None of these.
    case unknown

    /// Recognizes a file by its content, which is validated only as far as that takes.
    package init(sniffing bytes: [UInt8]) {
        let start = TextStart(bytes)
        self =
            if bytes.isEmpty {
                .empty
            } else if bytes.starts(with: GGUFFile.magic) {
                .gguf
            } else if start.begins(with: "version https://git-lfs") {
                .gitLFSPointer
            } else if start.begins(withAnyOf: ["<!doctype html", "<html", "<head", "<?xml"]) {
                .html
            } else if start.begins(withAnyOf: ["{", "["]) {
                Self.isTokenizerJSON(bytes) ? .huggingFaceJSON : .otherJSON
            } else if Self.isTiktokenLine(bytes.prefix { $0 != UInt8(ascii: "\n") }) {
                .tiktoken
            } else if Self.isLlama2cVocabulary(bytes) {
                .llama2cBin
            } else if Self.beginsLikeModelProto(bytes) {
                .sentencePiece
            } else {
                .unknown
            }
    }

    private static func isTokenizerJSON(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { bytes in
            contains(bytes, #""model""#) && contains(bytes, #""vocab""#)
        }
    }

    /// Whether the bytes contain a word.
    private static func contains(_ bytes: UnsafeBufferPointer<UInt8>, _ word: String) -> Bool {
        let word = Array(word.utf8)
        var offset = 0
        while offset + word.count <= bytes.count {
            if bytes[offset] == word[0], bytes[offset..<offset + word.count].elementsEqual(word) {
                return true
            }
            offset += 1
        }
        return false
    }

    /// Base64, a space, a decimal rank.
    private static func isTiktokenLine(_ line: ArraySlice<UInt8>) -> Bool {
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard words.count == 2, !words[0].isEmpty, words[0].count % 4 == 0 else { return false }
        let rank = words[1].last == UInt8(ascii: "\r") ? words[1].dropLast() : words[1]
        let base64 = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=".utf8)
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return words[0].allSatisfy(base64.contains) && !rank.isEmpty && rank.allSatisfy(digits.contains)
    }

    /// The longest token's length, then for each token a score, its length and its bytes, to the end of the file.
    private static func isLlama2cVocabulary(_ bytes: [UInt8]) -> Bool {
        func word(at offset: Int) -> Int {
            bytes[offset..<(offset + 4)].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        guard bytes.count > 12 else { return false }
        let longest = word(at: 0)
        var offset = 4
        while offset + 8 <= bytes.count {
            let length = word(at: offset + 4)
            guard length <= longest, length <= bytes.count - offset - 8 else { return false }
            offset += 8 + length
        }
        return offset == bytes.count
    }

    /// The first piece is field 1 of the message, its text field 1 of the piece; both have lengths.
    private static func beginsLikeModelProto(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 3, bytes[0] == 0x0A else { return false }
        return bytes[2] == 0x0A || bytes[1] >= 0x80 && bytes.count >= 4 && bytes[3] == 0x0A
    }
}

extension TokenizerKind: CustomStringConvertible {
    /// The kind as a noun phrase, for messages.
    package var description: String {
        switch self {
        case .sentencePiece: "a SentencePiece model"
        case .tiktoken: "a tiktoken vocabulary (Llama 3)"
        case .huggingFaceJSON: "a Hugging Face tokenizer.json"
        case .llama2cBin: "a vocabulary exported for llama2.c"
        case .gguf: "a GGUF file"
        case .otherJSON: "JSON other than a tokenizer.json"
        case .html: "a web page"
        case .gitLFSPointer: "a Git LFS pointer"
        case .empty: "an empty file"
        case .unknown: "something else"
        }
    }
}

/// The first bytes of a text after white space and a byte order mark, in lower case.
private struct TextStart {
    private let bytes: [UInt8]

    init(_ file: [UInt8]) {
        let text = file.starts(with: [0xEF, 0xBB, 0xBF]) ? file.dropFirst(3) : file[...]
        bytes = text.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }.prefix(32)
            .map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 }
    }

    func begins(with text: String) -> Bool {
        bytes.starts(with: text.utf8)
    }

    func begins(withAnyOf texts: [String]) -> Bool {
        texts.contains(where: begins(with:))
    }
}
