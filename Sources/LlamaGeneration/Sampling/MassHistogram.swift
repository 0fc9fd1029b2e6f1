/// Sums of probability masses in bins, ordered by a distance: where a sum is reached can be found without sorting.
struct MassHistogram {
    /// Bins of 1/64; the last one holds every distance from 31.9 on.
    static let bins = 2048

    private var masses = [Double](repeating: 0, count: Self.bins)
    /// The bins below it are in use, and the last one; to clear and to add all of them would take longer than a draw
    /// from a small vocabulary.
    private var end = 0

    /// The bin of a distance that is not negative.
    static func bin(_ distance: Float) -> Int { distance < 31.9 ? Int(distance * 64) : bins - 1 }

    /// Replaces the masses of all bins.
    ///
    /// - Parameters:
    ///   - distances: Infinite where there is nothing to add.
    ///   - masses: One for each distance.
    mutating func fill(distances: Span<Float>, masses values: Span<Float>) {
        for bin in 0..<end { masses[bin] = 0 }
        masses[Self.bins - 1] = 0
        end = 0
        // In locals, which the loop keeps in registers.
        var bins = masses.mutableSpan
        var highest = -1
        for index in distances.indices {
            let bin = Self.bin(distances[index])
            bins[bin] += Double(values[index])
            if bin > highest, bin < Self.bins - 1 { highest = bin }
        }
        end = highest + 1
    }

    /// The mass of all bins, added in their order.
    var sum: Double {
        var sum = 0.0
        for bin in 0..<end { sum += masses[bin] }
        return sum + masses[Self.bins - 1]
    }

    /// The first bin that cannot be added to those before it while `fits` holds for the sum; at most the last one.
    ///
    /// - Returns: The bin, and the mass of those before it.
    func crossing(where fits: (Double) -> Bool) -> (bin: Int, before: Double) {
        var before = 0.0
        for bin in 0..<end {
            guard fits(before + masses[bin]) else { return (bin, before) }
            before += masses[bin]
        }
        return (Self.bins - 1, before)
    }
}
