import Glibc
import LlamaFiles

/// Memory that tensors view: a mapped file or an ``OwnedBuffer``.
///
/// The bytes neither move nor change for as long as the object lives, which is what makes a ``Tensor``
/// that retains it `Sendable`.
package protocol TensorStorage: AnyObject, Sendable {
    /// The whole region. Valid while the object lives.
    var bytes: UnsafeRawBufferPointer { get }
}

extension MappedFile: TensorStorage {}

extension Sequence<Tensor> {
    /// The mapped files that the tensors view, each once, in the order in which they are first seen.
    package var mappedFiles: [MappedFile] {
        var known: Set<ObjectIdentifier> = []
        return compactMap { $0.storage as? MappedFile }.filter { known.insert(ObjectIdentifier($0)).inserted }
    }
}

/// A region of memory that is filled once and then only read.
package final class OwnedBuffer: TensorStorage {
    // Written only inside `init`, before any other reference exists.
    private nonisolated(unsafe) let region: UnsafeMutableRawBufferPointer

    /// Allocates `count` bytes (on a page boundary) and lets `fill` write them; nil where memory is short.
    package init?(reserving count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
        let protection = PROT_READ | PROT_WRITE
        guard let base = mmap(nil, max(count, 1), protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            base != MAP_FAILED
        else { return nil }
        region = UnsafeMutableRawBufferPointer(start: base, count: count)
        fill(region)
    }

    deinit { munmap(region.baseAddress, max(region.count, 1)) }

    /// The whole region.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(region) }
}
