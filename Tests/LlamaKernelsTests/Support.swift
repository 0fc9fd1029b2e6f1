import CLlamaKernels
import Foundation
import LlamaTensors
import Testing

@testable import LlamaKernels

let supportedSets = InstructionSet.allCases.filter(\.isSupported)

extension lk_dtype: @retroactive CaseIterable, @retroactive CustomTestStringConvertible {
    /// Every dtype a weight may have.
    public static var allCases: [lk_dtype] { DType.allCases.compactMap(\.kernelType) }
    /// The dtype as test output names it.
    public var testDescription: String { dtype.rawValue }

    /// The tensors' name for it.
    var dtype: DType { DType.allCases.first { $0.kernelType == self } ?? .float32 }

    /// The columns that a test of dtypes without blocks would ask for, made whole blocks in each of `parts`.
    func columns(_ columns: Int, parts: Int = 1) -> Int {
        guard dtype.isBlockFormat else { return columns }
        let unit = dtype.blockCount * parts
        return (columns + unit - 1) / unit * unit
    }
}

/// A repeatable source of values (xorshift64*).
struct Numbers {
    private var state: UInt64

    init(seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }

    /// Uniform in -1 ..< 1.
    mutating func float() -> Float { Float(Int32(truncatingIfNeeded: next() >> 32)) * 0x1p-31 }

    mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in float() } }
}

/// A block's random bytes in a dtype, and the values they stand for.
func randomBlock(_ dtype: DType, _ numbers: inout Numbers, scale: Float) -> (bytes: [UInt8], values: [Float])
{
    guard dtype.isBlockFormat else {
        var bytes = [UInt8](repeating: 0, count: dtype.blockSize)
        let value = [numbers.float() * scale]
        value.withUnsafeBufferPointer { value in
            _ = bytes.withUnsafeMutableBytes { dtype.encode(value, into: $0) }
        }
        return (bytes, decode(bytes, dtype))
    }
    var bytes = (0..<dtype.blockSize).map { _ in UInt8(truncatingIfNeeded: numbers.next() >> 40) }
    // The greatest quants, with a run's own scale, are about 2^7 and 2^12.
    let unit: Float = dtype.blockCount == 256 ? 0x1p-12 : 0x1p-7
    for offset in dtype.scaleOffsets {
        let factor = Float16(numbers.float() * scale * unit).bitPattern
        (bytes[offset], bytes[offset + 1]) = (UInt8(factor & 0xFF), UInt8(factor >> 8))
    }
    return (bytes, decode(bytes, dtype))
}

/// What the Tensors module, which has its own loops, decodes.
private func decode(_ bytes: [UInt8], _ dtype: DType) -> [Float] {
    var values = [Float](repeating: .nan, count: bytes.count / dtype.blockSize * dtype.blockCount)
    bytes.withUnsafeBytes { bytes in
        values.withUnsafeMutableBufferPointer { _ = dtype.decode(bytes, into: $0) }
    }
    return values
}

extension DType {
    /// Where a block's binary16 scales lie (`block_*` in `ggml-common.h` of llama.cpp).
    fileprivate var scaleOffsets: [Int] {
        switch self {
        case .q4_0, .q5_0, .q8_0: [0]
        case .q4_1, .q5_1, .q4_K, .q5_K: [0, 2]
        case .q2_K: [80, 82]
        case .q3_K: [108]
        case .q6_K: [208]
        default: []
        }
    }
}

/// A weight matrix cut into parts, each at the very end of a readable page.
///
/// The page after each part is unreadable, so a kernel that reads past a part's last element crashes; parts
/// begin wherever that puts them, aligned to their element only.
final class Weights {
    let dtype: lk_dtype
    let rows: Int
    let columns: Int
    /// [rows, columns]
    let values: [Float]
    private let blocks: UnsafeMutablePointer<lk_block>
    private let matrix: UnsafeMutablePointer<lk_matrix>
    private var mappings: [(UnsafeMutableRawPointer, Int)] = []

