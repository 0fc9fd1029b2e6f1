@testable import LlamaCheckpointTestSupport
import Testing

/// Tensors that a pickle describes wrongly.
@Suite struct BadTorchViewTests {
    @Test(arguments: [
        BadInput.torch(
            "stride beyond the storage",
            """
            tok_embeddings.weight: expected a view inside the 128 elements of its storage, \
            found shape [16, 8], strides [9, 1], offset 0
            """
        ) { $0.views[0].strides = [9, 1] },
        .torch(
            "negative stride",
            """
            tok_embeddings.weight: expected a view inside the 128 elements of its storage, \
            found shape [16, 8], strides [-8, 1], offset 0
            """
        ) { $0.views[0].strides = [-8, 1] },
        .torch(
            "huge stride",
            """
            tok_embeddings.weight: expected a view inside the 128 elements of its storage, \
            found shape [16, 8], strides [9223372036854775807, 9223372036854775807], offset \
            0
            """
        ) { $0.views[0].strides = [.max, .max] },
        .torch(
            "stride 0",
            """
            tok_embeddings.weight: expected a view inside the 128 elements of its storage, \
            found shape [16777216, 1048576], strides [0, 0], offset 0
            """
        ) {
            $0.views[0].strides = [0, 0]
            $0.views[0].shape = [1 << 24, 1 << 20]
        },
        .torch(
            "strides of another rank",
            """
            tok_embeddings.weight: expected a view inside the 128 elements of its storage, \
            found shape [16, 8], strides [1], offset 0
            """
        ) { $0.views[0].strides = [1] },
        .torch(
            "negative shape",
            """
            tok_embeddings.weight: expected a view inside the 128 elements of its storage, \
            found shape [-16, 8], strides [8, 1], offset 0
            """
        ) { $0.views[0].shape = [-16, 8] },
        .torch(
            "huge shape",
            """
            tok_embeddings.weight: expected a view inside the 128 elements of its storage, \
            found shape [9223372036854775807, 9223372036854775807], strides [8, 1], offset 0
            """
        ) { $0.views[0].shape = [.max, .max] },
        .torch(
            "nine dimensions",
            """
            consolidated/data.pkl: byte 198: expected arguments that torch.save gives \
            torch._utils._rebuild_tensor_v2, found others
            """
        ) { $0.views[0].shape = [1, 1, 1, 1, 1, 1, 1, 1, 1] },
        .torch(
            "negative offset",
            """
            tok_embeddings.weight: expected a view inside the 128 elements of its storage, \
            found shape [16, 8], strides [8, 1], offset -1
            """
        ) { $0.views[0].offset = -1 },
        .torch(
            "lowest offset",
            """
            tok_embeddings.weight: expected a view inside the 128 elements of its storage, \
            found shape [16, 8], strides [8, 1], offset -9223372036854775808
            """
        ) { $0.views[0].offset = .min },
        .torch(
            "lowest offset of bytes",
            """
            tok_embeddings.weight: expected a view inside the 128 elements of its storage, \
            found shape [16, 8], strides [8, 1], offset -9223372036854775808
            """
        ) {
            $0.views[0].offset = .min
            $0.views[0].type = "ByteStorage"
        },
        .torch(
            "offset beyond",
            """
            tok_embeddings.weight: expected a view inside the 128 elements of its storage, \
            found shape [16, 8], strides [8, 1], offset 1
            """
        ) { $0.views[0].offset = 1 },
        .torch(
            "negative storage",
            """
            consolidated/data.pkl: byte 143: expected ("storage", type, key, location, \
            count), found another persistent id
            """
        ) { $0.views[0].storageCount = -1 },
        .torch(
            "huge storage",
            """
            tok_embeddings.weight: expected 9223372036854775807 elements of F32 in \
            consolidated/data/0, found 512 bytes
            """
        ) { $0.views[0].storageCount = .max },
        .torch(
            "short storage",
            """
            tok_embeddings.weight: expected 128 elements of F32 in consolidated/data/0, \
            found 511 bytes
            """
        ) { $0.storages[0].bytes.removeLast() },
        .torch(
            "missing storage",
            """
            tok_embeddings.weight: expected its storage consolidated/data/99, found no such \
            ZIP entry
            """
        ) { $0.views[0].storage = "99" },
        .torch(
            "storage elsewhere",
            """
            tok_embeddings.weight: expected its storage consolidated/data/../../etc/passwd, \
            found no such ZIP entry
            """
        ) { $0.views[0].storage = "../../etc/passwd" },
        .torch(
            "unknown storage type",
            """
            tok_embeddings.weight: torch.ComplexFloatStorage is not supported; convert the \
            tensors to F32, F16 or BF16
            """
        ) { $0.views[0].type = "ComplexFloatStorage" },
        .torch(
            "name that breaks lines", "the tensors are not those of this Llama: missing tok_embeddings.weight"
        ) { $0.views[0].name = "tok\nembeddings\u{1B}[31m" },
        .torch(
            "the same name twice",
            """
            tok_embeddings.weight: expected each tensor once, found the same name again
            """
        ) { $0.views[1].name = $0.views[0].name },
    ])
    func refuses(input: BadInput) throws { try input.check() }
}
