/// Memory that tensors view: a mapped file, or a buffer of our own.
///
/// The bytes neither move nor change for as long as the object lives, which is what makes a ``Tensor``
/// that retains it `Sendable`.
public protocol TensorStorage: AnyObject, Sendable {
    /// The whole region. Valid while the object lives.
    var bytes: UnsafeRawBufferPointer { get }
}

/// A region of memory filled once, then only read.
public final class OwnedBuffer: TensorStorage {
    // Written only inside `init`, before any other reference exists.
    private nonisolated(unsafe) let region: UnsafeMutableRawBufferPointer

    /// Allocates `count` bytes (64-byte aligned) and lets `fill` write them.
    public init(count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
        region = .allocate(byteCount: count, alignment: 64)
        fill(region)
    }

    deinit { region.deallocate() }

    /// The whole region.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(region) }
}
