import Glibc

/// A typed, strided view of memory that it does not own but keeps alive.
package struct Tensor: Sendable {
    /// How elements are stored.
    package let dtype: DType
    /// Extent of each dimension, outermost first. Empty for a scalar.
    package let shape: [Int]
    /// Distance between neighbors along each dimension, in elements.
    package let strides: [Int]
    /// The memory viewed.
    package let storage: any TensorStorage
    /// Where the first element begins, in bytes from the start of ``storage``.
    package let byteOffset: Int

    /// Views `storage`; nil where an element would be outside it or the bytes overflow `Int`.
    ///
    /// - Parameter strides: In elements; nil for row-major contiguous. A block format must be contiguous, with rows of
    ///   whole blocks.
    package init?(
        dtype: DType, shape: [Int], strides: [Int]? = nil, storage: any TensorStorage, byteOffset: Int
    ) {
        guard let contiguous = Tensor.contiguousStrides(shape: shape) else { return nil }
        let strides = strides ?? contiguous
        guard let extent = Tensor.extent(shape: shape, strides: strides), byteOffset >= 0 else { return nil }
        guard
            !dtype.isBlockFormat
                || strides == contiguous && shape.last?.isMultiple(of: dtype.blockCount) == true
        else { return nil }
        let (span, overflow) = (extent / dtype.blockCount).multipliedReportingOverflow(by: dtype.blockSize)
        let (end, endOverflow) = span.addingReportingOverflow(byteOffset)
        guard !overflow, !endOverflow, end <= storage.bytes.count else { return nil }
        // A stride of 0 lets a small storage claim any number of elements.
        guard !shape.reduce(1, *).multipliedReportingOverflow(by: dtype.blockSize).overflow else {
            return nil
        }
        self.dtype = dtype
        self.shape = shape
        self.strides = strides
        self.storage = storage
        self.byteOffset = byteOffset
    }

    /// Number of elements.
    package var count: Int { shape.reduce(1, *) }

    /// Bytes of the elements when stored contiguously.
    package var byteCount: Int { count / dtype.blockCount * dtype.blockSize }

    /// Whether the elements are in row-major order without gaps.
    package var isContiguous: Bool {
        count <= 1
            || zip(strides, zip(shape, Tensor.contiguousStrides(shape: shape) ?? [])).allSatisfy {
                stride, dimension in dimension.0 == 1 || stride == dimension.1
            }
    }

    /// Whether the innermost dimension is dense, so that rows can be read in place.
    package var hasDenseRows: Bool {
        shape.isEmpty || strides[strides.count - 1] == 1 || shape[shape.count - 1] <= 1
    }

    /// Address of the first element. Valid while ``storage`` lives; aligned to whatever the file gave.
    package var baseAddress: UnsafeRawPointer? { storage.bytes.baseAddress.map { $0 + byteOffset } }

    /// The same elements in row-major order: this view where they already are, else a copy. Where memory is short, still
    /// this view.
    package func contiguous() -> Tensor {
        guard !isContiguous, let source = baseAddress else { return self }
        // Block formats are contiguous, so here an element is a block.
        let size = dtype.blockSize
        let buffer = OwnedBuffer(reserving: byteCount) { target in
            var position = 0
            forEachOffset { offset in
                target[position..<position + size].copyBytes(
                    from: UnsafeRawBufferPointer(start: source + offset * size, count: size))
                position += size
            }
        }
        return buffer.flatMap { Tensor(dtype: dtype, shape: shape, storage: $0, byteOffset: 0) } ?? self
    }

    /// All elements as `Float`, row-major; nil for a type that weights do not use, or where memory is short.
    package func floats() -> [Float]? {
        guard dtype.isWeightType else { return nil }
        let source = contiguous()
        guard source.isContiguous else { return nil }
        guard let base = source.baseAddress else { return [] }
        return withExtendedLifetime(source.storage) {
            [Float](unsafeUninitializedCapacity: count) { target, initialized in
                let bytes = UnsafeRawBufferPointer(start: base, count: byteCount)
                initialized = dtype.decode(bytes, into: target)
            }
        }
    }

    /// A contiguous float32 copy; nil for a type that weights do not use, or where memory is short.
    package func expanded() -> Tensor? {
        guard dtype.isWeightType else { return nil }
        let source = contiguous()
        let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Float>.size)
        guard !overflow, source.isContiguous else { return nil }
        let buffer = OwnedBuffer(reserving: bytes) { target in
            let stored = UnsafeRawBufferPointer(start: source.baseAddress, count: source.byteCount)
            dtype.decode(stored, into: target.bindMemory(to: Float.self))
        }
        return withExtendedLifetime(source) {
            buffer.flatMap { Tensor(dtype: .float32, shape: shape, storage: $0, byteOffset: 0) }
        }
    }

    /// Whether `other` has the same dtype, shape and bytes, in row-major order.
    package func hasSameBytes(as other: Tensor) -> Bool {
        guard dtype == other.dtype, shape == other.shape else { return false }
        let (left, right) = (contiguous(), other.contiguous())
        guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else { return true }
        return withExtendedLifetime((left, right)) { memcmp(leftBase, rightBase, byteCount) == 0 }
    }
}

extension Tensor {
    /// Row-major strides, or nil where the element count overflows or a dimension is negative.
    static func contiguousStrides(shape: [Int]) -> [Int]? {
        var strides = [Int](repeating: 1, count: shape.count)
        var count = 1
        for (index, dimension) in shape.enumerated().reversed() {
            guard dimension >= 0 else { return nil }
            strides[index] = count
            // A zero dimension must not hide an overflow in the others.
            let (product, overflow) = count.multipliedReportingOverflow(by: max(dimension, 1))
            guard !overflow else { return nil }
            count = product
        }
        return strides
    }

    /// One past the highest element that the view reaches, in elements; 0 when it is empty.
    package static func extent(shape: [Int], strides: [Int]) -> Int? {
        guard shape.count == strides.count else { return nil }
        if shape.contains(0) { return 0 }
        var last = 0
        for (dimension, stride) in zip(shape, strides) {
            guard dimension > 0, stride >= 0 else { return nil }
            let (reach, overflow) = (dimension - 1).multipliedReportingOverflow(by: stride)
            let (sum, sumOverflow) = last.addingReportingOverflow(reach)
            guard !overflow, !sumOverflow else { return nil }
            last = sum
        }
        return last == Int.max ? nil : last + 1
    }

    private func forEachOffset(_ body: (Int) -> Void) {
        var index = [Int](repeating: 0, count: shape.count)
        var offset = 0
        for _ in 0..<count {
            body(offset)
            for dimension in shape.indices.reversed() {
                index[dimension] += 1
                offset += strides[dimension]
                if index[dimension] < shape[dimension] { break }
                offset -= index[dimension] * strides[dimension]
                index[dimension] = 0
            }
        }
    }
}
