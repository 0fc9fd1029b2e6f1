import LlamaTensors

/// The rows of a weight in a canonical order, independent of how the files cut and order them. Comparisons and
/// conversions read weights this way.
///
/// The parts of model-parallel shards are joined, and the rows of wq and wk (and the elements of their biases) are in
/// Meta's order, or in Hugging Face's on request. A tensor of one dimension is a single row. Nothing is read before a
/// row is copied, no copy allocates, and any number of threads may copy at once.
package struct CanonicalRows: Sendable {
    /// Number of rows; 1 for a tensor of one dimension.
    package let rowCount: Int
    /// Elements in a row.
    package let columnCount: Int
    /// How elements are stored. In a block format, a row consists of whole blocks.
    package let dtype: DType
    /// Bytes of a row.
    package var rowByteCount: Int { columnCount / dtype.blockCount * dtype.blockSize }

    private let cut: ShardCut
    private let parts: [StoredPart]
    /// Of rows, or of the elements of a vector.
    private let permutation: HeadPermutation?

    /// One part as stored in its file.
    private struct StoredPart: Sendable {
        let tensor: Tensor
        let rowCount: Int
        /// Bytes of a row.
        let width: Int
        /// Bytes from the start of one row to the next.
        let pitch: Int

        /// - Parameter tensor: A tensor with dense rows.
        init(_ tensor: Tensor) {
            let dtype = tensor.dtype
            self.tensor = tensor
            rowCount = tensor.shape.count > 1 ? tensor.shape[0] : 1
            width = (tensor.shape.last ?? 1) / dtype.blockCount * dtype.blockSize
            // Block formats are contiguous.
            pitch =
                tensor.shape.count > 1 && !dtype.isBlockFormat ? tensor.strides[0] * dtype.blockSize : width
        }
    }

    /// The rows of a checkpoint's weight.
    ///
    /// - Parameters:
    ///   - role: The role of the weight.
    ///   - configuration: Of the same checkpoint.
    ///   - layout: The order of wq, wk and their biases.
    /// - Throws: for a bias of q or k in a block format whose elements would have to be permuted.
    package init(
        _ weight: Weight, role: TensorRole, configuration: ModelConfiguration,
        layout: RoPELayout = .interleaved
    ) throws(CheckpointError) {
        rowCount = weight.shape.count > 1 ? weight.shape[0] : 1
        columnCount = weight.shape.last ?? 1
        dtype = weight.dtype
        cut = weight.cut
        parts = weight.parts.map(StoredPart.init)
        permutation =
            role.isRotated
            ? HeadPermutation(from: configuration.ropeLayout, to: layout, headDim: configuration.headDim)
            : nil
        guard permutation == nil || weight.shape.count > 1 || !dtype.isBlockFormat else {
            throw .unsupported(weight.name, "\(dtype.rawValue) for a bias whose elements are permuted")
        }
    }

    /// Whether the rows are in another order than in the files.
    package var isPermuted: Bool { permutation != nil }

    /// Copies a row, in the bytes of its dtype.
    ///
    /// - Parameters:
    ///   - index: 0 to ``rowCount`` − 1.
    ///   - target: At least ``rowByteCount`` bytes, of any alignment.
    package func copyRow(_ index: Int, into target: UnsafeMutableRawBufferPointer) {
        copyRows(index..<index + 1, into: target)
    }

    /// Copies consecutive rows, in the bytes of their dtype.
    ///
    /// - Parameters:
    ///   - rows: Within 0 to ``rowCount``.
    ///   - target: At least ``rowByteCount`` bytes for each row, of any alignment.
    package func copyRows(_ rows: Range<Int>, into target: UnsafeMutableRawBufferPointer) {
        guard let start = target.baseAddress, rowByteCount > 0 else { return }
        // Where the part begins in the whole: its first row, and its first byte in each row.
        var (top, left) = (0, 0)
        for part in parts {
            if let base = part.tensor.baseAddress {
                withExtendedLifetime(part.tensor.storage) {
                    copy(part, base, rows: rows, top: top, into: start + left)
                }
            }
            switch cut {
            case .rows: top += part.rowCount
            case .columns: left += part.width
            case .whole: break
            }
        }
    }

    /// The bytes of rows in a mapped file, where they are contiguous and in this order: the first of `rows` and as many
    /// of the following as possible. Nil where a row has to be assembled.
    ///
    /// - Returns: A view of the file's map, of whole rows; valid while the checkpoint lives.
    package func rowsInPlace(_ rows: Range<Int>) -> UnsafeRawBufferPointer? {
        guard cut != .columns, permutation == nil, !rows.isEmpty else { return nil }
        var top = 0
        for part in parts {
            let end = top + (cut == .rows ? part.rowCount : rowCount)
            guard rows.lowerBound < end else {
                top = end
                continue
            }
            let count = part.pitch == part.width ? min(rows.upperBound, end) - rows.lowerBound : 1
            return part.tensor.baseAddress.map {
                UnsafeRawBufferPointer(
                    start: $0 + (rows.lowerBound - top) * part.pitch, count: count * part.width)
            }
        }
        return nil
    }

    /// Where the files hold an element: the index of the part, and the row and column in it.
    ///
    /// - Parameters:
    ///   - row: 0 to ``rowCount`` − 1, in this order.
    ///   - column: 0 to ``columnCount`` − 1; for a vector, in this order.
    package func stored(row: Int, column: Int) -> (part: Int, row: Int, column: Int) {
        let isVector = rowCount == 1 && parts.first?.tensor.shape.count == 1
        var row = isVector ? row : permutation?.source(of: row) ?? row
        var column = isVector ? permutation?.source(of: column) ?? column : column
        for (index, part) in parts.enumerated() {
            let width = part.width / dtype.blockSize * dtype.blockCount
            if cut == .rows, row >= part.rowCount {
                row -= part.rowCount
            } else if cut == .columns, column >= width {
                column -= width
            } else {
                return (index, row, column)
            }
        }
        return (0, row, column)
    }

    /// Copies those of `rows` that a part holds, whose first row is row `top` of the whole.
    private func copy(
        _ part: StoredPart, _ base: UnsafeRawPointer, rows: Range<Int>, top: Int,
        into target: UnsafeMutableRawPointer
    ) {
        let pitch = rowByteCount
        guard let permutation else {
            let held = rows.clamped(to: top..<top + part.rowCount)
            guard !held.isEmpty else { return }
            let source = base + (held.lowerBound - top) * part.pitch
            let target = target + (held.lowerBound - rows.lowerBound) * pitch
            if part.pitch == part.width, part.width == pitch {
                target.copyMemory(from: source, byteCount: held.count * pitch)
            } else {
                for row in 0..<held.count {
                    (target + row * pitch).copyMemory(from: source + row * part.pitch, byteCount: part.width)
                }
            }
            return
        }
        guard rowCount > 1 || part.tensor.shape.count > 1 else {
            return copyElements(base, permutation, into: target)
        }
        for row in rows {
            let held = permutation.source(of: row) - top
            guard held >= 0, held < part.rowCount else { continue }
            (target + (row - rows.lowerBound) * pitch).copyMemory(
                from: base + held * part.pitch, byteCount: part.width)
        }
    }

    /// Copies a vector with its elements permuted.
    private func copyElements(
        _ base: UnsafeRawPointer, _ permutation: HeadPermutation, into target: UnsafeMutableRawPointer
    ) {
        let size = dtype.blockSize
        for index in 0..<columnCount {
            (target + index * size).copyMemory(
                from: base + permutation.source(of: index) * size, byteCount: size)
        }
    }
}

extension TensorRole {
    /// Whether the rows (or elements) are those of rotated heads, whose order differs between ``RoPELayout``s.
    package var isRotated: Bool {
        switch self {
        case .layer(_, .wq), .layer(_, .wk), .layer(_, .bq), .layer(_, .bk): true
        default: false
        }
    }
}
