import LlamaCheckpoints
import LlamaTensors

/// A tensor to be written: what the file will say of it.
package struct TensorSpec: Sendable, Equatable {
    /// Its name in the file.
    package let name: String
    /// How it is stored.
    package let dtype: DType
    /// Extent of each dimension, outermost first.
    package let shape: [Int]

    /// - Parameter shape: For a block format, of whole blocks in the last dimension.
    package init(name: String, dtype: DType, shape: [Int]) {
        (self.name, self.dtype, self.shape) = (name, dtype, shape)
    }

    /// Number of elements.
    package var count: Int { shape.reduce(1, *) }

    /// Bytes of the elements, row-major.
    package var byteCount: Int { count / dtype.blockCount * dtype.blockSize }
}

/// The layout of a file to be written, known to the byte before the first weight is read. So the file's size is known
/// up front, its parts can be written in any order, and an interrupted conversion can be resumed.
package struct FileLayout: Sendable {
    /// Bytes at an offset of the file.
    package typealias Piece = (offset: Int, bytes: [UInt8])

    /// Where a tensor's bytes go.
    package struct Slot: Sendable, Equatable {
        /// The tensor.
        package let tensor: TensorSpec
        /// Offset of its first byte in the file.
        package let offset: Int

        package init(tensor: TensorSpec, offset: Int) {
            (self.tensor, self.offset) = (tensor, offset)
        }
    }

    /// Where a role's digest goes once its tensor is written: ``TensorDigest/digitCount`` characters, for which
    /// ``pieces`` hold as many zeros.
    package struct DigestField: Sendable, Equatable {
        /// The role.
        package let role: TensorRole
        /// Offset of the first character in the file.
        package let offset: Int
    }

    /// The tensors, by ascending offset, none overlapping.
    package let slots: [Slot]
    /// What surrounds the tensors. Bytes that neither a piece nor a slot covers are zero.
    package let pieces: [Piece]
    /// Size of the file.
    package let byteCount: Int
    /// The digests inside ``pieces``; empty for formats without a field for them.
    package let digests: [DigestField]
    /// The pieces that depend on the CRC-32 of every slot's bytes, in the order of ``slots``; nil where none does.
    package let completion: (@Sendable (_ checksums: [UInt32]) throws(CheckpointError) -> [Piece])?

    package init(
        slots: [Slot], pieces: [Piece], byteCount: Int, digests: [DigestField] = [],
        completion: (@Sendable (_ checksums: [UInt32]) throws(CheckpointError) -> [Piece])? = nil
    ) {
        (self.slots, self.pieces, self.byteCount) = (slots, pieces, byteCount)
        (self.digests, self.completion) = (digests, completion)
    }
}
