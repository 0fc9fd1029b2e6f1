/// The characters that byte-level vocabularies spell bytes with, so that every token is printable text: a byte that
/// is a visible character of Latin-1 stands for itself, the others are numbered from U+0100 on (`bytes_char` of
/// Hugging Face's tokenizers, after GPT-2).
enum ByteAlphabet {
    /// The byte that a scalar stands for, by the scalar; negative where it stands for none.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x144)
        var next = 0x100
        for byte in 0..<0x100 {
            let isVisible =
                (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte)
            bytes[isVisible ? byte : next] = Int16(byte)
            if !isVisible { next += 1 }
        }
        return bytes
    }()

    /// What each byte is spelled with, in UTF-8.
    private static let spellings: [[UInt8]] = {
        var spellings = [[UInt8]](repeating: [], count: 0x100)
        for (scalar, byte) in bytes.enumerated() where byte >= 0 {
            spellings[Int(byte)] = Unicode.Scalar(UInt32(scalar)).map { Array(String($0).utf8) } ?? []
        }
        return spellings
    }()

    /// How bytes are spelled.
    static func spelling(of bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.reduce(into: []) { $0 += spellings[Int($1)] }
    }

    /// Appends the bytes that a spelling, well-formed UTF-8, stands for; false where it has a character outside the
    /// alphabet, and then what was appended means nothing.
    static func bytes(spelledBy spelling: UnsafeBufferPointer<UInt8>, into result: inout [UInt8]) -> Bool {
        var place = 0
        while place < spelling.count {
            let (scalar, next) = UTF8Scalar.decode(spelling, at: place)
            guard scalar < bytes.count, bytes[Int(scalar)] >= 0 else { return false }
            result.append(UInt8(bytes[Int(scalar)]))
            place = next
        }
        return true
    }
}
