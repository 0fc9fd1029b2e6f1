import CLlamaKernels
import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaKernels

@Suite struct TrainingGemmTests {
    struct Product: Sendable {
        var m: Int
        var n: Int
        var k: Int
    }

    static let products = [
        Product(m: 1, n: 1, k: 1), Product(m: 5, n: 7, k: 3), Product(m: 97, n: 33, k: 20),
        Product(m: 145, n: 5, k: 9), Product(m: 1301, n: 3, k: 2),
    ]

    /// Rows are padded, and the padding of the result is not written.
    @Test(arguments: products, [(false, false), (false, true), (true, false), (true, true)])
    func multiplies(_ size: Product, _ transposes: (a: Bool, b: Bool)) throws {
        let sgemm = try OpenBLAS().sgemm
        let context = try KernelContext(threads: 2)
        var numbers = SeededGenerator(seed: 1)
        let (lda, ldb) = ((transposes.a ? size.m : size.k) + 2, (transposes.b ? size.k : size.n) + 3)
        let ldc = size.n + 1
        let a = numbers.floats((transposes.a ? size.k : size.m) * lda)
        let b = numbers.floats((transposes.b ? size.n : size.k) * ldb)
        let before = numbers.floats(size.m * ldc)
        for accumulate in [false, true] {
            var c = before
            a.withUnsafeBufferPointer { a in
                b.withUnsafeBufferPointer { b in
                    c.withUnsafeMutableBufferPointer { c in
                        var op = lk_gemm_op(
                            transpose_a: transposes.a, transpose_b: transposes.b, accumulate: accumulate,
                            m: size.m, n: size.n, k: size.k, a: a.baseAddress, lda: lda, b: b.baseAddress,
                            ldb: ldb, c: c.baseAddress, ldc: ldc)
                        lk_gemm(context.handle, sgemm, &op, 1)
                    }
                }
            }
            var exact = doubles(before)
            for i in 0..<size.m {
                for j in 0..<size.n {
                    var sum = accumulate ? exact[i * ldc + j] : 0
                    for l in 0..<size.k {
                        let left = a[transposes.a ? l * lda + i : i * lda + l]
                        let right = b[transposes.b ? j * ldb + l : l * ldb + j]
                        sum += Double(left) * Double(right)
                    }
                    exact[i * ldc + j] = sum
                }
            }
            expectClose(c, exact, steps: Double(size.k) + 4)
            #expect((0..<size.m).allSatisfy { c[$0 * ldc + size.n] == before[$0 * ldc + size.n] })
        }
    }

    @Test func computesSeveralProductsAtOnceAndTheSameOnAnyTeam() throws {
        let sgemm = try OpenBLAS().sgemm
        var numbers = SeededGenerator(seed: 2)
        let x = numbers.floats(1300 * 20)
        let w = numbers.floats(150 * 20)
        try expectSameBits(.best) { context in
            var forward = [Float](repeating: .nan, count: 1300 * 150)
            var backward = [Float](repeating: .nan, count: 20 * 20)
            x.withUnsafeBufferPointer { x in
                w.withUnsafeBufferPointer { w in
                    forward.withUnsafeMutableBufferPointer { forward in
                        backward.withUnsafeMutableBufferPointer { backward in
                            let ops = [
                                lk_gemm_op(
                                    transpose_a: false, transpose_b: true, accumulate: false, m: 1300, n: 150,
                                    k: 20, a: x.baseAddress, lda: 20, b: w.baseAddress, ldb: 20,
                                    c: forward.baseAddress, ldc: 150),
                                lk_gemm_op(
                                    transpose_a: true, transpose_b: false, accumulate: false, m: 20, n: 20,
                                    k: 1300, a: x.baseAddress, lda: 20, b: x.baseAddress, ldb: 20,
                                    c: backward.baseAddress, ldc: 20),
                            ]
                            lk_gemm(context.handle, sgemm, ops, 2)
                        }
                    }
                }
            }
            #expect(!forward.contains { $0.isNaN } && !backward.contains { $0.isNaN })
            return [forward, backward]
        }
    }

    /// The library's own summary of its configuration names them too.
    @Test func namesTheKernelsThatTheLibraryChose() throws {
        let name = try OpenBLAS().coreName
        let library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_NOLOAD) ?? dlopen("libopenblas.so", RTLD_NOW)
        let symbol = try #require(dlsym(library, "openblas_get_config"))
        typealias Configuration = @convention(c) () -> UnsafePointer<CChar>
        let configuration = String(cString: unsafeBitCast(symbol, to: Configuration.self)())
        #expect(configuration.split(separator: " ").contains(Substring(name)), "\(configuration)")
    }

    @Test func saysHowToInstallTheLibrary() {
        #expect(
            KernelError.openBLASUnavailable("no such file").description
                == "training needs OpenBLAS; install it with: apt-get install libopenblas0 (no such file)")
    }
}
