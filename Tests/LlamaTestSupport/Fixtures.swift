import Foundation
import Testing

/// Files that came with the tests; each was written by a script in `tools/`, which says where it is from.
public enum Fixtures {
    /// The folder of a tiny random checkpoint of `tools/make_llama_fixtures.py`.
    public static func checkpoint(_ name: String) throws -> URL {
        try folder.appending(path: "Checkpoints/\(name)")
    }

    /// A file of `tools/make_sentencepiece_fixtures.py`.
    public static func tokenizer(_ name: String) throws -> URL {
        try folder.appending(path: "Tokenizers/\(name)")
    }

    /// The folder of all of them.
    public static var folder: URL {
        get throws { try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil)) }
    }
}
