/// The characters with which byte-level vocabularies spell bytes, so that every token is printable: a byte that is a
/// visible character of Latin-1 is spelled as that, the others are numbered from U+0100 on (`bytes_char` of
/// Hugging Face's tokenizers, after GPT-2).
enum ByteAlphabet {
    /// The byte that a scalar spells, by the scalar; negative if it spells none.
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

    /// The spelling of each byte, in UTF-8.
    private static let spellings: [[UInt8]] = {
        var spellings = [[UInt8]](repeating: [], count: 0x100)
        for (scalar, byte) in bytes.enumerated() where byte >= 0 {
            spellings[Int(byte)] = Unicode.Scalar(UInt32(scalar)).map { Array(String($0).utf8) } ?? []
        }
        return spellings
    }()

    /// The spelling of bytes.
    static func spelling(of bytes: some Sequence<UInt8>) -> [UInt8] {
        bytes.reduce(into: []) { $0 += spellings[Int($1)] }
    }

    /// Appends the bytes of a spelling, which is well-formed UTF-8; returns false if it has a character outside the
    /// alphabet, and then what was appended is meaningless.
    static func bytes(spelledBy spelling: UnsafeBufferPointer<UInt8>, into result: inout [UInt8]) -> Bool {
        var offset = 0
        while offset < spelling.count {
            let (scalar, next) = UTF8Scalar.decode(spelling, at: offset)
            guard scalar < bytes.count, bytes[Int(scalar)] >= 0 else { return false }
            result.append(UInt8(bytes[Int(scalar)]))
            offset = next
        }
        return true
    }
}
