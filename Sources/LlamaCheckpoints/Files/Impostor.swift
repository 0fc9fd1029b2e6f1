/// What a failed download often leaves under the name of the real file.
enum Impostor: String {
    case empty = "an empty file"
    case webPage = "a web page (HTML)"
    case lfsPointer = "a Git LFS pointer"

    /// Nil for bytes that are none of these.
    init?(_ bytes: UnsafeRawBufferPointer) {
        let head = String(decoding: bytes.prefix(256), as: UTF8.self).drop { $0.isWhitespace }.lowercased()
        if bytes.isEmpty {
            self = .empty
        } else if head.hasPrefix("<!doctype html") || head.hasPrefix("<html") || head.hasPrefix("<?xml") {
            self = .webPage
        } else if head.hasPrefix("version https://git-lfs") {
            self = .lfsPointer
        } else {
            return nil
        }
    }

    /// How to get the real file.
    var advice: String {
        switch self {
        case .empty, .webPage: "the download failed: fetch the file again"
        case .lfsPointer: "run `git lfs pull` to fetch the file itself"
        }
    }
}
