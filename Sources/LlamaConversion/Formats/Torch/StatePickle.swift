import LlamaCheckpoints
import LlamaTensors

/// The pickle of a dict from names to tensors, opcode by opcode as Python's pickler and `torch.save` write it.
///
/// Sources: `pickletools`; `torch/_tensor.py` (`_rebuild_tensor_v2`), `torch/serialization.py` (persistent ids).
struct StatePickle {
    private(set) var bytes: [UInt8] = [0x80, 2]
    private var memo: [String: Int] = [:]
    private var memoCount = 0

    /// - Parameter tensors: Tensor `n` is contiguous and alone in storage `n`; ``storageType(of:)`` knows the types of
    ///   all.
    init(_ tensors: [TensorSpec]) {
        op(.emptyDictionary)
        memoize()
        op(.mark)
        for (key, tensor) in tensors.enumerated() {
            fresh(tensor.name)
            rebuild(tensor, key: key)
        }
        op(.setItems)
        op(.stop)
    }

    /// The class of a storage of such elements; nil for types that a Llama's weights do not use.
    static func storageType(of dtype: DType) -> PickleGlobal? {
        switch dtype {
        case .float32: .floatStorage
        case .float16: .halfStorage
        case .bfloat16: .bfloat16Storage
        default: nil
        }
    }

    /// `torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`.
    private mutating func rebuild(_ tensor: TensorSpec, key: Int) {
        global(.rebuildTensor)
        op(.mark)
        storage(of: tensor, key: key)
        integer(0)
        tuple(tensor.shape)
        tuple(StatePickle.strides(of: tensor.shape))
        op(.newFalse)
        global(.orderedDictionary)
        op(.emptyTuple)
        op(.reduce)
        memoize()
        op(.tuple)
        memoize()
        op(.reduce)
        memoize()
    }

    /// `("storage", type, key, "cpu", count)` as a persistent id.
    private mutating func storage(of tensor: TensorSpec, key: Int) {
        op(.mark)
        shared("storage")
        if let type = StatePickle.storageType(of: tensor.dtype) { global(type) }
        fresh("\(key)")
        shared("cpu")
        integer(tensor.count)
        op(.tuple)
        memoize()
        op(.binPersistentID)
    }

    /// Row-major, counted as torch does where a dimension is empty.
    private static func strides(of shape: [Int]) -> [Int] {
        var strides: [Int] = []
        for dimension in shape.reversed() {
            strides.append(max(dimension, 1) * (strides.last ?? 1))
        }
        return strides.isEmpty ? [] : strides.dropLast().reversed() + [1]
    }
}

// MARK: - Values

extension StatePickle {
    private mutating func op(_ opcode: Opcode) { bytes.append(opcode.rawValue) }

    private mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    private mutating func fresh(_ text: String) {
        op(.binUnicode)
        write(UInt32(text.utf8.count))
        bytes += text.utf8
        memoize()
    }

    /// A string that is written once and later referred to by its index in the memo.
    private mutating func shared(_ text: String) {
        if recall(text) { return }
        memo[text] = memoCount
        fresh(text)
    }

    private mutating func global(_ global: PickleGlobal) {
        let name = global.rawValue
        if recall(name) { return }
        memo[name] = memoCount
        op(.global)
        // The module's own dots stay: only the last one precedes the name.
        var line = Array(name.utf8)
        if let dot = line.lastIndex(of: UInt8(ascii: ".")) { line[dot] = UInt8(ascii: "\n") }
        bytes += line + [UInt8(ascii: "\n")]
        memoize()
    }

    private mutating func recall(_ key: String) -> Bool {
        guard let index = memo[key] else { return false }
        indexed(.binGet, .longBinGet, index)
        return true
    }

    private mutating func memoize() {
        indexed(.binPut, .longBinPut, memoCount)
        memoCount += 1
    }

    private mutating func indexed(_ short: Opcode, _ long: Opcode, _ index: Int) {
        if let byte = UInt8(exactly: index) {
            op(short)
            bytes.append(byte)
        } else {
            op(long)
            write(UInt32(truncatingIfNeeded: index))
        }
    }

    private mutating func tuple(_ values: [Int]) {
        if values.count > 3 { op(.mark) }
        values.forEach { integer($0) }
        switch values.count {
        case 0: return op(.emptyTuple)
        case 1: op(.tuple1)
        case 2: op(.tuple2)
        case 3: op(.tuple3)
        default: op(.tuple)
        }
        memoize()
    }

    private mutating func integer(_ value: Int) {
        if let byte = UInt8(exactly: value) {
            op(.binInt1)
            bytes.append(byte)
        } else if let short = UInt16(exactly: value) {
            op(.binInt2)
            write(short)
        } else if let word = Int32(exactly: value) {
            op(.binInt)
            write(word)
        } else {
            // As few bytes as hold the number and its sign.
            let count = (Int.bitWidth - value.magnitude.leadingZeroBitCount) / 8 + 1
            op(.long1)
            bytes.append(UInt8(truncatingIfNeeded: count))
            bytes += withUnsafeBytes(of: value.littleEndian) { Array($0.prefix(count)) }
        }
    }
}
