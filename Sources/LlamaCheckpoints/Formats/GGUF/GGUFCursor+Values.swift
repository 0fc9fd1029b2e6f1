extension GGUFCursor {
    /// How deep arrays may nest.
    private static let depthLimit = 4

    /// The next key; ASCII by the format.
    mutating func key() throws(CheckpointError) -> String {
        let bytes = try string()
        guard (1...65535).contains(bytes.count), bytes.allSatisfy({ $0 < 0x80 }) else {
            let text = String(decoding: bytes.prefix(40), as: UTF8.self)
            throw invalid(expected: "a key of 1 to 65535 ASCII characters", found: "\"\(text)\"")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The number of a type.
    mutating func type() throws(CheckpointError) -> GGUFType {
        let number = try integer(UInt32.self)
        guard let type = GGUFType(rawValue: number) else {
            throw invalid(expected: "a value type from 0 to 12", found: "\(number)")
        }
        return type
    }

    /// The next value, which is of this type.
    mutating func value(_ type: GGUFType) throws(CheckpointError) -> GGUFValue {
        switch type {
        case .uint8: .uint8(try integer())
        case .int8: .int8(try integer())
        case .uint16: .uint16(try integer())
        case .int16: .int16(try integer())
        case .uint32: .uint32(try integer())
        case .int32: .int32(try integer())
        case .float32: .float32(Float(bitPattern: try integer()))
        case .bool: .bool(try bool())
        case .string: .string(Array(try string()))
        case .array: .array(try array(depth: 1))
        case .uint64: .uint64(try integer())
        case .int64: .int64(try integer())
        case .float64: .float64(Double(bitPattern: try integer()))
        }
    }

    private mutating func bool() throws(CheckpointError) -> Bool {
        let byte = try integer(UInt8.self)
        guard byte <= 1 else { throw invalid(expected: "0 or 1", found: "\(byte)") }
        return byte == 1
    }

    private mutating func array(depth: Int) throws(CheckpointError) -> GGUFArray {
        guard depth <= GGUFCursor.depthLimit else {
            throw invalid(expected: "arrays at most \(GGUFCursor.depthLimit) deep", found: "deeper ones")
        }
        let type = try type()
        let count = try count(of: "elements", least: type.leastByteCount)
        switch type {
        case .uint8: return .uint8(try integers(count))
        case .int8: return .int8(try integers(count))
        case .uint16: return .uint16(try integers(count))
        case .int16: return .int16(try integers(count))
        case .uint32: return .uint32(try integers(count))
        case .int32: return .int32(try integers(count))
        case .float32: return .float32(try integers(count).map { Float(bitPattern: $0) })
        case .bool: return .bool(try bools(count))
        case .string: return .string(try strings(count))
        case .array: return .array(try arrays(count, depth: depth + 1))
        case .uint64: return .uint64(try integers(count))
        case .int64: return .int64(try integers(count))
        case .float64: return .float64(try integers(count).map { Double(bitPattern: $0) })
        }
    }

    /// - Parameter count: Checked against the bytes that are left.
    private mutating func integers<T: FixedWidthInteger>(_ count: Int) throws(CheckpointError) -> [T] {
        let size = MemoryLayout<T>.size
        let bytes = try self.bytes(count * size)
        return (0..<count).map { T(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * size, as: T.self)) }
    }

    private mutating func bools(_ count: Int) throws(CheckpointError) -> [Bool] {
        let bytes = try self.bytes(count)
        if let odd = bytes.first(where: { $0 > 1 }) { throw invalid(expected: "0 or 1", found: "\(odd)") }
        return bytes.map { $0 == 1 }
    }

    private mutating func strings(_ count: Int) throws(CheckpointError) -> GGUFStrings {
        var strings = GGUFStrings()
        for _ in 0..<count { strings.append(try string()) }
        return strings
    }

    private mutating func arrays(_ count: Int, depth: Int) throws(CheckpointError) -> [GGUFArray] {
        var arrays: [GGUFArray] = []
        for _ in 0..<count { arrays.append(try array(depth: depth)) }
        return arrays
    }
}
