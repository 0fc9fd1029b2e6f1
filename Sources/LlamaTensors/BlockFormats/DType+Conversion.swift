/// Stored weights to `Float` and back. Everything in Swift that decodes or encodes weights calls these.
extension DType {
    /// Whether `Float`s can be stored as this type.
    package var isEncodable: Bool {
        switch self {
        case .float32, .float16, .bfloat16, .q8_0, .q5_0, .q4_0, .q4_K, .q6_K: true
        default: false
        }
    }

    /// Decodes the values that `blocks` store, in order.
    ///
    /// Decodes as many whole blocks as fit both buffers; neither needs to be aligned. The values equal those of the
    /// `gguf` library's `dequantize` bit for bit, except for the payload of NaNs that arithmetic produces; infinite and
    /// NaN scales multiply by IEEE 754.
    ///
    /// - Returns: How many values were written; 0 for a type that weights do not use.
    @discardableResult
    package func decode(_ blocks: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Float>)
        -> Int
    {
        let count = min(blocks.count / blockSize, values.count / blockCount)
        guard isWeightType, count > 0, let source = blocks.baseAddress, let target = values.baseAddress else {
            return 0
        }
        switch self {
        case .float32:
            UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: count * blockSize)
        case .float16: decodeFloats(source, target, count, float(fromHalf:))
        case .bfloat16: decodeFloats(source, target, count) { Float(bitPattern: UInt32($0) << 16) }
        case .q4_0: decodeBlocks(source, target, count, decodeQ4_0)
        case .q4_1: decodeBlocks(source, target, count, decodeQ4_1)
        case .q5_0: decodeBlocks(source, target, count, decodeQ5_0)
        case .q5_1: decodeBlocks(source, target, count, decodeQ5_1)
        case .q8_0: decodeBlocks(source, target, count, decodeQ8_0)
        case .q2_K: decodeBlocks(source, target, count, decodeQ2_K)
        case .q3_K: decodeBlocks(source, target, count, decodeQ3_K)
        case .q4_K: decodeBlocks(source, target, count, decodeQ4_K)
        case .q5_K: decodeBlocks(source, target, count, decodeQ5_K)
        case .q6_K: decodeBlocks(source, target, count, decodeQ6_K)
        case .float64, .int64, .int32, .int16, .int8, .uint8, .bool: return 0
        }
        return count * blockCount
    }

    /// Stores `values`, in order: F32 as they are, F16 and BF16 rounded to the nearest (ties to even), block formats as
    /// the reference quantizers of llama.cpp do.
    ///
    /// Encodes as many whole blocks as fit both buffers; neither needs to be aligned. Decoded F16 and BF16 values encode
    /// to the same bits again, NaNs included. Nothing traps: see ``encodeQ8_0(_:_:)`` for NaN and infinity in a block.
    ///
    /// - Returns: How many values were stored; 0 for a type that is not ``isEncodable``.
    @discardableResult
    package func encode(_ values: UnsafeBufferPointer<Float>, into blocks: UnsafeMutableRawBufferPointer)
        -> Int
    {
        let count = min(blocks.count / blockSize, values.count / blockCount)
        guard isEncodable, count > 0, let source = values.baseAddress, let target = blocks.baseAddress else {
            return 0
        }
        switch self {
        case .float32: target.copyMemory(from: source, byteCount: count * blockSize)
        case .float16: encodeFloats(source, target, count, half(rounding:))
        case .bfloat16: encodeFloats(source, target, count, bfloat16(rounding:))
        case .q8_0: encodeBlocks(source, target, count, encodeQ8_0)
        case .q5_0: encodeBlocks(source, target, count, encodeQ5_0)
        case .q4_0: encodeBlocks(source, target, count, encodeQ4_0)
        case .q4_K:
            Q4KEncoder.withScratch { encodeBlocks(source, target, count, $0.encode) }
        case .q6_K:
            Q6KEncoder.withScratch { encodeBlocks(source, target, count, $0.encode) }
        default: return 0
        }
        return count * blockCount
    }

    @inline(__always)
    private func decodeFloats(
        _ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, _ count: Int,
        _ decode: (UInt16) -> Float
    ) {
        for index in 0..<count {
            let bits = source.loadUnaligned(fromByteOffset: 2 &* index, as: UInt16.self)
            target[index] = decode(UInt16(littleEndian: bits))
        }
    }

    @inline(__always)
    private func decodeBlocks(
        _ source: UnsafeRawPointer, _ target: UnsafeMutablePointer<Float>, _ count: Int,
        _ decode: (UnsafeRawPointer, UnsafeMutablePointer<Float>) -> Void
    ) {
        for block in 0..<count { decode(source + block &* blockSize, target + block &* blockCount) }
    }

    @inline(__always)
    private func encodeFloats(
        _ source: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer, _ count: Int,
        _ encode: (Float) -> UInt16
    ) {
        for index in 0..<count { storeHalf(encode(source[index]), target + 2 &* index) }
    }

    @inline(__always)
    private func encodeBlocks(
        _ source: UnsafePointer<Float>, _ target: UnsafeMutableRawPointer, _ count: Int,
        _ encode: (UnsafePointer<Float>, UnsafeMutableRawPointer) -> Void
    ) {
        for block in 0..<count { encode(source + block &* blockCount, target + block &* blockSize) }
    }
}
