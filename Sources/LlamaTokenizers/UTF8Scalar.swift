/// Scalars of well-formed UTF-8.
enum UTF8Scalar {
    /// The scalar at an offset within the text, and the offset of the next.
    @inline(__always)
    static func decode(_ text: UnsafeBufferPointer<UInt8>, at offset: Int) -> (scalar: UInt32, next: Int) {
        let first = UInt32(text[offset])
        if first < 0x80 { return (first, offset + 1) }
        func bits(_ index: Int) -> UInt32 { UInt32(text[offset + index] & 0x3F) }
        if first < 0xE0 { return ((first & 0x1F) << 6 | bits(1), offset + 2) }
        if first < 0xF0 { return ((first & 0x0F) << 12 | bits(1) << 6 | bits(2), offset + 3) }
        return ((first & 0x07) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3), offset + 4)
    }

    /// The number of bytes of the scalar at an offset within the text.
    @inline(__always)
    static func length(_ text: UnsafeBufferPointer<UInt8>, at offset: Int) -> Int {
        let first = text[offset]
        return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    }

    /// The offset of the scalar before an offset; 0 at the beginning.
    @inline(__always)
    static func start(_ text: UnsafeBufferPointer<UInt8>, before offset: Int) -> Int {
        var start = offset - 1
        while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
        return max(start, 0)
    }
}
