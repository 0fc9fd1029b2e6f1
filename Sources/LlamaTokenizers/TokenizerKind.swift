/// What a file that was given as a tokenizer is, by its content: the names do not tell, Llama 2's and Llama 3's
/// are both `tokenizer.model`.
package enum TokenizerKind: Sendable, Hashable, CaseIterable {
    /// A SentencePiece `ModelProto`: Llama 1 and 2.
    case sentencePiece
    /// Lines of base64 and rank: Llama 3.
    case tiktoken
    /// A `tokenizer.json` of Hugging Face's tokenizers.
    case huggingFaceJSON
    /// A vocabulary exported for llama2.c (`tok512.bin`).
    case llama2cBin
    /// JSON, but no `tokenizer.json`.
    case otherJSON
    /// A web page, as a failed download leaves it.
    case html
    /// The text that stands for a file in a git repository (git-lfs `spec.md`).
    case gitLFSPointer
    /// No bytes at all.
    case empty
    /// None of these.
    case unknown

    /// Recognises a file by its content.
    ///
    /// Nothing is validated beyond what tells the kinds apart.
    package init(sniffing bytes: [UInt8]) {
        let start = TextStart(bytes)
        self =
            if bytes.isEmpty {
                .empty
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

    /// Whether a quoted word stands in the bytes.
    private static func contains(_ bytes: UnsafeBufferPointer<UInt8>, _ word: String) -> Bool {
        let word = Array(word.utf8)
        var place = 0
        while place + word.count <= bytes.count {
            if bytes[place] == word[0], bytes[place..<place + word.count].elementsEqual(word) { return true }
            place += 1
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

    /// The longest token's length, then to the end of the file a score, a length and that many bytes each.
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

    /// The first piece: field 1 of the message, of which the text is field 1, both with lengths.
    private static func beginsLikeModelProto(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 3, bytes[0] == 0x0A else { return false }
        return bytes[2] == 0x0A || bytes[1] >= 0x80 && bytes.count >= 4 && bytes[3] == 0x0A
    }
}

extension TokenizerKind: CustomStringConvertible {
    /// What a sentence calls a file of this kind.
    package var description: String {
        switch self {
        case .sentencePiece: "a SentencePiece model"
        case .tiktoken: "a tiktoken vocabulary (Llama 3)"
        case .huggingFaceJSON: "a Hugging Face tokenizer.json"
        case .llama2cBin: "a vocabulary exported for llama2.c"
        case .otherJSON: "JSON that is no tokenizer.json"
        case .html: "a web page"
        case .gitLFSPointer: "a Git LFS pointer"
        case .empty: "an empty file"
        case .unknown: "something else"
        }
    }
}

/// The first bytes of a text, white space and byte order mark left out, compared without case.
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
