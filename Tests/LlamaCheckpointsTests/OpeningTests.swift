@testable import LlamaCheckpointTestSupport
@testable import LlamaConversion
import Foundation
import LlamaJSON
import Testing

@testable import LlamaCheckpoints

/// Opening maps, it does not read.
struct OpeningTests {
    @Test func touchesNoWeight() throws {
        // A sparse file: a quarter of a gigabyte of weights, of which nothing is on the disk.
        let configuration = ModelConfiguration(
            dim: 1024, nLayers: 1, nHeads: 8, nKVHeads: 8, hiddenDim: 2816, vocabularySize: 65536,
            normEpsilon: 1e-5, ropeTheta: 10000, contextLength: 128)
        let folder = try TemporaryFolder()
        try MetaCheckpointWriter.writeParams(configuration, multipleOf: 256, folder: folder.path)
        let path = folder.path + "/consolidated.safetensors"
        let size = try writeSparse(configuration, path: path)
        _ = try folder.open()
        #expect(size > 250 << 20)
        // Some pages are read ahead of the header.
        #expect(try residentBytes(path) < 4 << 20)
    }

    @Test func refusesAVocabularyThatNoIDCanCount() throws {
        // Each shard is small enough, all together are not.
        let folder = try TemporaryFolder()
        try folder.write(
            "params.json",
            #"{"dim": 2, "n_layers": 1, "n_heads": 1, "vocab_size": -1, "multiple_of": 2, "norm_eps": 1e-5}"#)
        for shard in 0..<128 {
            let name = "consolidated.\(shard < 10 ? "0" : "")\(shard).safetensors"
            try writeSparse([("tok_embeddings.weight", [1 << 24, 2])], path: folder.path + "/" + name)
        }
        #expect(
            folder.message().hasPrefix(
                "DIR/consolidated.00.safetensors: tok_embeddings.weight: expected at most 16777216 rows in all shards, "
            ))
    }

    @discardableResult
    private func writeSparse(_ configuration: ModelConfiguration, path: String) throws -> Int {
        try writeSparse(
            TensorRole.all(of: configuration).map {
                (TensorNaming.meta.name(of: $0), $0.shape(in: configuration))
            }, path: path)
    }

    /// A sparse safetensors file of F16 zeros.
    @discardableResult
    private func writeSparse(_ tensors: [(name: String, shape: [Int])], path: String) throws -> Int {
        var members: [(String, JSONText)] = []
        var end = 0
        for (name, shape) in tensors {
            let count = shape.reduce(2, *)
            let offsets = JSONText.array([.int(end), .int(end + count)])
            members.append(
                (
                    name,
                    .object([
                        ("dtype", .string("F16")), ("shape", .array(shape.map { .int($0) })),
                        ("data_offsets", offsets),
                    ])
                ))
            end += count
        }
        let header = Array(JSONText.object(members).serialized.utf8)
        let bytes = withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init) + header
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.truncate(atOffset: UInt64(bytes.count + end))
        try file.close()
        return bytes.count + end
    }

    /// How much of a file the page cache holds.
    private func residentBytes(_ path: String) throws -> Int {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        let size = Int(lseek(descriptor, 0, SEEK_END))
        let base = try #require(mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0))
        defer { munmap(base, size) }
        let page = sysconf(Int32(_SC_PAGESIZE))
        var pages = [UInt8](repeating: 0, count: (size + page - 1) / page)
        try #require(mincore(base, size, &pages) == 0)
        return pages.reduce(0) { $0 + Int($1 & 1) } * page
    }
}
