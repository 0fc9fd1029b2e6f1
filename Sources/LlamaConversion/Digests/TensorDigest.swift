import LlamaCheckpoints
import LlamaTensors

/// What a tensor's values are, whatever file, shard or order of rows they lie in: the SHA-256 of its role, dtype and
/// shape, a line each, and of its elements as stored, row by row in Meta's order.
package struct TensorDigest: Sendable, Hashable {
    /// 64 hexadecimal digits.
    package let text: String

    init(text: String) { self.text = text }

    /// Takes a tensor in, piece by piece.
    struct Hasher: ~Copyable {
        private var sha: SHA256

        init(role: TensorRole, dtype: DType, shape: [Int]) throws(ConversionError) {
            sha = try SHA256()
            let head = [
                TensorNaming.meta.name(of: role), dtype.rawValue,
                shape.map(String.init).joined(separator: "x"),
            ]
            sha.update((head.joined(separator: "\n") + "\n").utf8)
        }

        mutating func update(_ bytes: UnsafeRawBufferPointer) { sha.update(bytes) }

        consuming func finish() throws(ConversionError) -> TensorDigest {
            TensorDigest(text: try sha.finish())
        }
    }

    /// The digest of a checkpoint's tensor; reads all of it.
    ///
    /// - Parameter progress: told how many bytes were read since the last call.
    package init(
        of role: TensorRole, in checkpoint: Checkpoint, progress: (Int) -> Void = { _ in }
    ) throws(ConversionError) {
        let weight: Weight
        let rows: CanonicalRows
        do {
            weight = try checkpoint.weight(role)
            rows = try CanonicalRows(weight, role: role, configuration: checkpoint.configuration)
        } catch { throw .source(error) }
        var hasher = try Hasher(role: role, dtype: weight.dtype, shape: weight.shape)
        let step = max(1, (4 << 20) / max(1, rows.rowByteCount))
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: step * rows.rowByteCount, alignment: 64)
        defer { buffer.deallocate() }
        for start in stride(from: 0, to: rows.rowCount, by: step) {
            let slice = start..<min(start + step, rows.rowCount)
            hasher.update(rows.bytes(of: slice, buffer))
            progress(slice.count * rows.rowByteCount)
        }
        self = try hasher.finish()
    }
}

extension CanonicalRows {
    /// The bytes of rows, where they lie if they lie there in order, else put together in `buffer`.
    func bytes(of rows: Range<Int>, _ buffer: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer {
        if let inPlace = rowsInPlace(rows), inPlace.count == rows.count * rowByteCount { return inPlace }
        copyRows(rows, into: buffer)
        return UnsafeRawBufferPointer(rebasing: buffer[..<(rows.count * rowByteCount)])
    }
}

/// What stands for a digest in a file's header until it is known: a text of the same length.
enum DigestPlaceholder {
    private static let start = Array("swift-llama-digest-".utf8)

    static func text(for role: TensorRole) -> String {
        let number = String(index(of: role))
        let zeros = String(repeating: "0", count: 64 - start.count - number.count)
        return String(decoding: start, as: UTF8.self) + zeros + number
    }

    private static func index(of role: TensorRole) -> Int {
        switch role {
        case .tokEmbeddings: 0
        case .norm: 1
        case .output: 2
        case .layer(let layer, let role):
            3 + layer * TensorRole.LayerRole.allCases.count
                + (TensorRole.LayerRole.allCases.firstIndex(of: role) ?? 0)
        }
    }

    /// The digests that take the places of their placeholders in a file.
    ///
    /// What the source names and spells may look like a placeholder. Whatever of it is in a header stands before the
    /// digests, so the last occurrence is the placeholder.
    static func replacements(
        in layout: FileLayout, _ digests: [TensorRole: TensorDigest]
    ) -> [FileLayout.Piece] {
        let texts = Dictionary(digests.map { (text(for: $0.key), $0.value.text) }) { first, _ in first }
        var places: [String: Int] = [:]
        for piece in layout.pieces.sorted(by: { $0.offset < $1.offset }) {
            piece.bytes.withUnsafeBufferPointer { bytes in
                for place in 0..<max(0, bytes.count - 63) where bytes[place] == start[0] {
                    let found = bytes[place..<place + 64]
                    guard found.starts(with: start) else { continue }
                    let text = String(decoding: found, as: UTF8.self)
                    if texts[text] != nil { places[text] = piece.offset + place }
                }
            }
        }
        return places.map { text, place in (place, Array((texts[text] ?? text).utf8)) }
    }
}
