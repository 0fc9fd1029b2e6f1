import LlamaTensors
import Testing

import LlamaCheckpoints

/// Checks that `checkpoint` holds exactly `tensors`, bit for bit, whatever parts it holds them in.
func expect(
    _ checkpoint: Checkpoint, holds tensors: [TestTensor], sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let roles = TensorRole.all(of: checkpoint.configuration)
    #expect(roles.count == tensors.count, sourceLocation: sourceLocation)
    for tensor in tensors {
        guard case .role(let role) = checkpoint.naming.meaning(of: tensor.name) else {
            Issue.record("\(tensor.name) has no role", sourceLocation: sourceLocation)
            continue
        }
        let weight = try checkpoint.weight(role)
        #expect(weight.name == tensor.name && weight.shape == tensor.shape, sourceLocation: sourceLocation)
        #expect(weight.dtype == tensor.dtype, sourceLocation: sourceLocation)
        for (index, part) in weight.parts.enumerated() {
            let expected =
                switch weight.cut {
                case .whole: tensor
                case .rows: tensor.rows(index, of: weight.parts.count)
                case .columns: tensor.columns(index, of: weight.parts.count)
                }
            #expect(part.shape == expected.shape, sourceLocation: sourceLocation)
            #expect(part.elementBytes == expected.bytes, "\(tensor.name)", sourceLocation: sourceLocation)
        }
    }
}

extension Tensor {
    /// The bytes of all elements, row-major.
    var elementBytes: [UInt8] {
        let whole = contiguous()
        return withExtendedLifetime(whole.storage) {
            Array(whole.storage.bytes[whole.byteOffset..<whole.byteOffset + whole.byteCount])
        }
    }
}
