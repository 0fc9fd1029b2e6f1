/// A JSON text that is written from left to right, which is cheaper than a tree of a hundred thousand entries.
struct JSONBytes {
    var bytes: [UInt8] = []

    static func += (json: inout JSONBytes, text: String) { json.bytes += text.utf8 }

    /// Appends a string, which is given in UTF-8.
    mutating func string(_ text: [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: bytes += "\(byte < 0x10 ? "\\u000" : "\\u00")\(String(byte, radix: 16))".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
