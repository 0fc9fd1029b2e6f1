/// Reads a pickle as data, by an allow-list of opcodes and names; nothing is imported or called.
///
/// Source: `pickletools` for the opcodes; `torch/serialization.py` for what `torch.save` writes
/// (protocol 2, storages as persistent ids).
struct Unpickler {
    /// Why a pickle was refused.
    struct Failure: Error, Equatable {
        /// Byte of the opcode.
        let offset: Int
        let expected: String
        let found: String
        var advice: String?
    }

    /// Most dimensions of a tensor; a Llama's have one or two.
    private static let rankLimit = 8

    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var opcodeOffset = 0
    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    private(set) var heap = PickleHeap()

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Runs to STOP and returns the value left.
    mutating func run() throws(Failure) -> PickleValue {
        while true {
            opcodeOffset = position
            let code = try integer(UInt8.self)
            guard let opcode = Opcode(rawValue: code) else {
                throw failure("an opcode that torch.save writes", "opcode \(code)")
            }
            if opcode == .stop { return try pop() }
            try execute(opcode)
        }
    }

    private mutating func execute(_ opcode: Opcode) throws(Failure) {
        switch opcode {
        case .proto:
            let version = try integer(UInt8.self)
            guard (2...5).contains(version) else { throw failure("pickle protocol 2 to 5", "\(version)") }
        case .frame: _ = try take(8)
        case .stop: break
        case .mark: marks.append(stack.count)
        case .none: stack.append(.none)
        case .newTrue: stack.append(.bool(true))
        case .newFalse: stack.append(.bool(false))
        case .binInt: stack.append(.int(Int(try integer(Int32.self))))
        case .binInt1: stack.append(.int(Int(try integer(UInt8.self))))
        case .binInt2: stack.append(.int(Int(try integer(UInt16.self))))
        case .long1: stack.append(.int(try longInteger()))
        case .binFloat: stack.append(.double(Double(bitPattern: UInt64(bigEndian: try integer(UInt64.self)))))
        case .binUnicode: stack.append(.string(try text(count: Int(try integer(UInt32.self)))))
        case .shortBinUnicode: stack.append(.string(try text(count: Int(try integer(UInt8.self)))))
        case .global: stack.append(try global())
        case .emptyTuple: pushTuple([])
        case .tuple1: pushTuple(try popLast(1))
        case .tuple2: pushTuple(try popLast(2))
        case .tuple3: pushTuple(try popLast(3))
        case .tuple: pushTuple(try popMark())
        case .emptyList: stack.append(.list(heap.addList()))
        case .append: try extendList(with: try popLast(1))
        case .appends: try extendList(with: try popMark())
        case .emptyDictionary: stack.append(.dictionary(heap.addDictionary()))
        case .setItem: try setItems(try popLast(2))
        case .setItems: try setItems(try popMark())
        case .binPut: memo[Int(try integer(UInt8.self))] = try top()
        case .longBinPut: memo[Int(try integer(UInt32.self))] = try top()
        case .memoize: memo[memo.count] = try top()
        case .binGet: stack.append(try remembered(Int(try integer(UInt8.self))))
        case .longBinGet: stack.append(try remembered(Int(try integer(UInt32.self))))
        case .binPersistentID: stack.append(try storage(try pop()))
        case .reduce:
            let arguments = try pop()
            stack.append(try reduce(try pop(), arguments))
        case .build: _ = try pop()  // The attributes of a state dict (`_metadata`): nothing a tensor needs.
        }
    }

    // MARK: What torch.save builds

    private func storage(_ id: PickleValue) throws(Failure) -> PickleValue {
        if let parts = heap.tuple(id), parts.count >= 5, parts[0] == .string("storage") {
            if case .unsupported = parts[1] { return parts[1] }
            if case .global(let type) = parts[1], type.dtype != nil, case .string(let key) = parts[2],
                case .int(let count) = parts[4], count >= 0
            {
                return .storage(TorchStorage(type: type, key: key, count: count))
            }
        }
        throw failure("(\"storage\", type, key, location, count)", "another persistent id")
    }

    private mutating func reduce(
        _ callee: PickleValue, _ arguments: PickleValue
    ) throws(Failure) -> PickleValue {
        guard let parts = heap.tuple(arguments) else { throw unknownCall(callee, arguments) }
        if case .unsupported(let function) = callee { return .unsupported(result(of: function, parts)) }
        guard case .global(let global) = callee else { throw unknownCall(callee, arguments) }
        switch global {
        case .orderedDictionary where parts.isEmpty: return .dictionary(heap.addDictionary())
        case .rebuildParameter:
            switch parts.first {
            case .tensor?, .unsupported?: return parts[0]
            default: break
            }
        case .rebuildTensor:
            if case .unsupported? = parts.first { return parts[0] }
            guard parts.count >= 4, case .storage(let storage) = parts[0], case .int(let offset) = parts[1],
                let shape = heap.tuple(parts[2]).flatMap(integers),
                let strides = heap.tuple(parts[3]).flatMap(integers)
            else { break }
            if parts.count > 6, let lazy = lazyView(metadata: parts[6]) { return .unsupported(lazy) }
            return .tensor(TorchTensor(storage: storage, offset: offset, shape: shape, strides: strides))
        default: break
        }
        throw failure("arguments that torch.save gives \(global.rawValue)", "others")
    }

    private func unknownCall(_ callee: PickleValue, _ arguments: PickleValue) -> Failure {
        failure("a call of an allowed name", "\(callee.kind) applied to \(arguments.kind)")
    }

