import LlamaTensors
import CLlamaKernels
import Foundation
import LlamaTestSupport

@testable import LlamaKernels

/// A weight matrix cut into parts, each at the very end of a readable page.
///
/// The page after each part is unreadable, so a kernel that reads past a part's last element crashes. A part's
/// address is therefore aligned to its element only.
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
        padding: Int = 0, seed: Int = 1, scale: Float = 1, quants: UInt8? = nil
    ) {
        precondition(rows % rowParts == 0 && columns % columnParts == 0)
        var numbers = SeededGenerator(seed: seed)
        let stored = dtype.dtype
        let (unit, size) = (stored.blockCount, stored.blockSize)
        precondition(columns / columnParts % unit == 0)
        let encoded = (0..<rows * columns / unit).map { _ in
            randomBlock(stored, &numbers, scale: scale, quants: quants)
        }
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
