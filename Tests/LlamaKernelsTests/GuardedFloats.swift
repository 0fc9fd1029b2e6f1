/// Floats that begin a few floats past a cache line, between guards that a kernel must not overwrite.
final class GuardedFloats {
    private static let margin = 16
    private static let guardValue: Float = 12345.675
    /// The first float.
    let pointer: UnsafeMutablePointer<Float>
    private let base: UnsafeMutableRawPointer
    private let first: Int
    private let count: Int

    /// Copies `values`; `offset` is 0 to 15.
    init(_ values: [Float], offset: Int) {
        (count, first) = (values.count, Self.margin + offset)
        let total = first + count + Self.margin
        base = .allocate(byteCount: total * 4, alignment: 64)
        let floats = base.initializeMemory(as: Float.self, repeating: Self.guardValue, count: total)
        pointer = floats + first
        pointer.update(from: values, count: count)
    }

    deinit { base.deallocate() }

    /// The floats now.
    var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

    /// Whether the guards are as they were.
    var areGuardsIntact: Bool {
        (-first..<0).allSatisfy { pointer[$0] == Self.guardValue }
            && (count..<count + Self.margin).allSatisfy { pointer[$0] == Self.guardValue }
    }
}
