import CLlamaKernels
import Foundation
import LlamaTestSupport
import Testing

@testable import LlamaKernels

/// Attention of one layer over a cache of its own.
private struct Layer {
    static let capacity = 512
    let heads: Int
    let kvHeads: Int
    let headDim: Int
    let layout: lk_rope_layout
    let slots: Int
    let cosines: [Float]
    let sines: [Float]
    let type: CacheType
    /// Memory of elements of the type. Unspecified cache content is NaN: using it shows.
    var keys: [Float]
    var values: [Float]
    /// The pages of each slot: those of the last slot first, each slot's last page first.
    var pages: [Int32]

    init(
        heads: Int, kvHeads: Int, headDim: Int, layout: lk_rope_layout, slots: Int = 1,
        type: CacheType = .float32
    ) {
        self.type = type
        (self.heads, self.kvHeads, self.headDim) = (heads, kvHeads, headDim)
        (self.layout, self.slots) = (layout, slots)
        let angles = (0..<Self.capacity).flatMap { position in
            (0..<headDim / 2).map {
                Double(position) * pow(10000, -2 * Double($0) / Double(headDim))
            }
        }
        cosines = angles.map { Float(cos($0)) }
        sines = angles.map { Float(sin($0)) }
        // Two NaNs of binary16, too.
        keys = Array(
            repeating: Float(bitPattern: .max),
            count: CacheLayer.floatCount(slots * kvHeads * Self.capacity * headDim, type))
        values = keys
        pages = (0..<Int32(slots * Self.capacity / PageTable.positions)).reversed()
    }

    private mutating func with(_ body: (inout lk_attention_shape, inout lk_cache_layer) -> Void) {
        let (heads, kvHeads, headDim, layout) = (heads, kvHeads, headDim, layout)
        let (pages, type) = (pages, type)
        cosines.withUnsafeBufferPointer { cosines in
            sines.withUnsafeBufferPointer { sines in
                keys.withUnsafeMutableBufferPointer { keys in
                    values.withUnsafeMutableBufferPointer { values in
                        pages.withUnsafeBufferPointer { pages in
                            var shape = lk_attention_shape(
                                n_heads: heads, n_kv_heads: kvHeads, head_dim: headDim, rope_layout: layout,
                                rope_cos: cosines.baseAddress, rope_sin: sines.baseAddress,
                                scale: 1 / Float(headDim).squareRoot())
                            var cache = lk_cache_layer(
                                dtype: type.dtype, keys: keys.baseAddress, values: values.baseAddress,
                                pages: pages.baseAddress,
                                table_stride: Self.capacity / PageTable.positions)
                            body(&shape, &cache)
                        }
                    }
                }
            }
        }
    }

    mutating func store(
        _ context: KernelContext, _ rows: [lk_row], q: inout [Float], k: [Float], v: [Float]
    ) {
        var rotated = q
        with { lk_rope_and_store(context.handle, &$0, rows, rows.count, &rotated, k, v, &$1) }
        q = rotated
    }

    mutating func attend(_ context: KernelContext, _ rows: [lk_row], q: [Float]) -> [Float] {
        var out = [Float](repeating: .nan, count: q.count)
        with { lk_attention(context.handle, &$0, rows, rows.count, q, &out, &$1) }
        return out
    }

    /// Head `head` of a row of `x` at `position`, rotated in double.
    func rotated(_ x: [Float], row: Int, head: Int, of count: Int, position: Int) -> [Double] {
        let base = (row * count + head) * headDim
        var result = x[base..<base + headDim].map(Double.init)
        for i in 0..<headDim / 2 {
            let (a, b) = layout == LK_ROPE_INTERLEAVED ? (2 * i, 2 * i + 1) : (i, i + headDim / 2)
            let cosine = Double(cosines[position * headDim / 2 + i])
            let sine = Double(sines[position * headDim / 2 + i])
            (result[a], result[b]) = (
                result[a] * cosine - result[b] * sine, result[a] * sine + result[b] * cosine
            )
        }
        return result
    }
}

extension lk_rope_layout: @retroactive CustomTestStringConvertible {
    /// The layout as test output names it.
    public var testDescription: String { self == LK_ROPE_INTERLEAVED ? "interleaved" : "halves" }
}

@Suite struct AttentionTests {
    static let layouts = [LK_ROPE_INTERLEAVED, LK_ROPE_HALVES]

    private func sequence(_ count: Int, slot: Int32 = 0) -> [lk_row] {
        (0..<count).map { lk_row(position: Int32($0), slot: slot) }
    }