    /// What a call gives whose function is not supported: where an element type is the cause, that.
    private func result(of function: UnsupportedValue, _ arguments: [PickleValue]) -> UnsupportedValue {
        for case .unsupported(let argument) in arguments.reversed()
        where KnownGlobals.isElementType(argument.what) && !argument.what.hasSuffix("Storage") {
            return argument
        }
        return function
    }

    /// The view that a tensor's metadata describe, of which torch computes the elements when they are read: from storage
    /// alone they would have the wrong sign. Nil where the metadata say nothing.
    ///
    /// Source: `get_tensor_metadata` in `torch/_utils.py`.
    private func lazyView(metadata: PickleValue) -> UnsupportedValue? {
        guard case .dictionary(let index) = metadata else { return nil }
        for (key, value) in heap.dictionaries[index] where value != .bool(false) && value != .none {
            return switch key {
            case .string("neg"):
                UnsupportedValue("a negated view", advice: "save tensor.resolve_neg() instead")
            case .string("conj"):
                UnsupportedValue("a conjugate view", advice: "save tensor.resolve_conj() instead")
            case .string(let name):
                UnsupportedValue("a tensor with \"\(name)\"", advice: "save tensor.clone() instead")
            default: UnsupportedValue("a tensor with metadata", advice: "save tensor.clone() instead")
            }
        }
        return nil
    }

    /// The numbers of a shape. Long shapes are refused: a file could refer to one tuple of a million numbers many times,
    /// and each tensor copies it.
    private func integers(_ values: [PickleValue]) -> [Int]? {
        guard values.count <= Unpickler.rankLimit else { return nil }
        var result: [Int] = []
        for value in values {
            guard case .int(let number) = value else { return nil }
            result.append(number)
        }
        return result
    }

    private mutating func global() throws(Failure) -> PickleValue {
        let name = "\(try line()).\(try line())"
        if let global = PickleGlobal(rawValue: name) { return .global(global) }
        if KnownGlobals.contains(name) { return .unsupported(UnsupportedValue(named: name)) }
        throw Failure(
            offset: opcodeOffset, expected: "only tensors and the names they are rebuilt with", found: name,
            advice: "the file may run code when unpickled: do not load it; "
                + "ask its author for safetensors or a plain state dict")
    }

    // MARK: Containers

    private mutating func pushTuple(_ values: [PickleValue]) { stack.append(.tuple(heap.addTuple(values))) }

    private mutating func extendList(with values: [PickleValue]) throws(Failure) {
        guard case .list(let list) = try top() else { throw failure("a list", try top().kind) }
        heap.lists[list] += values
    }

    private mutating func setItems(_ values: [PickleValue]) throws(Failure) {
        guard case .dictionary(let dictionary) = try top(), values.count.isMultiple(of: 2) else {
            throw failure("a dict and pairs for it", "\(try top().kind) and \(values.count) values")
        }
        for index in stride(from: 0, to: values.count, by: 2) {
            heap.dictionaries[dictionary].append((values[index], values[index + 1]))
        }
    }

    // MARK: Stack and memo

    private func top() throws(Failure) -> PickleValue {
        guard let value = stack.last, stack.count > (marks.last ?? 0) else {
            throw failure("a value", "an empty stack")
        }
        return value
    }

    private mutating func pop() throws(Failure) -> PickleValue {
        let value = try top()
        stack.removeLast()
        return value
    }

    private mutating func popLast(_ count: Int) throws(Failure) -> [PickleValue] {
        guard stack.count - (marks.last ?? 0) >= count else {
            throw failure("\(count) values", "an empty stack")
        }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    private mutating func popMark() throws(Failure) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw failure("a mark on the stack", "none") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    private func remembered(_ key: Int) throws(Failure) -> PickleValue {
        guard let value = memo[key] else { throw failure("a memo entry \(key)", "none") }
        return value
    }

    // MARK: Bytes

    private mutating func take(_ count: Int) throws(Failure) -> Slice<UnsafeRawBufferPointer> {
        guard count <= bytes.count - position else {
            throw failure("\(count) more bytes", "the end of the pickle")
        }
        defer { position += count }
        return bytes[position..<position + count]
    }

    private mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(Failure) -> T {
        guard let value = bytes.integer(at: position, as: T.self) else {
            throw failure("\(MemoryLayout<T>.size) more bytes", "the end of the pickle")
        }
        position += MemoryLayout<T>.size
        return value
    }

    private mutating func longInteger() throws(Failure) -> Int {
        let digits = try take(Int(try integer(UInt8.self)))
        guard digits.count <= 8 else {
            throw failure("an integer of at most 64 bits", "\(digits.count) bytes")
        }
        var value: Int64 = (digits.last ?? 0) & 0x80 == 0 ? 0 : -1
        for digit in digits.reversed() { value = value << 8 | Int64(digit) }
        return Int(value)
    }

    private mutating func text(count: Int) throws(Failure) -> String {
        guard let text = String(validating: try take(count), as: UTF8.self) else {
            throw failure("UTF-8", "other bytes")
        }
        return text
    }

    private mutating func line() throws(Failure) -> String {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")), end - position < 256 else {
            throw failure("a name on a line", "none")
        }
        guard let text = String(validating: bytes[position..<end], as: UTF8.self) else {
            throw failure("a name in UTF-8", "other bytes")
        }
        position = end + 1
        return text
    }

    private func failure(_ expected: String, _ found: String) -> Failure {
        Failure(offset: opcodeOffset, expected: expected, found: found)
    }
}
