@testable import LlamaCheckpointTestSupport
import Testing

@Suite struct BadPickleTests {
    @Test(arguments: [
        BadInput.pickle(
            "posix.system",
            """
            byte 2: expected only tensors and the names they are rebuilt with, found \
            posix.system; the file may run code when unpickled: do not load it; ask its \
            author for safetensors or a plain state dict
            """
        ) {
            $0.global("posix", "system")
            $0.string("touch owned")
            $0.out.write([0x85])
            $0.op("R")
        },
        .pickle(
            "builtins.eval in a name",
            """
            byte 2: expected only tensors and the names they are rebuilt with, found \
            builtins.eval\\u{1B}[2J; the file may run code when unpickled: do not load it; \
            ask its author for safetensors or a plain state dict
            """
        ) { $0.global("builtins", "eval\u{1B}[2J") },
        .pickle("stack_global", "byte 23: expected an opcode that torch.save writes, found opcode 147") {
            $0.string("posix")
            $0.string("system")
            $0.out.write([0x93])
        },
        .pickle("object construction", "byte 2: expected an opcode that torch.save writes, found opcode 129")
        { $0.out.write([0x81]) },
        .pickle("extension registry", "byte 2: expected an opcode that torch.save writes, found opcode 130") {
            $0.out.write([0x82, 1])
        },
        .pickle("protocol 1", "byte 0: expected pickle protocol 2 to 5, found 1") {
            $0.out.bytes = [0x80, 1]
        },
        .pickle("protocol 6", "byte 0: expected pickle protocol 2 to 5, found 6") {
            $0.out.bytes = [0x80, 6]
        },
        .pickle("empty", "byte 0: expected a value, found an empty stack") { $0.out.bytes = [] },
        .pickle("a list", "expected a dict of tensors, found a list") { $0.op("]") },
        .pickle("a global alone", "expected a dict of tensors, found torch.FloatStorage") {
            $0.global("torch", "FloatStorage")
        },
        .pickle(
            "a nested state dict",
            """
            DIR/consolidated.00.pth: model: expected a tensor under a name, found a dict \
            under a string; save the plain state dict of the model
            """
        ) {
            $0.op("}")
            $0.string("model")
            $0.out.write("}s")
        },
        .pickle(
            "a number for a name",
            """
            expected a tensor under a name, found None under an int; save the plain state \
            dict of the model
            """
        ) {
            $0.op("}")
            $0.int(7)
            $0.out.write("Ns")
        },
        .pickle(
            "a dict that holds itself",
            """
            DIR/consolidated.00.pth: self: expected a tensor under a name, found a dict \
            under a string; save the plain state dict of the model
            """
        ) {
            $0.out.write("}q\u{0}")
            $0.string("self")
            $0.out.write("h\u{0}s")
        },
        .pickle(
            "call of a string",
            """
            byte 17: expected a call of an allowed name, found a string applied to a tuple
            """
        ) {
            $0.string("os.system")
            $0.out.write(")R")
        },
        .pickle(
            "OrderedDict with arguments",
            """
            byte 31: expected a call of an allowed name, found a list applied to a tuple
            """
        ) {
            $0.global("collections", "OrderedDict")
            $0.out.write("](t")
            $0.out.write([0x85])
            $0.op("R")
        },
        .pickle(
            "storage called",
            """
            byte 23: expected arguments that torch.save gives torch.FloatStorage, found \
            others
            """
        ) {
            $0.global("torch", "FloatStorage")
            $0.out.write(")R")
        },
        .pickle(
            "other persistent id",
            """
            byte 14: expected ("storage", type, key, location, count), found another \
            persistent id
            """
        ) {
            $0.string("storage")
            $0.op("Q")
        },
        .pickle("no memo entry", "byte 2: expected a memo entry 5, found none") { $0.out.write("h\u{5}") },
        .pickle("pop of nothing", "byte 2: expected 2 values, found an empty stack") { $0.out.write("s") },
        .pickle("tuple without mark", "byte 2: expected a mark on the stack, found none") {
            $0.out.write("t")
        },
        .pickle("pairs without a dict", "byte 6: expected a dict and pairs for it, found a list and 2 values")
        { $0.out.write("](NNu") },
        .pickle("odd pairs", "byte 5: expected a dict and pairs for it, found a dict and 1 values") {
            $0.out.write("}(Nu")
        },
        .pickle("append to a dict", "byte 4: expected a list, found a dict") { $0.out.write("}Na") },
        .pickle("reaching below a mark", "byte 6: expected 2 values, found an empty stack") {
            $0.out.write("}N(Ns")
        },
        .pickle("invalid UTF-8 name", "byte 2: expected UTF-8, found other bytes") {
            $0.out.write([0x8C, 2, 0xC3, 0x28])
        },
        .pickle(
            "string beyond the end", "byte 2: expected 4294967295 more bytes, found the end of the pickle"
        ) {
            $0.op("X")
            $0.out.write(UInt32.max)
        },
        .pickle("name without end", "byte 2: expected a name on a line, found none") {
            $0.out.write("c" + String(repeating: "x", count: 300) + "\n")
        },
        .pickle("huge integer", "byte 2: expected an integer of at most 64 bits, found 9 bytes") {
            $0.out.write([0x8A, 9] + [UInt8](repeating: 0xFF, count: 9))
        },
    ])
    func refuses(input: BadInput) throws { try input.check() }
}
