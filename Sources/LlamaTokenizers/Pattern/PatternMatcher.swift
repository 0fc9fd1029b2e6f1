/// Finds the matches of a pattern in a text, from left to right, by backtracking. One value serves one text; its buffers
/// are reused.
///
/// Memory is bounded by the pattern and, for repeated groups, by the text: a repetition of a set needs one entry at any
/// length. Time is bounded by the text's length: if a pattern needs more than some hundred steps per byte (nested
/// repetitions can take exponential time), the rest of the text has no match.
struct PatternMatcher {
    private let program: PatternProgram
    /// UTF-8, which must be well-formed.
    private let text: UnsafeBufferPointer<UInt8>
    private var untried: [Untried] = []
    /// The steps that are left.
    private var budget: Int

    /// Steps for every byte of a text; the patterns of tokenizers need about ten.
    private static let stepsPerByte = 512

    /// An alternative to backtrack to: `instruction` at any offset from `high` down to `low`, scalar by scalar.
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
        var offset = start
        while offset <= text.count, budget > 0 {
            untried.removeAll(keepingCapacity: true)
            if let end = run(from: 0, at: offset) { return offset..<end }
            offset = offset < text.count ? offset + UTF8Scalar.length(text, at: offset) : text.count + 1
        }
        return nil
    }

    /// Runs until `succeed` and returns the end of the match. Alternatives left stay in `untried`.
    private mutating func run(from first: Int, at start: Int) -> Int? {
        let floor = untried.count
        var instruction = first
        var offset = start
        while budget > 0 {
            budget -= 1
            switch step(instruction, at: offset) {
            case .next(let nextInstruction, let nextPlace):
                (instruction, offset) = (nextInstruction, nextPlace)
            case .succeeded:
                untried.removeLast(untried.count - floor)
                return offset
            case .failed:
                guard untried.count > floor else { return nil }
                (instruction, offset) = popUntried()
            }
        }
        return nil
    }

    private enum Step {
        case next(Int, Int)
        case succeeded
        case failed
    }

    private mutating func step(_ instruction: Int, at offset: Int) -> Step {
        switch program.instructions[instruction] {
        case .set(let set):
            guard offset < text.count else { return .failed }
            let (scalar, next) = UTF8Scalar.decode(text, at: offset)
            return set.contains(scalar) ? .next(instruction + 1, next) : .failed
        case .loop(let set, let minimum, let maximum, let isPossessive):
            return loop(set, minimum, maximum, isPossessive, instruction, offset)
        case .fork(let first, let second):
            untried.append(Untried(instruction: second, low: offset, high: offset))
            return .next(first, offset)
        case .jump(let target): return .next(target, offset)
        case .lineEnd:
            return offset == text.count || text[offset] == 0x0A ? .next(instruction + 1, offset) : .failed
        case .group(let group, let end):
            let match = run(from: instruction + 1, at: offset)
            switch group {
            case .lookahead: return match == nil ? .failed : .next(end, offset)
            case .negativeLookahead: return match == nil ? .next(end, offset) : .failed
            case .atomic: return match.map { .next(end, $0) } ?? .failed
            }
        case .succeed: return .succeeded
        }
    }

    private mutating func loop(
        _ set: ScalarSet, _ minimum: Int, _ maximum: Int, _ isPossessive: Bool, _ instruction: Int,
        _ start: Int
    ) -> Step {
        var offset = start
        var count = 0
        var low = start
        while count < maximum, offset < text.count {
            let (scalar, next) = UTF8Scalar.decode(text, at: offset)
            guard set.contains(scalar) else { break }
            offset = next
            count += 1
            if count == minimum { low = offset }
        }
        budget -= count
        guard count >= minimum else { return .failed }
        if !isPossessive, offset > low {
            untried.append(
                Untried(instruction: instruction + 1, low: low, high: UTF8Scalar.start(text, before: offset)))
        }
        return .next(instruction + 1, offset)
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