    @Test(arguments: instructionSets, layouts)
    func agreesWithDoublePrecision(_ set: InstructionSet, _ layout: lk_rope_layout) throws {
        let context = try KernelContext(instructionSet: set, threads: 2)
        for (heads, kvHeads, headDim, checked) in [
            (2, 1, 10, [0, 15, 16, 127, 128, 500]), (3, 3, 2, [0, 1, 17]), (8, 2, 64, [0, 33, 140]),
            (40, 2, 6, [0, 20]), (1, 1, 72, [16, 63]),
        ] {
            let count = (checked.last ?? 0) + 1
            var layer = Layer(heads: heads, kvHeads: kvHeads, headDim: headDim, layout: layout)
            var numbers = SeededGenerator(seed: headDim)
            let q = numbers.floats(count * heads * headDim).map { $0 * 4 }
            let k = numbers.floats(count * kvHeads * headDim).map { $0 * 4 }
            let v = numbers.floats(count * kvHeads * headDim)
            var rotated = q
            layer.store(context, sequence(count), q: &rotated, k: k, v: v)
            let rows = checked.map { lk_row(position: Int32($0), slot: 0) }
            let width = heads * headDim
            let out = layer.attend(
                context, rows, q: checked.flatMap { rotated[$0 * width..<($0 + 1) * width] })
            for kvHead in 0..<kvHeads {
                let keys = (0..<count).map {
                    layer.rotated(k, row: $0, head: kvHead, of: kvHeads, position: $0)
                }
                for (index, position) in checked.enumerated() {
                    for head in kvHead * heads / kvHeads..<(kvHead + 1) * heads / kvHeads {
                        let query = layer.rotated(
                            q, row: position, head: head, of: heads, position: position)
                        let scores = keys[...position].map {
                            zip(query, $0).reduce(0) { $0 + $1.0 * $1.1 } / Double(headDim).squareRoot()
                        }
                        let greatest = scores.max() ?? 0
                        let weights = scores.map { exp($0 - greatest) }
                        let sum = weights.reduce(0, +)
                        for d in 0..<headDim {
                            var exact = 0.0
                            for p in 0...position {
                                exact += weights[p] / sum * Double(v[(p * kvHeads + kvHead) * headDim + d])
                            }
                            let value = Double(out[(index * heads + head) * headDim + d])
                            // Values are below 1; a score's rounding error, head_dim steps of about 16,
                            // is what its weight is off by.
                            let tolerance = (Double(headDim) * 16 + Double(position)) * 0x1p-24
                            #expect(abs(value - exact) <= tolerance, "position \(position), d \(d)")
                        }
                    }
                }
            }
        }
    }

    /// A cache in binary16 gives the bits of one in float32 whose elements are rounded to it.
    @Test(arguments: instructionSets, layouts)
    func rounds(_ set: InstructionSet, _ layout: lk_rope_layout) throws {
        let context = try KernelContext(instructionSet: set, threads: 2)
        for (heads, kvHeads, headDim, count) in [(2, 1, 10, 300), (8, 2, 64, 140), (1, 1, 72, 33)] {
            var results: [[Float]] = []
            for type in CacheType.allCases {
                var layer = Layer(
                    heads: heads, kvHeads: kvHeads, headDim: headDim, layout: layout, type: type)
                var numbers = SeededGenerator(seed: 16)
                var q = numbers.floats(count * heads * headDim)
                // From below the least binary16 number to above the greatest.
                let k = numbers.floats(count * kvHeads * headDim)
                let v = numbers.floats(count * kvHeads * headDim).enumerated().map { index, value in
                    value * Float(sign: .plus, exponent: index % 42 - 26, significand: 1)
                }
                layer.store(context, sequence(count), q: &q, k: k, v: v)
                if type == .float32 {
                    layer.keys = layer.keys.map { Float(Float16($0)) }
                    layer.values = layer.values.map { Float(Float16($0)) }
                }
                results.append(layer.attend(context, sequence(count), q: q))
            }
            #expect(bits(results[0]) == bits(results[1]), "\(heads) heads of \(headDim)")
            #expect(results[0].contains { $0.isFinite && $0 != 0 })
        }
    }

