import LlamaTensors
import LlamaCheckpoints

/// A llama2.c `.bin` of a tiny model, honest or not.
struct Llama2cImage {
    var model = TinyModel(isTied: true)
    /// Header fields to be replaced: name and value.
    var changes: [String: Int32] = [:]
    var version: Int32 = 0
    var groupSize: Int32 = 4
    var sequenceLength: Int32 = 3

    private static let names = [
        "dim", "hidden_dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "seq_len",
    ]

    var header: [UInt8] {
        var out = ByteWriter()
        if version != 0 {
            out.write(Llama2cHeader.magic)
            out.write(version)
        }
        let size = model.vocabularySize * (version == 0 && !model.isTied ? -1 : 1)
        let values = [
            model.dim, model.hiddenDim, model.nLayers, model.nHeads, model.nKVHeads, size,
            Int(sequenceLength),
        ]
        for (name, value) in zip(Llama2cImage.names, values) { out.write(changes[name] ?? Int32(value)) }
        if version != 0 {
            out.write(UInt8(changes["shared_classifier"] ?? (model.isTied ? 1 : 0)))
            if version == 2 { out.write(changes["group_size"] ?? groupSize) }
            out.bytes += [UInt8](repeating: 0, count: 256 - out.bytes.count)
        }
        return out.bytes
    }

    var bytes: [UInt8] {
        var out = ByteWriter(bytes: header)
        let parts =
            version == 0
            ? Llama2cSection.legacy(model.configuration) : Llama2cSection.current(model.configuration)
        for part in parts {
            guard case .tensor(let role) = part else {
                out.bytes += [UInt8](repeating: 0, count: Int(sequenceLength) * model.headDim * 4)
                continue
            }
            let tensor = tensor(role)
            out.bytes += version == 2 && tensor.shape.count > 1 ? quantized(tensor) : tensor.bytes
        }
        return out.bytes
    }

    /// What a reader finds, under Meta's names.
    var tensors: [TestTensor] {
        TensorRole.all(of: model.configuration).map { role in
            var tensor = tensor(role)
            if version == 2, tensor.shape.count > 1 { tensor.bytes = expanded(tensor) }
            return tensor
        }
    }

    private func tensor(_ role: TensorRole) -> TestTensor {
        TestTensor(TensorNaming.meta.name(of: role), .float32, role.shape(in: model.configuration))
    }

    /// Any bytes as int8 values, and scales that differ from group to group.
    private func int8Values(_ tensor: TestTensor) -> [Int8] {
        (0..<tensor.count).map { Int8(bitPattern: tensor.bytes[4 * $0 + 1]) }
    }

    private func scale(_ group: Int) -> Float { Float(group + 1) / 64 }

    private func quantized(_ tensor: TestTensor) -> [UInt8] {
        var out = ByteWriter()
        for value in int8Values(tensor) { out.write(value) }
        for group in 0..<tensor.count / Int(groupSize) { out.write(scale(group).bitPattern) }
        return out.bytes
    }

    private func expanded(_ tensor: TestTensor) -> [UInt8] {
        var out = ByteWriter()
        for (index, value) in int8Values(tensor).enumerated() {
            out.write((Float(value) * scale(index / Int(groupSize))).bitPattern)
        }
        return out.bytes
    }
}
