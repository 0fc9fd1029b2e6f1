/// A row-major float32 matrix `[rows, columns]` in memory that a ``FloatArena`` owns.
///
/// A view: copying it copies no numbers. It is valid while its arena lives. Every operation of a ``KernelContext``
/// compares the extents of its operands before it touches memory.
package struct FloatMatrix {
    let base: UnsafeMutablePointer<Float>
    /// Number of rows.
    package let rows: Int
    /// Floats in a row.
    package let columns: Int

    /// Number of elements.
    package var count: Int { rows * columns }

    /// The view of some of the rows.
    ///
    /// - Throws: ``KernelError/shapeMismatch(operand:expected:found:)`` where the matrix has fewer rows.
    package func rows(_ range: Range<Int>) throws(KernelError) -> FloatMatrix {
        guard range.lowerBound >= 0, range.upperBound <= rows else {
            throw .shapeMismatch(
                operand: "rows \(range)", expected: [range.upperBound, columns], found: [rows, columns])
        }
        return FloatMatrix(base: base + range.lowerBound * columns, rows: range.count, columns: columns)
    }

    /// The view of the first rows.
    package func prefix(_ count: Int) throws(KernelError) -> FloatMatrix { try rows(0..<max(count, 0)) }

    /// The same elements as a matrix of another shape.
    package func reshaped(rows: Int, columns: Int) throws(KernelError) -> FloatMatrix {
        guard rows >= 0, columns >= 0, rows * columns == count else {
            throw .shapeMismatch(
                operand: "reshaped matrix", expected: [self.rows, self.columns], found: [rows, columns])
        }
        return FloatMatrix(base: base, rows: rows, columns: columns)
    }

    /// Sets every element.
    package func fill(_ value: Float) { base.update(repeating: value, count: count) }

    /// Copies the elements of a matrix of the same shape.
    package func copy(_ other: FloatMatrix) throws(KernelError) {
        try other.requireShape(rows, columns, "copied matrix")
        base.update(from: other.base, count: count)
    }

    /// A copy of the elements, row after row.
    package var elements: [Float] { Array(UnsafeBufferPointer(start: base, count: count)) }

    /// Copies elements in, row after row.
    ///
    /// - Parameter elements: As many as the matrix has.
    package func copy(_ elements: some Sequence<Float>) throws(KernelError) {
        let buffer = UnsafeMutableBufferPointer(start: base, count: count)
        var (rest, copied) = buffer.update(from: elements)
        guard copied == count, rest.next() == nil else {
            throw .shapeMismatch(operand: "copied elements", expected: [count], found: [copied])
        }
    }

    /// Reads the elements, row after row.
    package func withSpan<Result, Failure: Error>(
        _ body: (Span<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(Span(_unsafeStart: UnsafePointer(base), count: count))
    }

    /// Reads or writes the elements, row after row.
    package func withMutableSpan<Result, Failure: Error>(
        _ body: (inout MutableSpan<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var span = MutableSpan(_unsafeStart: base, count: count)
        return try body(&span)
    }

    @inline(__always)
    func requireShape(_ rows: Int, _ columns: Int, _ operand: StaticString) throws(KernelError) {
        guard self.rows == rows, self.columns == columns else {
            throw .shapeMismatch(
                operand: "\(operand)", expected: [rows, columns], found: [self.rows, self.columns])
        }
    }

    @inline(__always)
    func requireCount(_ count: Int, _ operand: StaticString) throws(KernelError) {
        guard self.count >= count else {
            throw .shapeMismatch(operand: "\(operand)", expected: [count], found: [self.count])
        }
    }
}
