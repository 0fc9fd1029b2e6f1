@testable import LlamaConversion
import LlamaTestSupport
import Testing

struct CRC32Tests {
    /// The check value of the catalogue of CRC algorithms (CRC-32/ISO-HDLC), and two of Python's `zlib.crc32`.
    @Test(
        arguments: [
            ("", 0), ("123456789", 0xCBF4_3926), ("The quick brown fox jumps over the lazy dog", 0x414F_A339),
        ] as [(String, UInt32)])
    func agreesWithKnownValues(text: String, value: UInt32) {
        #expect(CRC32.checksum(of: Array(text.utf8)) == value)
    }

    /// Every length around the slices of sixteen, at every alignment of them, against one byte at a time.
    @Test func agreesWithThePlainDefinition() {
        var numbers = SeededGenerator(seed: 1)
        let bytes = (0..<80).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        for start in 0..<16 {
            for end in start..<bytes.count {
                let slice = bytes[start..<end]
                let value = bytes.withUnsafeBytes {
                    CRC32.checksum(of: UnsafeRawBufferPointer(rebasing: $0[start..<end]))
                }
                #expect(value == plain(slice), "\(start)..<\(end)")
            }
        }
    }

    @Test func continuesOverSlices() {
        var numbers = SeededGenerator(seed: 2)
        let bytes = (0..<1000).map { _ in UInt8.random(in: 0...255, using: &numbers) }
        let whole = CRC32.checksum(of: bytes)
        for cut in [0, 1, 15, 16, 17, 500, 984, 999, 1000] {
            let (first, second) = (Array(bytes[..<cut]), Array(bytes[cut...]))
            var running = CRC32()
            first.withUnsafeBytes { running.update($0) }
            second.withUnsafeBytes { running.update($0) }
            #expect(running.value == whole)
        }
    }

    private func plain(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var value = ~UInt32(0)
        for byte in bytes {
            value ^= UInt32(byte)
            for _ in 0..<8 { value = value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
        }
        return ~value
    }
}
