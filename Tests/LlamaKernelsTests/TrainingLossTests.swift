import CLlamaKernels
import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaKernels

@Suite struct TrainingLossTests {
    static func loss(_ logits: [Double], _ target: Int) -> Double {
        let greatest = logits.max() ?? 0
        return log(logits.reduce(0) { $0 + exp($1 - greatest) }) + greatest - logits[target]
    }

    struct Case: Sendable {
        let rows: Int
        let classes: Int
        let factor: Float
    }

    /// Factors of the logits, up to where every exponential but one is 0.
    static let cases = [(1, 1), (5, 17), (3, 68), (2, 300)].flatMap { shape in
        ([1, 30, 10000] as [Float]).map { Case(rows: shape.0, classes: shape.1, factor: $0) }
    }

    @Test(arguments: instructionSets, cases)
    func lossesAndTheirSlopes(_ set: InstructionSet, _ shape: Case) throws {
        let (rows, classes, factor) = (shape.rows, shape.classes, shape.factor)
        let context = try KernelContext(instructionSet: set, threads: 2)
        var numbers = SeededGenerator(seed: 1)
        let logits = numbers.floats(rows * classes).map { $0 * factor }
        let targets = (0..<rows).map { Int32($0 * 7 % classes) }
        let scale: Float = 0.37
        var gradients = logits
        var losses = [Float](repeating: .nan, count: rows)
        var lossesAlone = losses
        lk_cross_entropy_loss(context.handle, logits, targets, &lossesAlone, rows, classes)
        lk_cross_entropy(context.handle, &gradients, targets, scale, &losses, rows, classes)
        for row in 0..<rows {
            let values = Array(doubles(logits)[row * classes..<(row + 1) * classes])
            let target = Int(targets[row])
            let exact = Self.loss(values, target)
            #expect(abs(Double(losses[row]) - exact) <= 16 * 0x1p-24 * max(exact, 1))
            #expect(abs(Double(lossesAlone[row]) - exact) <= 16 * 0x1p-24 * max(exact, 1))
            // A float32 difference of logits is off by their own rounding.
            let steps = 16 + Double(factor)
            let found = Array(gradients[row * classes..<(row + 1) * classes])
            let softmax = values.map { exp($0 - values[target] - exact) }
            let analytic = softmax.enumerated().map { Double(scale) * ($1 - ($0 == target ? 1 : 0)) }
            for (value, exact) in zip(found, analytic) {
                #expect(abs(Double(value) - exact) <= steps * 0x1p-24 * Double(scale))
            }
            if factor == 1 && classes < 100 {
                let slopes = gradient(of: { Double(scale) * Self.loss($0, target) }, at: values)
                for (value, slope) in zip(found, slopes) { #expect(abs(Double(value) - slope) <= 1e-6) }
            }
        }
    }

    @Test(arguments: instructionSets)
    func doesNotCountNegativeTargets(_ set: InstructionSet) throws {
        let context = try KernelContext(instructionSet: set, threads: 1)
        var logits: [Float] = [1, 2, 3, .nan, .infinity, 6]
        var losses: [Float] = [.nan, .nan]
        lk_cross_entropy_loss(context.handle, logits, [2, -1], &losses, 2, 3)
        #expect(losses[0] > 0 && losses[1] == 0)
        lk_cross_entropy(context.handle, &logits, [2, -1], 1, &losses, 2, 3)
        #expect(losses[0] > 0 && losses[1] == 0)
        #expect(logits[2] < 0 && Array(logits[3...]) == [0, 0, 0])
    }

    @Test(arguments: instructionSets, [3, 40])
    func aLogitThatIsNotANumberShowsInTheLoss(_ set: InstructionSet, classes: Int) throws {
        let context = try KernelContext(instructionSet: set, threads: 1)
        for bad in 0..<classes {
            var logits = [Float](repeating: 1, count: classes)
            logits[bad] = .nan
            var losses: [Float] = [0]
            lk_cross_entropy(context.handle, &logits, [1], 1, &losses, 1, classes)
            #expect(losses[0].isNaN)
        }
    }

    @Test(arguments: instructionSets)
    func isTheSameOnAnyTeam(_ set: InstructionSet) throws {
        let (rows, classes) = (300, 68)
        var numbers = SeededGenerator(seed: 2)
        let logits = numbers.floats(rows * classes)
        let targets = (0..<rows).map { Int32($0 % classes) }
        try expectSameBits(set) { context in
            var gradients = logits
            var losses = [Float](repeating: .nan, count: rows)
            var lossesAlone = losses
            lk_cross_entropy_loss(context.handle, logits, targets, &lossesAlone, rows, classes)
            lk_cross_entropy(context.handle, &gradients, targets, 0.1, &losses, rows, classes)
            return [gradients, losses, lossesAlone]
        }
    }
}