    init(
        _ dtype: lk_dtype, rows: Int, columns: Int, rowParts: Int = 1, columnParts: Int = 1,
        padding: Int = 0, seed: Int = 1, scale: Float = 1
    ) {
        precondition(rows % rowParts == 0 && columns % columnParts == 0)
        var numbers = Numbers(seed: seed)
        let stored = dtype.dtype
        let (unit, size) = (stored.blockCount, stored.blockSize)
        precondition(columns / columnParts % unit == 0)
        let encoded = (0..<rows * columns / unit).map { _ in randomBlock(stored, &numbers, scale: scale) }
        self.dtype = dtype
        self.rows = rows
        self.columns = columns
        values = encoded.flatMap(\.values)
        blocks = .allocate(capacity: rowParts * columnParts)
        matrix = .allocate(capacity: 1)
        let partRows = rows / rowParts
        let partColumns = columns / columnParts
        let stride = partColumns + padding * unit
        for part in 0..<rowParts * columnParts {
            let firstRow = part / columnParts * partRows
            let firstColumn = part % columnParts * partColumns
            let length = ((partRows - 1) * stride + partColumns) / unit * size
            let base = map(length)
            for row in 0..<partRows {
                for column in Swift.stride(from: 0, to: partColumns, by: unit) {
                    let bytes = encoded[((firstRow + row) * columns + firstColumn + column) / unit].bytes
                    base.advanced(by: (row * stride + column) / unit * size)
                        .copyMemory(from: bytes, byteCount: size)
                }
            }
            blocks[part] = lk_block(
                data: UnsafeRawPointer(base), row_stride: stride, rows: partRows, columns: partColumns)
        }
        matrix.pointee = lk_matrix(
            dtype: dtype, rows: rows, columns: columns, row_parts: rowParts, column_parts: columnParts,
            blocks: blocks)
    }

    private func map(_ length: Int) -> UnsafeMutableRawPointer {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let readable = (length + page - 1) / page * page
        guard
            let memory = mmap(
                nil, readable + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            memory != MAP_FAILED
        else { fatalError("no memory for a test") }
        mprotect(memory + readable, page, PROT_NONE)
        mappings.append((memory, readable + page))
        return memory + (readable - length)
    }

    deinit {
        for (memory, length) in mappings { munmap(memory, length) }
        blocks.deallocate()
        matrix.deallocate()
    }

    /// Weight rows `range` of a matrix of one part.
    func rows(_ range: Range<Int>) -> (block: lk_block, values: ArraySlice<Float>) {
        var block = blocks[0]
        block.data =
            block.data + range.lowerBound * block.row_stride / dtype.dtype.blockCount * dtype.dtype.blockSize
        block.rows = range.count
        return (block, values[range.lowerBound * columns..<range.upperBound * columns])
    }

    func op(
        bias: UnsafePointer<Float>? = nil, out: UnsafeMutablePointer<Float>, stride: Int? = nil,
        accumulate: Bool = false
    ) -> lk_linear_op {
        lk_linear_op(
            weight: matrix, bias: bias, out: out, out_stride: stride ?? rows, accumulate: accumulate)
    }

    /// x [tokens, columns] times the matrix, [tokens, rows].
    func apply(
        _ context: KernelContext, _ x: [Float], tokens: Int, bias: [Float]? = nil, onto: [Float]? = nil
    ) -> [Float] {
        var out = onto ?? [Float](repeating: .nan, count: tokens * rows)
        out.withUnsafeMutableBufferPointer { out in
            guard let base = out.baseAddress else { return }
            if let bias {
                bias.withUnsafeBufferPointer {
                    var op = op(bias: $0.baseAddress, out: base, accumulate: onto != nil)
                    lk_linear(context.handle, &op, 1, x, columns, tokens)
                }
            } else {
                var op = op(out: base, accumulate: onto != nil)
                lk_linear(context.handle, &op, 1, x, columns, tokens)
            }
        }
        return out
    }

    func withMatrix<Result>(_ body: (UnsafePointer<lk_matrix>) -> Result) -> Result { body(matrix) }

    /// The same product in double, and for each element a bound on what float32 rounding may add: each of the
    /// `columns` multiply-adds rounds once, relative to a partial sum no larger than the sum of magnitudes.
    func expected(_ x: [Float], tokens: Int) -> [(value: Double, tolerance: Double)] {
        var result: [(Double, Double)] = []
        for token in 0..<tokens {
            for row in 0..<rows {
                var sum = 0.0
                var magnitude = 0.0
                for k in 0..<columns {
                    let product = Double(values[row * columns + k]) * Double(x[token * columns + k])
                    sum += product
                    magnitude += abs(product)
                }
                let steps = Double(columns) / 8 + 8
                result.append((sum, steps * 0x1p-24 * magnitude + 1e-30))
            }
        }
        return result
    }
}

func bits(_ values: some Sequence<Float>) -> [UInt32] { values.map(\.bitPattern) }
