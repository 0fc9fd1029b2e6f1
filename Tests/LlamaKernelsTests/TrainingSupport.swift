import CLlamaKernels
import Foundation
import Testing

@testable import LlamaKernels

/// Team sizes whose results must be the same bits.
let teamSizes = [1, 2, 3]

func doubles(_ values: [Float]) -> [Double] { values.map(Double.init) }

/// Expects every value within `steps` roundings of float32, relative to the greatest exact magnitude.
func expectClose(
    _ values: [Float], _ exact: [Double], steps: Double, _ name: Comment = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(values.count == exact.count, name, sourceLocation: sourceLocation)
    var greatest = 0.0
    var error = 0.0
    for (value, exact) in zip(values, exact) {
        greatest = max(greatest, abs(exact))
        let difference = abs(Double(value) - exact)
        error = difference.isNaN ? .infinity : max(error, difference)
    }
    #expect(error <= steps * 0x1p-24 * greatest + 1e-30, name, sourceLocation: sourceLocation)
}

/// The derivative of `f` by one of its arguments, to about 1e-9 for arguments and results near 1.
func slope(of f: ([Double]) -> Double, at x: [Double], index: Int) -> Double {
    let step = 1e-5
    var x = x
    let middle = x[index]
    x[index] = middle + step
    let above = f(x)
    x[index] = middle - step
    return (above - f(x)) / (2 * step)
}

/// The derivative by every argument.
func gradient(of f: ([Double]) -> Double, at x: [Double]) -> [Double] {
    x.indices.map { slope(of: f, at: x, index: $0) }
}

func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }

func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

/// The bits of what `work` computes, the same for teams of every size.
func expectSameBits(_ set: InstructionSet, _ work: (KernelContext) -> [[Float]]) throws {
    let results = try teamSizes.map { size in
        work(try KernelContext(instructionSet: set, threads: size)).map(bits)
    }
    for result in results { #expect(result == results[0]) }
}
