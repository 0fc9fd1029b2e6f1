import LlamaTensors
@testable import LlamaCheckpointTestSupport
import Testing

@testable import LlamaCheckpoints

/// Rows in Meta's order and in Hugging Face's, whatever the files hold.
struct CanonicalRowsTests {
    /// Grouped queries, and heads of six rows: an odd number of pairs.
    private static let model = TinyModel(
        dim: 24, nHeads: 4, nKVHeads: 2, headDim: 6, hiddenDim: 64, hasAttentionBias: true,
        hasFeedForwardBias: true)
    private static let plain = TinyModel(dim: 24, nHeads: 4, nKVHeads: 2, headDim: 6, hiddenDim: 64)

    /// Rows by the definition: `view(heads, headDim/2, 2, …).transpose(1, 2)`.
    private func halves(_ bytes: [UInt8], headDim: Int, width: Int) -> [UInt8] {
        var result: [UInt8] = []
        for head in stride(from: 0, to: bytes.count / width, by: headDim) {
            for second in 0..<2 {
                for pair in 0..<headDim / 2 {
                    let row = head + pair * 2 + second
                    result += bytes[row * width..<(row + 1) * width]
                }
            }
        }
        return result
    }

    private func bytes(_ rows: CanonicalRows, slice: Int) -> [UInt8] {
        var result: [UInt8] = []
        for start in stride(from: 0, to: rows.rowCount, by: slice) {
            let range = start..<min(start + slice, rows.rowCount)
            var part = [UInt8](repeating: 0xAA, count: range.count * rows.rowByteCount)
            part.withUnsafeMutableBytes { rows.copyRows(range, into: $0) }
            result += part
        }
        return result
    }

    private func isRotated(_ name: String) -> Bool {
        [".wq.", ".wk.", "q_proj", "k_proj"].contains(where: name.contains)
    }

    @Test(arguments: [1, 3, 1000]) func ordersTheRowsOfHuggingFacesHeadsAsMeta(slice: Int) throws {
        let folder = try TemporaryFolder.huggingFaceShards(Self.model)
        let checkpoint = try folder.open()
        for tensor in Self.model.tensors(.huggingFace) {
            guard case .role(let role) = TensorNaming.huggingFace.meaning(of: tensor.name) else { continue }
            let weight = try checkpoint.weight(role)
            let rows = try CanonicalRows(weight, role: role, configuration: checkpoint.configuration)
            let width = tensor.shape.count > 1 ? rows.rowByteCount : rows.dtype.blockSize
            let found = bytes(rows, slice: slice)
            #expect(rows.isPermuted == isRotated(tensor.name))
            let back = isRotated(tensor.name) ? halves(found, headDim: 6, width: width) : found
            #expect(back == tensor.bytes, "\(tensor.name)")
            let same = try CanonicalRows(
                weight, role: role, configuration: checkpoint.configuration, layout: .halves)
            #expect(bytes(same, slice: slice) == tensor.bytes, "\(tensor.name)")
        }
    }

    @Test(arguments: [1, 2], [false, true])
    func joinsMetasShards(count: Int, embeddingByRows: Bool) throws {
        let folder = try TemporaryFolder.metaShards(count, Self.plain, embeddingByRows: embeddingByRows)
        let checkpoint = try folder.open()
        for tensor in Self.plain.tensors(.meta) {
            guard case .role(let role) = TensorNaming.meta.meaning(of: tensor.name) else { continue }
            let weight = try checkpoint.weight(role)
            for slice in [1, 5, 1000] {
                let rows = try CanonicalRows(weight, role: role, configuration: checkpoint.configuration)
                #expect(bytes(rows, slice: slice) == tensor.bytes, "\(tensor.name)")
                let turned = try CanonicalRows(
                    weight, role: role, configuration: checkpoint.configuration, layout: .halves)
                let expected =
                    isRotated(tensor.name)
                    ? halves(tensor.bytes, headDim: 6, width: rows.rowByteCount) : tensor.bytes
                #expect(bytes(turned, slice: slice) == expected, "\(tensor.name)")
            }
        }
    }

    @Test func lendsRowsThatLieInOrder() throws {
        let folder = try TemporaryFolder.metaShards(2, Self.plain)
        let checkpoint = try folder.open()
        for tensor in Self.plain.tensors(.meta) {
            guard case .role(let role) = TensorNaming.meta.meaning(of: tensor.name) else { continue }
            let weight = try checkpoint.weight(role)
            let rows = try CanonicalRows(weight, role: role, configuration: checkpoint.configuration)
            var (found, next): ([UInt8], Int) = ([], 0)
            while next < rows.rowCount, let lent = rows.rowsInPlace(next..<rows.rowCount) {
                found += lent
                next += lent.count / rows.rowByteCount
            }
            #expect(found == (weight.cut == .columns ? [] : tensor.bytes), "\(tensor.name)")
        }
    }

    @Test func permutationsAreInverse() throws {
        for headDim in [4, 6, 64, 128] {
            let there = try #require(HeadPermutation(from: .interleaved, to: .halves, headDim: headDim))
            let back = try #require(HeadPermutation(from: .halves, to: .interleaved, headDim: headDim))
            for index in 0..<headDim * 3 { #expect(there.source(of: back.source(of: index)) == index) }
        }
        #expect(HeadPermutation(from: .halves, to: .halves, headDim: 8) == nil)
        #expect(HeadPermutation(from: .halves, to: .interleaved, headDim: 2) == nil)
    }
}
