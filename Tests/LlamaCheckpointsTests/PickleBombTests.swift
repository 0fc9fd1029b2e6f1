@testable import LlamaCheckpointTestSupport
import Testing

/// Small pickles that would cost a careless reader its stack or its memory.
@Suite struct PickleBombTests {
    /// A tuple in a tuple in a tuple: neither building nor freeing it may recurse.
    @Test func survivesDeepNesting() throws {
        for opcode in [UInt8(0x85), 0x86] {
            var pickle = PickleWriter()
            pickle.op("N")
            for _ in 0..<100_000 {
                if opcode == 0x86 { pickle.op("N") }
                pickle.out.write([opcode])
            }
            let message = try TemporaryFolder.torch(TorchBuilder(pickle: pickle.stop()).bytes).message()
            #expect(
                message
                    == "DIR/consolidated.00.pth: consolidated/data.pkl: expected a dict of tensors, found a tuple"
            )
        }
    }

    /// Lists that hold each other a thousand times over: a reader that copied them would need 10³⁰ values.
    @Test(.timeLimit(.minutes(1))) func survivesAMemoBomb() throws {
        var pickle = PickleWriter()
        pickle.out.write("]q\u{0}")
        for level in UInt8(1)...10 {
            pickle.op("(")
            for _ in 0..<1000 { pickle.out.write([0x68, level - 1]) }
            pickle.out.write([0x74, 0x71, level])
        }
        let message = try TemporaryFolder.torch(TorchBuilder(pickle: pickle.stop()).bytes).message()
        #expect(
            message
                == "DIR/consolidated.00.pth: consolidated/data.pkl: expected a dict of tensors, found a tuple"
        )
    }

    /// One long shape named by many tensors would be copied by each.
    @Test(.timeLimit(.minutes(1))) func survivesAShapeBomb() throws {
        var pickle = PickleWriter()
        pickle.tuple([Int](repeating: 1, count: 200_000))
        pickle.out.write("q\u{0}")
        let view = TorchView(name: "x", storageCount: 4, shape: [4], strides: [1])
        pickle.tensor(view)
        for _ in 0..<20000 {
            pickle.global("torch._utils", "_rebuild_tensor_v2")
            pickle.out.write("(h\u{0}h\u{0}h\u{0}h\u{0}tR")
        }
        let message = try TemporaryFolder.torch(TorchBuilder(pickle: pickle.stop()).bytes).message()
        #expect(message.contains("expected arguments that torch.save gives torch._utils._rebuild_tensor_v2"))
    }
}
