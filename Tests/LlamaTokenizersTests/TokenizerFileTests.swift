import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaTokenizers

@Suite struct TokenizerFileTests {
    /// A file's content and the kind it is recognised as.
    static let contents: [(content: String, kind: TokenizerKind)] = [
        ("", .empty),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 499723\n", .gitLFSPointer),
        ("\n <!DOCTYPE html><html></html>", .html),
        ("<HTML>", .html),
        ("IQ== 0\nIg== 1\n", .tiktoken),
        ("IQ== 0\r\n", .tiktoken),
        (#"{"version": "1.0", "model": {"type": "BPE", "vocab": {}}}"#, .huggingFaceJSON),
        (#"{"tokenizer_class": "LlamaTokenizer"}"#, .otherJSON),
        ("[1, 2]", .otherJSON),
        ("\u{7}\0\0\0\0\0\0\0\u{5}\0\0\0<unk>\0\0\0\0\u{1}\0\0\0a", .llama2cBin),
        ("\n\u{E}\n\u{5}<unk>", .sentencePiece),
        ("GGUF\u{3}\0\0\0", .gguf),
        ("the quick brown fox", .unknown),
        ("PK\u{3}\u{4}", .unknown),
        ("\n", .unknown),
    ]

    @Test(arguments: contents.indices)
    func recognizesAFileByItsContent(_ index: Int) {
        let (content, kind) = Self.contents[index]
        #expect(TokenizerKind(sniffing: Array(content.utf8)) == kind, "\(content.debugDescription)")
    }

    @Test(arguments: Fixture.allCases)
    func loadsASentencePieceModel(_ fixture: Fixture) throws {
        let tokenizer = try loadTokenizer(at: fixture.path)
        #expect(tokenizer.vocabularySize == (try fixture.expectation.vocabulary_size))
    }

    /// What a file holds, and the whole line that a user sees after its name.
    static let messages: [(content: String, message: String)] = [
        (
            "",
            "expected a SentencePiece model, a tiktoken vocabulary, a tokenizer.json or a GGUF file, "
                + "found an empty file; download it again"
        ),
        (
            "version https://git-lfs.github.com/spec/v1\n",
            "expected a SentencePiece model, a tiktoken vocabulary, a tokenizer.json or a GGUF file, found a Git LFS pointer; "
                + "fetch the file itself with `git lfs pull`"
        ),
        (
            "<!DOCTYPE html>",
            "expected a SentencePiece model, a tiktoken vocabulary, a tokenizer.json or a GGUF file, "
                + "found a web page; download the file itself, not the page about it"
        ),
        (
            "IQ== 0\n",
            "expected a tiktoken vocabulary, found a damaged one "
                + "(in line 1: there is no token for the byte 0x0); download it again"
        ),
        (
            #"{"model": {"vocab": {}}}"#,
            "model: expected a key \"merges\", found none; correct the file or download it again"
        ),
        (
            "hello",
            "expected a SentencePiece model, a tiktoken vocabulary, a tokenizer.json or a GGUF file, "
                + "found something else; check the path"
        ),
        (
            "\n\u{E}\n\u{5}<unk>",
            "expected a SentencePiece model, found a damaged one "
                + "(at byte 2: a field of 14 bytes has only 7 bytes left); download it again"
        ),
    ]

    @Test(arguments: messages.indices)
    func saysWhatIsWrongWithAFile(_ index: Int) throws {
        let (content, message) = Self.messages[index]
        try withTemporaryFile(Array(content.utf8)) { path in
            let error = #expect(throws: TokenizerError.self) { try loadTokenizer(at: path) }
            #expect(error?.description == "\(path): \(message)")
            #expect(error?.isMissingInput == false)
        }
    }

    @Test func tellsAMissingFileFromABadOne() throws {
        let folder = try Fixtures.folder.path
        let missing = folder + "/no-such.model"
        let error = #expect(throws: TokenizerError.notFound(file: missing)) { try loadTokenizer(at: missing) }
        #expect(error?.isMissingInput == true)
        #expect(
            error?.description == missing + ": expected a tokenizer file, found nothing; check the path")
    }

    @Test func tellsADirectoryFromAFile() throws {
        let folder = try Fixtures.folder.path
        let error = #expect(throws: TokenizerError.isDirectory(file: folder)) {
            try loadTokenizer(at: folder)
        }
        #expect(error?.isMissingInput == true)
    }

    @Test func givesTheSystemsReasonForAnUnreadableFile() throws {
        let name = String(repeating: "x", count: 5_000)
        let error = #expect(throws: TokenizerError.self) { try loadTokenizer(at: name) }
        #expect(error == .unreadable(file: name, reason: "File name too long"))
    }

    /// Found beside a checkpoint, a pipe would never end.
    @Test(.timeLimit(.minutes(1))) func refusesAPipe() throws {
        try withTemporaryFolder { folder in
            let path = folder.appending(path: "tokenizer.model").path
            try #require(mkfifo(path, 0o600) == 0)
            let error = #expect(throws: TokenizerError.self) { try TokenizerLocation(at: folder.path).load() }
            #expect(error == .unreadable(file: path, reason: "it is a pipe, not a regular file"))
        }
    }

    @Test func readsNoMoreThanTheLimit() throws {
        let error = TokenizerError.tooLarge(file: "/dev/zero", limit: TokenizerFile.maximumSize)
        #expect(throws: error) { try TokenizerLocation(at: "/dev/zero") }
        #expect(error.description.contains("more than 256 MiB"))
    }

    @Test func keepsTheMessageOnOneLine() {
        let error = TokenizerError.rejected(file: "a\nb", reason: "c\r\nd\u{2028}e")
        #expect(error.description.split(whereSeparator: \.isNewline).count == 1)
    }
}
