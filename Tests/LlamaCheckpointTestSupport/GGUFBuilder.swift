import LlamaCheckpoints
import Testing

/// Writes GGUF files, honest or not.
struct GGUFBuilder {
    struct Key {
        var name: String
        var type: UInt32
        var value: [UInt8]
    }

    struct Info {
        var name: String
        /// Innermost first, as in the file.
        var extents: [UInt64]
        var type: UInt32
        var offset: UInt64
    }

    var magic = "GGUF"
    var version: UInt32 = 3
    var keys: [Key] = []
    var infos: [Info] = []
    var data: [UInt8] = []
    var alignment = 32
    /// What the header says instead of the truth.
    var statedKeyCount: UInt64?
    var statedTensorCount: UInt64?

    init() {}

    /// A whole model, with the keys that llama.cpp's converter writes.
    init(_ model: TinyModel) {
        set("general.architecture", "llama")
        set("llama.vocab_size", UInt32(model.vocabularySize))
        set("llama.context_length", UInt32(64))
        set("llama.embedding_length", UInt32(model.dim))
        set("llama.block_count", UInt32(model.nLayers))
        set("llama.feed_forward_length", UInt32(model.hiddenDim))
        set("llama.attention.head_count", UInt32(model.nHeads))
        set("llama.attention.head_count_kv", UInt32(model.nKVHeads))
        set("llama.attention.key_length", UInt32(model.headDim))
        set("llama.rope.dimension_count", UInt32(model.headDim))
        set("llama.rope.freq_base", Float(10000))
        set("llama.attention.layer_norm_rms_epsilon", Float(1e-5))
        set("tokenizer.ggml.eos_token_id", UInt32(2))
        for tensor in model.tensors(.gguf) { add(tensor) }
    }

    /// Appends a tensor.
    mutating func add(_ tensor: TestTensor) {
        let info = Info(
            name: tensor.name, extents: tensor.shape.reversed().map(UInt64.init),
            type: GGMLType.number(of: tensor.dtype) ?? 0, offset: UInt64(data.count))
        infos.append(info)
        data += tensor.bytes
        data += [UInt8](repeating: 0, count: data.count.roundedUp(to: alignment) - data.count)
    }

    mutating func set(_ key: String, _ value: UInt32) { set(key, type: 4) { $0.write(value) } }
    mutating func set(_ key: String, _ value: Float) { set(key, type: 6) { $0.write(value.bitPattern) } }
    mutating func set(_ key: String, _ value: Double) { set(key, type: 12) { $0.write(value.bitPattern) } }
    mutating func set(_ key: String, _ value: String) {
        set(key, type: 8) {
            $0.write(UInt64(value.utf8.count))
            $0.write(value)
        }
    }
    mutating func set(_ key: String, _ values: [UInt32]) {
        set(key, type: 9) {
            $0.write(UInt32(4))
            $0.write(UInt64(values.count))
            for value in values { $0.write(value) }
        }
    }

    /// Replaces the value of a key, or adds one.
    mutating func set(_ key: String, type: UInt32, write: (inout ByteWriter) -> Void) {
        var writer = ByteWriter()
        write(&writer)
        let entry = Key(name: key, type: type, value: writer.bytes)
        if let index = keys.firstIndex(where: { $0.name == key }) {
            keys[index] = entry
        } else {
            keys.append(entry)
        }
    }

    /// Sets a value of one of the types that vocabularies have.
    mutating func set(_ key: String, _ value: GGUFValue) {
        switch value {
        case .string(let text): set(key, String(decoding: text, as: UTF8.self))
        case .uint32(let number): set(key, number)
        case .bool(let flag): set(key, type: 7) { $0.write([flag ? 1 : 0]) }
        case .array(.float32(let numbers)):
            set(key, type: 9) {
                $0.writeArray(type: 6, count: UInt64(numbers.count), [])
                for number in numbers { $0.write(number.bitPattern) }
            }
        case .array(.int32(let numbers)):
            set(key, type: 9) {
                $0.writeArray(type: 5, count: UInt64(numbers.count), [])
                for number in numbers { $0.write(number) }
            }
        case .array(.string(let strings)):
            set(key, type: 9) {
                $0.writeArray(type: 8, count: UInt64(strings.count), [])
                for string in strings {
                    $0.write(UInt64(string.count))
                    $0.write(string)
                }
            }
        default: Issue.record("\(key): \(value) is not written here")
        }
    }

    mutating func remove(_ key: String) { keys.removeAll { $0.name == key } }

    /// The file, and the offsets at which its parts begin.
    func file() -> (bytes: [UInt8], boundaries: [Int]) {
        var out = ByteWriter()
        var boundaries: [Int] = []
        func part(_ write: (inout ByteWriter) -> Void) {
            boundaries.append(out.bytes.count)
            write(&out)
        }
        part { $0.write(magic) }
        part { $0.write(version) }
        part { $0.write(statedTensorCount ?? UInt64(infos.count)) }
        part { $0.write(statedKeyCount ?? UInt64(keys.count)) }
        for key in keys {
            part { $0.write(UInt64(key.name.utf8.count)) }
            part { $0.write(key.name) }
            part { $0.write(key.type) }
            part { $0.write(key.value) }
        }
        for info in infos {
            part { $0.write(UInt64(info.name.utf8.count)) }
            part { $0.write(info.name) }
            part { $0.write(UInt32(info.extents.count)) }
            part { for extent in info.extents { $0.write(extent) } }
            part { $0.write(info.type) }
            part { $0.write(info.offset) }
        }
        part {
            $0.write([UInt8](repeating: 0, count: $0.bytes.count.roundedUp(to: alignment) - $0.bytes.count))
        }
        part { $0.write(data) }
        return (out.bytes, boundaries)
    }

    var bytes: [UInt8] { file().bytes }
}

extension BadInput {
    /// A GGUF file of a tiny model of one layer after `edit`.
    static func gguf(
        _ what: String, _ message: String, edit: @escaping @Sendable (inout GGUFBuilder) -> Void
    ) -> BadInput {
        BadInput(what, message, in: "model.gguf") {
            var builder = GGUFBuilder(TinyModel(nLayers: 1))
            edit(&builder)
            return try .gguf(builder.bytes)
        }
    }
}

extension TemporaryFolder {
    /// These bytes as `model.gguf`, and nothing else.
    static func gguf(_ bytes: [UInt8]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("model.gguf", bytes)
        return folder
    }
}