    /// Halfway between two binary16 numbers, at the ends of their range, and next to all of these.
    @Test func roundsEveryValueToTheNearest() throws {
        let context = try KernelContext(instructionSet: .reference, threads: 1)
        let halves = (0..<UInt16(0x7C00)).map { Float(Float16(bitPattern: $0)) }
        let ends: [Float] = [0, 65519.996, 65520, 1e30, .infinity, 0x1p-25, 0x1p-26, 0x1.8p-25, 0x1p-149]
        var values = ends + zip(halves, halves.dropFirst()).map { ($0 + $1) / 2 }
        values += values.flatMap { [$0.nextUp, $0.nextDown] }
        values += values.map { -$0 }
        let headDim = 64
        let rows = values.count / headDim
        for chunk in stride(from: 0, to: rows, by: Layer.capacity) {
            var layer = Layer(
                heads: 1, kvHeads: 1, headDim: headDim, layout: LK_ROPE_HALVES, type: .float16)
            layer.pages.sort()
            let count = min(Layer.capacity, rows - chunk)
            let v = Array(values[chunk * headDim..<(chunk + count) * headDim])
            var q = [Float](repeating: 0, count: v.count)
            layer.store(context, sequence(count), q: &q, k: q, v: v)
            let stored = layer.values.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) }
            #expect(Array(stored[..<v.count]) == v.map { Float16($0).bitPattern })
        }
    }

    @Test(arguments: instructionSets)
    func aRowsBitsAreIndependentOfTheBatch(_ set: InstructionSet) throws {
        let alone = try KernelContext(instructionSet: set, threads: 1)
        let team = try KernelContext(instructionSet: set, threads: 3)
        for (heads, kvHeads, headDim) in [(8, 2, 20), (2, 2, 32)] {
            let width = heads * headDim
            var layer = Layer(
                heads: heads, kvHeads: kvHeads, headDim: headDim, layout: LK_ROPE_HALVES, slots: 2)
            var numbers = SeededGenerator(seed: 13)
            // Two sequences, one behind the other, then mixed.
            var rows = sequence(150) + sequence(21, slot: 1)
            rows = Array(rows[..<140]) + rows[140...].sorted { $0.position % 7 < $1.position % 7 }
            var q = numbers.floats(rows.count * width)
            let k = numbers.floats(rows.count * kvHeads * headDim)
            let v = numbers.floats(rows.count * kvHeads * headDim)
            let input = q
            layer.store(team, rows, q: &q, k: k, v: v)
            let together = layer.attend(team, rows, q: q)

            // A cache filled row by row, so that what follows a row is not even there yet.
            var stepwise = Layer(
                heads: heads, kvHeads: kvHeads, headDim: headDim, layout: LK_ROPE_HALVES, slots: 2)
            let order = rows.indices.sorted { rows[$0].position < rows[$1].position }
            for i in order {
                var qRow = Array(input[i * width..<(i + 1) * width])
                let kvRange = i * kvHeads * headDim..<(i + 1) * kvHeads * headDim
                stepwise.store(alone, [rows[i]], q: &qRow, k: Array(k[kvRange]), v: Array(v[kvRange]))
                let one = stepwise.attend(alone, [rows[i]], q: qRow)
                #expect(bits(one) == bits(together[i * width..<(i + 1) * width]), "row \(i)")
            }
        }
    }

    @Test(arguments: instructionSets)
    func theBitsAreIndependentOfThePages(_ set: InstructionSet) throws {
        let context = try KernelContext(instructionSet: set, threads: 2)
        let results = [[7, 6, 5, 4, 3, 2, 1, 0], [0, 1, 2, 3, 4, 5, 6, 7], [3, 0, 5, 6, 1, 2, 7, 4]].map {
            (pages: [Int32]) in
            var layer = Layer(heads: 8, kvHeads: 2, headDim: 20, layout: LK_ROPE_HALVES)
            layer.pages = pages
            var numbers = SeededGenerator(seed: 14)
            var q = numbers.floats(300 * 160)
            let (k, v) = (numbers.floats(300 * 40), numbers.floats(300 * 40))
            layer.store(context, sequence(300), q: &q, k: k, v: v)
            return bits(layer.attend(context, sequence(300), q: q))
        }
        #expect(results[1] == results[0])
        #expect(results[2] == results[0])
    }

    @Test(arguments: SameBitsTests.sets, layouts)
    func everyInstructionSetGivesTheReferencesBits(_ set: InstructionSet, _ layout: lk_rope_layout) throws {
        for (heads, kvHeads, headDim, count) in [
            (2, 1, 10, 300), (3, 3, 2, 17), (8, 2, 64, 140), (1, 1, 72, 33),
        ] {
            let results = try [
                (InstructionSet.reference, CacheType.float32), (set, .float32), (.reference, .float16),
                (set, .float16),
            ].map { set, type in
                let context = try KernelContext(instructionSet: set, threads: 2)
                var layer = Layer(
                    heads: heads, kvHeads: kvHeads, headDim: headDim, layout: layout, type: type)
                var numbers = SeededGenerator(seed: 15)
                var q = numbers.floats(count * heads * headDim).map { $0 * 4 }
                let k = numbers.floats(count * kvHeads * headDim).map { $0 * 4 }
                layer.store(
                    context, sequence(count), q: &q, k: k, v: numbers.floats(count * kvHeads * headDim))
                return layer.attend(context, sequence(count), q: q)
            }
            #expect(bits(results[0]) == bits(results[1]), "\(heads) heads of \(headDim)")
            #expect(bits(results[2]) == bits(results[3]), "\(heads) heads of \(headDim)")
            #expect(bits(results[0]) != bits(results[2]))
        }
    }

    /// A row must not even multiply a later position's value by zero.
    @Test(arguments: instructionSets)
    func anInfiniteValueStaysInTheFuture(_ set: InstructionSet) throws {
        let context = try KernelContext(instructionSet: set, threads: 1)
        var layer = Layer(heads: 2, kvHeads: 2, headDim: 16, layout: LK_ROPE_HALVES)
        var numbers = SeededGenerator(seed: 14)
        var q = numbers.floats(20 * 32)
        let k = numbers.floats(20 * 32)
        var v = numbers.floats(20 * 32)
        for d in 0..<32 { v[19 * 32 + d] = .infinity }
        layer.store(context, sequence(20), q: &q, k: k, v: v)
        let out = layer.attend(context, sequence(20), q: q)
        #expect(out[..<(19 * 32)].allSatisfy { $0.isFinite })
        #expect(out[(19 * 32)...].allSatisfy { $0 == .infinity })
    }
}
