import LlamaTensors

/// A tensor that is to be written: what the file will say of it.
package struct TensorSpec: Sendable, Equatable {
    /// Its name in the file.
    package let name: String
    /// How it is stored.
    package let dtype: DType
    /// Extent of each dimension, outermost first.
    package let shape: [Int]

    /// - Parameter shape: of whole blocks in the last dimension, for a block format.
    package init(name: String, dtype: DType, shape: [Int]) {
        (self.name, self.dtype, self.shape) = (name, dtype, shape)
    }

    /// Number of elements.
    package var count: Int { shape.reduce(1, *) }

    /// Bytes that the elements take, row-major.
    package var byteCount: Int { count / dtype.blockCount * dtype.blockSize }
}

/// Where everything stands in a file that is to be written: known to the byte before the first weight is read, so
/// that the file's size can be foretold, its parts written in any order, and an interrupted one gone on with.
package struct FileLayout: Sendable {
    /// Bytes at a place.
    package typealias Piece = (offset: Int, bytes: [UInt8])

    /// The place of a tensor's bytes.
    package struct Slot: Sendable, Equatable {
        package let tensor: TensorSpec
        package let offset: Int

        package init(tensor: TensorSpec, offset: Int) {
            (self.tensor, self.offset) = (tensor, offset)
        }
    }

    /// The tensors, by ascending offset, none overlapping.
    package let slots: [Slot]
    /// What stands around the tensors. Whatever neither a piece nor a slot covers is zero.
    package let pieces: [Piece]
    /// Size of the file.
    package let byteCount: Int
    /// What can be said only when all is written: pieces that depend on the CRC-32 of every slot's bytes. Nil where
    /// nothing does.
    package let completion: (@Sendable (_ checksums: [UInt32]) -> [Piece])?

    package init(
        slots: [Slot], pieces: [Piece], byteCount: Int,
        completion: (@Sendable (_ checksums: [UInt32]) -> [Piece])? = nil
    ) {
        (self.slots, self.pieces, self.byteCount, self.completion) = (slots, pieces, byteCount, completion)
    }
}
