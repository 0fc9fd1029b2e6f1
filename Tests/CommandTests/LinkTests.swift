import Foundation
import Testing

/// No command links what it does not use.
struct LinkTests {
    /// A kernel's symbol, and the library with SHA-256.
    private static let (kernel, library) = ("lk_context_create", "libcrypto.so")

    @Test(arguments: [
        ("llama-tokenize", false, false), ("llama-convert", false, true), ("llama-run", true, false),
        ("llama-train", true, true), ("llama-bench", true, false),
    ])
    func linksKernelsAndCryptographyOnlyWhereTheyAreUsed(
        program: String, hasKernels: Bool, hasCryptography: Bool
    ) throws {
        let file = try Data(contentsOf: Command.executable(program), options: .alwaysMapped)
        #expect((file.range(of: Data(Self.kernel.utf8)) != nil) == hasKernels)
        #expect((file.range(of: Data(Self.library.utf8)) != nil) == hasCryptography)
    }
}
