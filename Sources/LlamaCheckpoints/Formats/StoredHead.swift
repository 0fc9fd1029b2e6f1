import LlamaTensors

/// What the files of a checkpoint hold as the output head, seen from the embedding that a configuration may tie it to.
///
/// Opening must not read gigabytes: a head that is larger than ``comparedByteCount`` and has memory of its own is not
/// compared. To use it is right whether or not it is a copy; conversions, which read everything, compare it.
enum StoredHead: Sendable {
    /// There is none, or it is the embedding: the same memory, or the same bytes.
    case tied
    /// It has other values or another type or shape than the embedding.
    case differs(name: String)
    /// It is stored apart from the embedding, and is too large to compare.
    case separate(name: String)

    /// Largest head that is compared, in bytes.
    static let comparedByteCount = 256 << 20

    /// - Parameter limit: Largest head that is compared, in bytes.
    init(in files: [TensorFile], naming: TensorNaming, comparing limit: Int = comparedByteCount) {
        let name = naming.name(of: .output)
        func tensor(_ role: TensorRole) -> Tensor? {
            files.lazy.compactMap { $0.tensors[naming.name(of: role)] }.first
        }
        guard let head = tensor(.output) else {
            self = .tied
            return
        }
        guard let embedding = tensor(.tokEmbeddings), head.dtype == embedding.dtype,
            head.shape == embedding.shape
        else {
            self = .differs(name: name)
            return
        }
        if head.isSameView(as: embedding) {
            self = .tied
        } else if head.byteCount > limit {
            self = .separate(name: name)
        } else {
            self = head.hasSameBytes(as: embedding) ? .tied : .differs(name: name)
        }
    }

    /// Why it is not used as tied, as a clause; nil for ``tied``.
    var difference: String? {
        switch self {
        case .tied: nil
        case .differs(let name): "\(name) is stored and differs from the embedding"
        case .separate(let name): "\(name) is stored, too"
        }
    }
}

extension Tensor {
    /// Whether the elements are those of `other`: the same ones, not copies.
    fileprivate func isSameView(as other: Tensor) -> Bool {
        baseAddress != nil && baseAddress == other.baseAddress && strides == other.strides
            && dtype == other.dtype && shape == other.shape
    }
}
