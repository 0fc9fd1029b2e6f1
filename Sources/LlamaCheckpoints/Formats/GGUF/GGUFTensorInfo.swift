import LlamaFiles
import LlamaTensors

/// The description of one tensor in the header of a GGUF file.
package struct GGUFTensorInfo {
    /// Smallest size of a description in bytes: an empty name's length, no dimension, type and offset.
    package static let leastByteCount = 8 + 4 + 4 + 8
    /// Longest name that llama.cpp accepts (`GGML_MAX_NAME` less the terminating zero), in bytes.
    package static let nameLimit = 63
    /// Most dimensions that GGML has (`GGML_MAX_DIMS`).
    package static let dimensionLimit = 4

    /// The tensor's name.
    package let name: String
    private let dtype: DType
    /// Outermost first; the file stores the innermost first.
    private let shape: [Int]
    /// From the start of the data, in bytes.
    private let offset: Int
    private let byteCount: Int

    /// Where the bytes end, from the start of the data.
    private var end: Int { offset + byteCount }

    /// Reads the description at the cursor.
    package init(_ cursor: inout GGUFCursor) throws(CheckpointError) {
        let bytes = try cursor.string()
        guard bytes.count <= GGUFTensorInfo.nameLimit, let name = String(validating: bytes, as: UTF8.self)
        else {
            throw cursor.invalid(
                expected: "a name of at most \(GGUFTensorInfo.nameLimit) bytes of UTF-8",
                found: bytes.count > GGUFTensorInfo.nameLimit ? "\(bytes.count) bytes" : "other bytes")
        }
        self.name = name
        cursor.item = name
        shape = try GGUFTensorInfo.shape(&cursor)
        let number = try cursor.integer(UInt32.self)
        guard let dtype = GGMLType.dtype(number) else {
            throw .unsupported(
                cursor.path, at: name, "tensor type \(GGMLType.name(of: number))",
                advice: "use a file quantized as Q8_0, Q4_0 or Q4_K")
        }
        self.dtype = dtype
        let offset = try cursor.integer(UInt64.self)
        guard let byteCount = GGUFTensorInfo.byteCount(dtype, shape) else {
            let rows = dtype.isBlockFormat ? ", rows of whole blocks of \(dtype.blockCount)" : ""
            throw cursor.invalid(expected: "a shape of fewer than 2^62 bytes\(rows)", found: "\(shape)")
        }
        guard offset < UInt64(1) << 62 else {
            throw cursor.invalid(expected: "an offset inside the file", found: "\(offset)")
        }
        self.offset = Int(offset)
        self.byteCount = byteCount
    }

    private static func shape(_ cursor: inout GGUFCursor) throws(CheckpointError) -> [Int] {
        let rank = try cursor.integer(UInt32.self)
        guard rank <= dimensionLimit else {
            throw cursor.invalid(expected: "at most \(dimensionLimit) dimensions", found: "\(rank)")
        }
        var shape: [Int] = []
        for _ in 0..<rank {
            let extent = try cursor.integer(UInt64.self)
            guard let extent = Int(exactly: extent) else {
                throw cursor.invalid(expected: "dimensions of at most \(Int.max)", found: "\(extent)")
            }
            shape.append(extent)
        }
        return shape.reversed()
    }

    /// Bytes of a tensor of this shape; nil where rows are not whole blocks, or from 2^62 up.
    package static func byteCount(_ dtype: DType, _ shape: [Int]) -> Int? {
        guard (shape.last ?? 1).isMultiple(of: dtype.blockCount) else { return nil }
        var count = dtype.blockSize
        for (index, extent) in shape.reversed().enumerated() {
            let blocks = index == 0 ? extent / dtype.blockCount : extent
            let (product, overflow) = count.multipliedReportingOverflow(by: blocks)
            guard !overflow, product < 1 << 62 else { return nil }
            count = product
        }
        return count
    }

    /// Checks that names are distinct, offsets aligned and bytes inside the data.
    package static func checkExtents(
        _ infos: [GGUFTensorInfo], dataCount: Int, alignment: Int, path: String
    ) throws(CheckpointError) {
        var names: Set<String> = []
        for info in infos {
            guard names.insert(info.name).inserted else {
                throw .invalid(path, info.name, expected: "each tensor once", found: "the same name again")
            }
            guard info.offset.isMultiple(of: alignment) else {
                throw .invalid(
                    path, info.name, expected: "an offset that is a multiple of \(alignment)",
                    found: "\(info.offset)")
            }
            guard info.end <= dataCount else {
                throw .invalid(
                    path, info.name,
                    expected: "data inside the file (\(max(dataCount, 0)) bytes after the header)",
                    found: "bytes \(info.offset) to \(info.end)",
                    advice: "the file is cut off: fetch it again")
            }
        }
    }

    /// Checks that no two tensors share a byte and that only padding is between them (as `gguf.cpp` of ggml does).
    package static func checkOverlaps(
        _ infos: [GGUFTensorInfo], alignment: Int, path: String
    ) throws(CheckpointError) {
        var before: GGUFTensorInfo?
        let byOffset = infos.filter { $0.byteCount > 0 }.sorted {
            ($0.offset, $0.name) < ($1.offset, $1.name)
        }
        for info in byOffset {
            if let before, info.offset < before.end {
                throw .invalid(
                    path, info.name, expected: "data from \(before.end), where that of \(before.name) ends",
                    found: "an overlap from \(info.offset)")
            }
            guard info.offset - (before?.end ?? 0) < alignment else {
                throw .invalid(
                    path, info.name,
                    expected: "data that follows that of \(before?.name ?? "the header") at "
                        + "\(before?.end ?? 0), with padding to a multiple of \(alignment)",
                    found: "a hole up to \(info.offset)")
            }
            before = info
        }
    }

    /// Views the tensor's bytes, which ``checkExtents(_:dataCount:alignment:path:)`` found in the file.
    package func tensor(in file: MappedFile, dataStart: Int) throws(CheckpointError) -> Tensor {
        guard
            let tensor = Tensor(
                dtype: dtype, shape: shape, storage: file,
                byteOffset: byteCount == 0 ? 0 : dataStart + offset)
        else {
            throw .invalid(
                file.path, name, expected: "a shape that can be viewed", found: "\(dtype.rawValue) \(shape)")
        }
        return tensor
    }
}
