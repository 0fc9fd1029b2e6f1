import CLlamaKernels
import COpenBLAS

/// The matrix product of OpenBLAS, loaded when first asked for; only training uses it.
///
/// It runs on the calling thread alone: a ``KernelContext`` splits products among its own threads.
package struct OpenBLAS {
    let sgemm: lk_sgemm

    /// The processor type whose kernels the library chose, such as `SkylakeX`.
    package let coreName: String

    /// Loads the library, or gives what an earlier call loaded.
    ///
    /// - Throws: ``KernelError/openBLASUnavailable(_:)``.
    package init() throws(KernelError) {
        var reason: UnsafePointer<CChar>?
        guard let library = cob_open(&reason)?.pointee, let sgemm = library.sgemm else {
            throw .openBLASUnavailable(reason.map { String(cString: $0) } ?? "no reason given")
        }
        self.sgemm = sgemm
        coreName = String(cString: library.core_name)
    }
}
