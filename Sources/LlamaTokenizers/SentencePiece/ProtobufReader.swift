/// Walks the fields of one protobuf message without copying it (protobuf's "Encoding" page).
///
/// Every length is checked against the message before it is used. Groups, which no tokenizer file has, are refused.
struct ProtobufReader {
    /// A field of the message.
    struct Field {
        let number: UInt64
        let value: Value
        /// Where in the whole file the field begins.
        let offset: Int
    }

    /// A field's value, by wire type.
    enum Value {
        case varint(UInt64)
        case fixed64
        case bytes(ArraySlice<UInt8>)
        case fixed32(UInt32)
    }

    /// What is wrong with a message, and where in the file.
    struct Damage: Error {
        let what: String
        let offset: Int
    }

    private let message: ArraySlice<UInt8>
    private var position: Int

    /// - Parameter message: a slice of the file; offsets in errors are its indices.
    init(_ message: ArraySlice<UInt8>) {
        self.message = message
        position = message.startIndex
    }

    /// The next field, or nil at the end of the message.
    mutating func next() throws(Damage) -> Field? {
        guard position < message.endIndex else { return nil }
        let start = position
        let tag = try varint()
        let number = tag >> 3
        // Numbers are 29 bits wide.
        guard number > 0, number < 1 << 29 else {
            throw Damage(what: "no field has number \(number)", offset: start)
        }
        let value: Value =
            switch tag & 7 {
            case 0: .varint(try varint())
            case 1: try fixed64()
            case 2: .bytes(try read(try varint()))
            case 5: .fixed32(try fixed32())
            default: throw Damage(what: "no field has wire type \(tag & 7)", offset: start)
            }
        return Field(number: number, value: value, offset: start)
    }

    private mutating func varint() throws(Damage) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 70 {
            guard position < message.endIndex else {
                throw Damage(what: "a number is cut off", offset: start)
            }
            let byte = message[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        throw Damage(what: "a number is longer than 10 bytes", offset: start)
    }

    private mutating func read(_ length: UInt64) throws(Damage) -> ArraySlice<UInt8> {
        let available = message.endIndex - position
        guard length <= UInt64(available) else {
            throw Damage(
                what: "a field of \(length) bytes has only \(available) bytes left", offset: position)
        }
        let start = position
        position += Int(length)
        return message[start..<position]
    }

    private mutating func fixed32() throws(Damage) -> UInt32 {
        try read(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    private mutating func fixed64() throws(Damage) -> Value {
        _ = try read(8)
        return .fixed64
    }
}
