import Testing

@testable import LlamaCheckpointTestSupport

/// What well-behaved programs put into pickles and is not supported: it is named, and not reported as code.
@Suite struct UnsupportedPickleTests {
    private static let file = "DIR/consolidated.00.pth"
    private static let convert = "convert the tensors to F32, F16 or BF16"
    private static let plain = "save the plain state dict of the model"

    /// A state dict of one value under the name `x`.
    private static func value(
        _ what: String, _ message: String, write: @escaping @Sendable (inout PickleWriter) -> Void
    ) -> BadInput {
        .pickle(what, "\(file): x: \(message)") {
            $0.op("}")
            $0.string("x")
            write(&$0)
            $0.op("s")
        }
    }

    /// `torch._utils._rebuild_tensor_v2`, or `_v3`, of four elements.
    private static func tensor(
        _ pickle: inout PickleWriter, _ version: String, storage: (module: String, name: String),
        rest: (inout PickleWriter) -> Void
    ) {
        pickle.global("torch._utils", "_rebuild_tensor_\(version)")
        pickle.out.write("((")
        pickle.string("storage")
        pickle.global(storage.module, storage.name)
        pickle.string("0")
        pickle.string("cpu")
        pickle.int(4)
        pickle.out.write("tQ")
        pickle.int(0)
        pickle.tuple([4])
        pickle.tuple([1])
        pickle.out.write([0x89])
        pickle.orderedDictionary()
        rest(&pickle)
        pickle.out.write("tR")
    }

    /// A tensor whose metadata hold one key.
    private static func lazy(_ key: String, _ value: String, _ message: String) -> BadInput {
        Self.value("metadata \(key)", message) {
            tensor(&$0, "v2", storage: ("torch", "FloatStorage")) {
                $0.op("}")
                $0.string(key)
                $0.out.write(value == "true" ? [0x88] : [0x4E])
                $0.op("s")
            }
        }
    }

    @Test(arguments: [
        value("float8", "torch.float8_e4m3fn is not supported; \(convert)") {
            tensor(&$0, "v3", storage: ("torch.storage", "UntypedStorage")) {
                $0.global("torch", "float8_e4m3fn")
            }
        },
        value("uint16", "torch.uint16 is not supported; \(convert)") {
            tensor(&$0, "v3", storage: ("torch.storage", "UntypedStorage")) { $0.global("torch", "uint16") }
        },
        value("a class of storages", "torch.QInt8Storage is not supported; \(convert)") {
            tensor(&$0, "v2", storage: ("torch", "QInt8Storage")) { _ in }
        },
        value("a parameter of it", "torch.QInt8Storage is not supported; \(convert)") {
            $0.global("torch._utils", "_rebuild_parameter")
            $0.op("(")
            tensor(&$0, "v2", storage: ("torch", "QInt8Storage")) { _ in }
            $0.out.write([0x88])
            $0.orderedDictionary()
            $0.out.write("tR")
        },
        value("a size", "torch.Size is not supported; \(plain)") {
            $0.global("torch", "Size")
            $0.tuple([2, 3])
            $0.out.write([0x85])
            $0.op("R")
        },
        value("a dtype", "torch.bfloat16 is not supported; \(convert)") { $0.global("torch", "bfloat16") },
        value("a device", "torch.device is not supported; \(plain)") {
            $0.global("torch", "device")
            $0.string("cpu")
            $0.out.write([0x85])
            $0.op("R")
        },
        value("a sparse tensor", "torch._utils._rebuild_sparse_tensor is not supported; \(plain)") {
            $0.global("torch._utils", "_rebuild_sparse_tensor")
            $0.out.write(")R")
        },
        .pickle("a size alone", "expected a dict of tensors, found torch.Size") {
            $0.global("torch", "Size")
        },
    ])
    func isNamed(input: BadInput) throws { try input.check() }

    /// Of these torch stores the elements before the sign is changed.
    @Test(arguments: [
        lazy("neg", "true", "a negated view is not supported; save tensor.resolve_neg() instead"),
        lazy("conj", "true", "a conjugate view is not supported; save tensor.resolve_conj() instead"),
        lazy("mine", "true", "a tensor with \"mine\" is not supported; save tensor.clone() instead"),
    ])
    func lazyViewsAreRefusedByName(input: BadInput) throws { try input.check() }

    @Test func metadataThatSayNothingAreIgnored() throws {
        let input = BadInput.pickle(
            "no metadata",
            "\(Self.file): expected tensors named as in Meta's or Hugging Face's Llama, found x"
        ) {
            $0.op("}")
            $0.string("x")
            Self.tensor(&$0, "v2", storage: ("torch", "FloatStorage")) {
                $0.op("}")
                $0.string("neg")
                $0.out.write([0x89])
                $0.op("s")
            }
            $0.op("s")
        }
        try input.check()
    }

    /// Only names that are known to be harmless are: the others may be functions.
    @Test(arguments: [
        ("torch", "load"), ("torch.storage", "_load_from_bytes"), ("torch", "float_power"),
        ("torch.hub", "load"), ("os", "FloatStorage"), ("torch", "x;Storage"),
    ])
    func otherNamesMayRunCode(module: String, name: String) throws {
        let found = "\(module).\(name)"
        try BadInput.pickle(
            found,
            """
            byte 2: expected only tensors and the names they are rebuilt with, found \(found); the file may run \
            code when unpickled: do not load it; ask its author for safetensors or a plain state dict
            """
        ) { $0.global(module, name) }.check()
    }
}
