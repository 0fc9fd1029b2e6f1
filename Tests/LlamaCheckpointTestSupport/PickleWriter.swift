/// Writes pickles of protocol 2, the opcodes one by one.
struct PickleWriter {
    var out = ByteWriter(bytes: [0x80, 2])

    mutating func op(_ code: Character) { out.write(code.utf8) }

    mutating func global(_ module: String, _ name: String) { out.write("c\(module)\n\(name)\n") }

    mutating func string(_ text: String) {
        op("X")
        out.write(UInt32(text.utf8.count))
        out.write(text)
    }

    mutating func int(_ value: Int) {
        if let byte = UInt8(exactly: value) {
            op("K")
            out.write(byte)
        } else if let number = Int32(exactly: value) {
            op("J")
            out.write(number)
        } else {
            out.write([0x8A, 8])
            out.write(Int64(value))
        }
    }

    mutating func tuple(_ values: [Int]) {
        op("(")
        values.forEach { int($0) }
        op("t")
    }

    /// `collections.OrderedDict()`.
    mutating func orderedDictionary() {
        global("collections", "OrderedDict")
        out.write(")R")
    }

    /// `torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())`.
    mutating func tensor(_ view: TorchView) {
        global("torch._utils", "_rebuild_tensor_v2")
        out.write("((")
        string("storage")
        global("torch", view.type)
        string(view.storage)
        string("cpu")
        int(view.storageCount)
        out.write("tQ")
        int(view.offset)
        tuple(view.shape)
        tuple(view.strides)
        out.write([0x89])
        orderedDictionary()
        out.write("tR")
    }

    mutating func stop() -> [UInt8] {
        op(".")
        return out.bytes
    }
}

/// A tensor as a pickle describes it.
struct TorchView {
    var name: String
    var type = "FloatStorage"
    var storage = "0"
    var storageCount: Int
    var offset = 0
    var shape: [Int]
    var strides: [Int]
}
