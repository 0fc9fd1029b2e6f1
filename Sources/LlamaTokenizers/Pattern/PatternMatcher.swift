/// Finds the matches of a pattern in a text, from left to right, by backtracking. Made for one text; what it works
/// with is reused.
///
/// The memory is bounded by the pattern and, for repeated groups, by the text: a repetition of a set keeps one entry
/// however long it is. The time is bounded by the text's length: where a pattern takes more than some hundred steps
/// for every byte (nested repetitions can take forever), what is left of the text has no match.
struct PatternMatcher {
    private let program: PatternProgram
    /// UTF-8, which must be well-formed.
    private let text: UnsafeBufferPointer<UInt8>
    private var untried: [Untried] = []
    /// The steps that are left.
    private var budget: Int

    /// Steps for every byte of a text; the patterns of tokenizers take about ten.
    private static let stepsPerByte = 512

    /// A way that was left for later: `instruction` at any place from `high` down to `low`, scalar by scalar.
    private struct Untried {
        let instruction: Int
        let low: Int
        var high: Int
    }

    init(_ program: PatternProgram, in text: UnsafeBufferPointer<UInt8>) {
        self.program = program
        self.text = text
        budget = 10_000 + Self.stepsPerByte * text.count
    }

    /// The first match that begins at `start` or later.
    mutating func firstMatch(from start: Int) -> Range<Int>? {
        var place = start
        while place <= text.count, budget > 0 {
            untried.removeAll(keepingCapacity: true)
            if let end = run(from: 0, at: place) { return place..<end }
            place = place < text.count ? place + UTF8Scalar.length(text, at: place) : text.count + 1
        }
        return nil
    }

    /// Runs until `succeed`; returns where the match ends. Ways left over stay in `untried`.
    private mutating func run(from first: Int, at start: Int) -> Int? {
        let floor = untried.count
        var instruction = first
        var place = start
        while budget > 0 {
            budget -= 1
            switch step(instruction, at: place) {
            case .next(let nextInstruction, let nextPlace):
                (instruction, place) = (nextInstruction, nextPlace)
            case .succeeded:
                untried.removeLast(untried.count - floor)
                return place
            case .failed:
                guard untried.count > floor else { return nil }
                (instruction, place) = popUntried()
            }
        }
        return nil
    }

    private enum Step {
        case next(Int, Int)
        case succeeded
        case failed
    }

    private mutating func step(_ instruction: Int, at place: Int) -> Step {
        switch program.instructions[instruction] {
        case .set(let set):
            guard place < text.count else { return .failed }
            let (scalar, next) = UTF8Scalar.decode(text, at: place)
            return set.contains(scalar) ? .next(instruction + 1, next) : .failed
        case .loop(let set, let minimum, let maximum, let isPossessive):
            return loop(set, minimum, maximum, isPossessive, instruction, place)
        case .fork(let first, let second):
            untried.append(Untried(instruction: second, low: place, high: place))
            return .next(first, place)
        case .jump(let target): return .next(target, place)
        case .lineEnd:
            return place == text.count || text[place] == 0x0A ? .next(instruction + 1, place) : .failed
        case .group(let group, let end):
            let match = run(from: instruction + 1, at: place)
            switch group {
            case .lookahead: return match == nil ? .failed : .next(end, place)
            case .negativeLookahead: return match == nil ? .next(end, place) : .failed
            case .atomic: return match.map { .next(end, $0) } ?? .failed
            }
        case .succeed: return .succeeded
        }
    }

    private mutating func loop(
        _ set: ScalarSet, _ minimum: Int, _ maximum: Int, _ isPossessive: Bool, _ instruction: Int,
        _ start: Int
    ) -> Step {
        var place = start
        var count = 0
        var low = start
        while count < maximum, place < text.count {
            let (scalar, next) = UTF8Scalar.decode(text, at: place)
            guard set.contains(scalar) else { break }
            place = next
            count += 1
            if count == minimum { low = place }
        }
        budget -= count
        guard count >= minimum else { return .failed }
        if !isPossessive, place > low {
            untried.append(
                Untried(instruction: instruction + 1, low: low, high: UTF8Scalar.start(text, before: place)))
        }
        return .next(instruction + 1, place)
    }

    private mutating func popUntried() -> (Int, Int) {
        let last = untried.count - 1
        let entry = untried[last]
        if entry.high > entry.low {
            untried[last].high = UTF8Scalar.start(text, before: entry.high)
        } else {
            untried.removeLast()
        }
        return (entry.instruction, entry.high)
    }
}

/// Scalars of well-formed UTF-8.
enum UTF8Scalar {
    /// The scalar at a place within the text, and where the next one begins.
    @inline(__always)
    static func decode(_ text: UnsafeBufferPointer<UInt8>, at place: Int) -> (scalar: UInt32, next: Int) {
        let first = UInt32(text[place])
        if first < 0x80 { return (first, place + 1) }
        func bits(_ offset: Int) -> UInt32 { UInt32(text[place + offset] & 0x3F) }
        if first < 0xE0 { return ((first & 0x1F) << 6 | bits(1), place + 2) }
        if first < 0xF0 { return ((first & 0x0F) << 12 | bits(1) << 6 | bits(2), place + 3) }
        return ((first & 0x07) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3), place + 4)
    }

    /// The bytes of the scalar at a place within the text.
    @inline(__always)
    static func length(_ text: UnsafeBufferPointer<UInt8>, at place: Int) -> Int {
        let first = text[place]
        return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    }

    /// Where the scalar before a place begins; 0 at the beginning.
    @inline(__always)
    static func start(_ text: UnsafeBufferPointer<UInt8>, before place: Int) -> Int {
        var start = place - 1
        while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
        return max(start, 0)
    }
}
