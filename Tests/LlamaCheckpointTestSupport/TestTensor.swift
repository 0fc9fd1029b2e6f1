import LlamaTestSupport
import LlamaTensors

/// A whole tensor to be written to a file: row-major values of one type.
struct TestTensor {
    var name: String
    var dtype: DType
    var shape: [Int]
    var bytes: [UInt8]

    var count: Int { shape.reduce(1, *) }

    /// Row-major, in elements.
    var strides: [Int] { shape.indices.map { shape[($0 + 1)...].reduce(1, *) } }

    /// Values that depend on the name, so that no two tensors hold the same.
    init(_ name: String, _ dtype: DType, _ shape: [Int]) {
        self.name = name
        self.dtype = dtype
        self.shape = shape
        var numbers = SeededGenerator(seed: name.utf8.reduce(7) { $0 &* 31 &+ Int($1) })
        var out = ByteWriter()
        for _ in 0..<shape.reduce(1, *) {
            let value = numbers.float()
            switch dtype {
            case .float32: out.write(value.bitPattern)
            case .float16: out.write(Float16(value).bitPattern)
            case .bfloat16: out.write(UInt16(value.bitPattern >> 16))
            default: out.write([UInt8](repeating: 1, count: dtype.blockSize))
            }
        }
        bytes = out.bytes
    }

    private init(_ name: String, _ dtype: DType, _ shape: [Int], bytes: [UInt8]) {
        (self.name, self.dtype, self.shape, self.bytes) = (name, dtype, shape, bytes)
    }

    /// The `index`th of `count` equal blocks of rows.
    func rows(_ index: Int, of count: Int) -> TestTensor {
        let size = bytes.count / count
        let part = [shape[0] / count] + shape.dropFirst()
        return TestTensor(name, dtype, part, bytes: Array(bytes[index * size..<(index + 1) * size]))
    }

    /// The `index`th of `count` equal blocks of columns.
    func columns(_ index: Int, of count: Int) -> TestTensor {
        let row = shape[1] * dtype.blockSize
        let size = row / count
        var part: [UInt8] = []
        for start in stride(from: index * size, to: bytes.count, by: row) {
            part += bytes[start..<start + size]
        }
        return TestTensor(name, dtype, [shape[0], shape[1] / count], bytes: part)
    }

    var torchType: String {
        switch dtype {
        case .float64: "DoubleStorage"
        case .float32: "FloatStorage"
        case .float16: "HalfStorage"
        case .bfloat16: "BFloat16Storage"
        case .int64: "LongStorage"
        case .int32: "IntStorage"
        case .int16: "ShortStorage"
        case .int8: "CharStorage"
        case .uint8: "ByteStorage"
        case .bool: "BoolStorage"
        default: "\(dtype.rawValue)Storage"
        }
    }
}
