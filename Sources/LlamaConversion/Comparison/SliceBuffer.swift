import LlamaCheckpoints
import LlamaTensors

/// Rows of one side of a comparison, as bytes and as numbers; allocated once for all slices of a tensor.
struct SliceBuffer {
    private var bytes: [UInt8]
    /// The rows where they lie in the file, which spares the copy. Valid while the checkpoint lives.
    private var lent: UnsafeRawBufferPointer?
    private var byteCount = 0
    /// The numbers of the last slice that was decoded.
    private(set) var floats: [Float] = []

    init(rows: CanonicalRows, rowCount: Int) {
        bytes = [UInt8](repeating: 0, count: rowCount * rows.rowByteCount)
    }

    /// Takes the rows in, in place where they lie in order.
    mutating func read(_ range: Range<Int>, of rows: CanonicalRows) {
        byteCount = range.count * rows.rowByteCount
        if let place = rows.rowsInPlace(range), place.count == byteCount {
            lent = place
        } else {
            lent = nil
            bytes.withUnsafeMutableBytes { rows.copyRows(range, into: $0) }
        }
    }

    /// The bytes taken in.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        if let lent { return body(lent) }
        return bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<byteCount])) }
    }

    /// Makes ``floats`` of the bytes taken in.
    mutating func decode(_ dtype: DType) {
        var decoded = floats
        floats = []
        withBytes { SliceBuffer.decode($0, dtype, into: &decoded) }
        floats = decoded
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer, _ dtype: DType, into floats: inout [Float]) {
        switch dtype {
        case .float32:
            fill(&floats, bytes.count / 4) { bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        case .bfloat16:
            fill(&floats, bytes.count / 2) {
                Float(bitPattern: UInt32(bytes.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self)) << 16)
            }
        case .float16:
            HalfTable.shared.withUnsafeBufferPointer { table in
                fill(&floats, bytes.count / 2) {
                    table[Int(bytes.loadUnaligned(fromByteOffset: $0 * 2, as: UInt16.self))]
                }
            }
        default:
            let count = bytes.count / dtype.blockSize * dtype.blockCount
            let copy = OwnedBuffer(reserving: bytes.count) { $0.copyMemory(from: bytes) }
            let tensor = copy.flatMap { Tensor(dtype: dtype, shape: [count], storage: $0, byteOffset: 0) }
            floats = tensor?.floats() ?? [Float](repeating: .nan, count: count)
        }
    }

    private static func fill(_ floats: inout [Float], _ count: Int, _ value: (Int) -> Float) {
        if floats.count != count { floats = [Float](repeating: 0, count: count) }
        floats.withUnsafeMutableBufferPointer { target in
            for index in 0..<count { target[index] = value(index) }
        }
    }
}

/// Every half as a float: without the processor's own instruction, looking it up is several times faster than
/// computing it.
private enum HalfTable {
    static let shared: [Float] = (0...UInt16.max).map { bits in
        // Not-a-numbers keep their bits, quiet or not, as a cast of the bits would.
        let isNaN = bits & 0x7C00 == 0x7C00 && bits & 0x3FF != 0
        guard isNaN else { return Float(Float16(bitPattern: bits)) }
        return Float(bitPattern: UInt32(bits & 0x8000) << 16 | 0x7F80_0000 | UInt32(bits & 0x3FF) << 13)
    }
}
