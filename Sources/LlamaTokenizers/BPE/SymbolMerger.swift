/// Merges symbols into tokens: always the pair of the lowest rank, the leftmost of equals, until none is left
/// (`Word::merge_all` of Hugging Face's tokenizers; with the merged token's id for a rank, `byte_pair_merge` of
/// tiktoken). Made for one encoding; what it works with is reused.
///
/// Many symbols are merged in windows. A boundary between two tokens that stands in a window stands in the
/// whole, if each of the two has the boundary at its other side as well: as long as nothing has merged across
/// a boundary, the merges on its two sides come in an order that only these sides decide, whatever is farther
/// away; so whether a pair across it has its turn can be told from the two tokens beside it alone, and the
/// first pair ever to merge across any of the boundaries would have done so in the window with these two. A
/// window therefore begins with a token of the one before and is in step with it where that token comes out
/// again.
struct SymbolMerger {
    /// The symbols of the first window.
    private static let windowSize = 128
    /// The symbols at a window's end whose tokens are left to the next one.
    private static let overlap = 16

    private var block = BlockMerge()
    private var heap = HeapMerge()

    /// Appends what becomes of fewer than 2^31 symbols.
    mutating func append(
        _ symbols: UnsafeBufferPointer<Int32>, _ merges: MergeTable.Lookup, to ids: inout [Int32]
    ) {
        if symbols.count <= Self.windowSize {
            block.merge(symbols, merges) { ids.append(contentsOf: $0.ids) }
        } else {
            let count = ids.count
            if appendWindows(symbols, merges, to: &ids) { return }
            ids.removeSubrange(count...)
            heap.append(symbols, merges, to: &ids)
        }
    }

    /// What is known before a window is merged.
    private struct Position {
        /// Where it begins.
        var start = 0
        /// The length of its first token as the window before has it; nil at the beginning.
        var firstLength: Int?
        /// The number of ids so far.
        var idCount: Int
    }

    private enum Step {
        case done, next(Position), longer, outOfStep
    }

    /// False where windows of no size come into step.
    private mutating func appendWindows(
        _ symbols: UnsafeBufferPointer<Int32>, _ merges: MergeTable.Lookup, to ids: inout [Int32]
    ) -> Bool {
        var position = Position(idCount: ids.count)
        var last = position
        var usualSize = Self.windowSize
        var size = usualSize
        while size <= BlockMerge.capacity {
            let rest = UnsafeBufferPointer(rebasing: symbols[position.start...])
            switch appendWindow(rest, size, merges, at: position, to: &ids) {
            case .done: return true
            case .next(let next): (last, position, size) = (position, next, usualSize)
            case .longer:
                size *= 2
                usualSize = size
            case .outOfStep:
                // A longer window from where the last one began, unless this is such a one.
                if last.start == position.start { return false }
                position = last
                ids.removeSubrange(position.idCount...)
                // From here on all windows are longer, so that this happens a few times at most.
                size *= 2
                usualSize = size
            }
        }
        return false
    }

    private mutating func appendWindow(
        _ rest: UnsafeBufferPointer<Int32>, _ size: Int, _ merges: MergeTable.Lookup, at position: Position,
        to ids: inout [Int32]
    ) -> Step {
        let count = min(size, rest.count)
        return block.merge(UnsafeBufferPointer(rebasing: rest[..<count]), merges) { tokens in
            if let firstLength = position.firstLength, firstLength != tokens.length(of: 0) {
                return .outOfStep
            }
            if count == rest.count {
                ids.append(contentsOf: tokens.ids)
                return .done
            }
            var kept = tokens.ids.count - 1
            while kept > 0, count - Int(tokens.starts[kept]) < Self.overlap { kept -= 1 }
            if kept == 0 { return .longer }
            ids.append(contentsOf: tokens.ids[..<kept])
            return .next(
                Position(
                    start: position.start + Int(tokens.starts[kept]), firstLength: tokens.length(of: kept),
                    idCount: ids.count))
        }
    }
}
