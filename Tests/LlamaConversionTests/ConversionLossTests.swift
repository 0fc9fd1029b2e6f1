@testable import LlamaConversion
import LlamaTestSupport
import Testing

/// The counts of a change of dtype, against a plain loop.
struct ConversionLossTests {
    private static func plain(_ before: [Float], _ after: [Float]) -> ConversionLoss {
        var loss = ConversionLoss()
        loss.count = before.count
        for (old, new) in zip(before, after) {
            if !old.isFinite { loss.nonFinite += 1 }
            if !old.isFinite, new.isFinite { loss.becameFinite += 1 }
            if old.isFinite, !new.isFinite { loss.overflowed += 1 }
            if old != 0, new == 0 { loss.underflowed += 1 }
            if old.bitPattern != new.bitPattern, !(old.isNaN && new.isNaN) { loss.changed += 1 }
            guard old.isFinite, new.isFinite else { continue }
            loss.squaredError += (Double(new) - Double(old)) * (Double(new) - Double(old))
            if old != 0 { loss.largestRelativeError = max(loss.largestRelativeError, abs((new - old) / old)) }
        }
        return loss
    }

    private func check(_ before: [Float], _ after: [Float], _ comment: Comment) {
        var found = ConversionLoss()
        before.withUnsafeBufferPointer { before in
            after.withUnsafeBufferPointer { found.add(before, $0) }
        }
        var expected = Self.plain(before, after)
        // Sums of 256 float32 squares in each of eight lanes.
        #expect(
            abs(found.squaredError - expected.squaredError) <= expected.squaredError * 2e-5,
            "\(comment): \(found.squaredError), \(expected.squaredError)")
        expected.squaredError = found.squaredError
        #expect(found == expected, comment)
    }

    @Test(arguments: [0, 1, 7, 8, 9, 2047, 2048, 2049, 5000]) func ordinaryValues(count: Int) {
        var generator = SeededGenerator(seed: count)
        let before = generator.floats(count)
        check(before, before.map { ($0 * 127).rounded() / 127 }, "\(count)")
        check(before, before, "\(count), equal")
    }

    /// Changes whose squares float32 does not hold, and values that are not finite among them.
    @Test(arguments: [1e-38, 1e-30, 1e-22, 1, 1e15, 1e22, 1e30] as [Float])
    func extremeValues(scale: Float) {
        var generator = SeededGenerator(seed: 3)
        var before = generator.floats(2100).map { $0 * scale }
        var after = generator.floats(2100).map { $0 * scale }
        check(before, after, "\(scale)")
        let extremes: [Float] = [.nan, .infinity, -.infinity, 0, -0.0, 1, .leastNonzeroMagnitude, -.nan]
        for (index, old) in extremes.enumerated() {
            for (other, new) in extremes.enumerated() {
                before[index * 8 + other] = old
                after[index * 8 + other] = new
            }
        }
        check(before, after, "\(scale), extremes")
    }

    @Test func meansOverWhatStayedFinite() {
        var loss = ConversionLoss()
        let (before, after): ([Float], [Float]) = ([1, 2, .nan, 3], [4, 2, 0, .infinity])
        before.withUnsafeBufferPointer { before in
            after.withUnsafeBufferPointer { loss.add(before, $0) }
        }
        #expect(loss.rootMeanSquareError == (9.0 / 2).squareRoot())
        #expect(loss.isDamage && loss.nonFinite == 1 && loss.becameFinite == 1 && loss.overflowed == 1)
    }
}
