/// Numbers below a capacity, in the order in which they were added; adding and removing take constant time.
struct LeastRecentlyUsed {
    // A list through the numbers; the last entry is its two ends.
    private var nextOf: [Int]
    private var previousOf: [Int]
    private var isMember: [Bool]
    /// How many numbers are members.
    private(set) var count = 0
    private let end: Int

    /// - Parameter capacity: One past the greatest number.
    init(capacity: Int) {
        end = capacity
        nextOf = Array(repeating: capacity, count: capacity + 1)
        previousOf = nextOf
        isMember = Array(repeating: false, count: capacity)
    }

    /// The number that was added first.
    var first: Int? { nextOf[end] == end ? nil : nextOf[end] }

    /// The number that was added after a member.
    func next(after number: Int) -> Int? { nextOf[number] == end ? nil : nextOf[number] }

    /// Adds a number that is not a member.
    mutating func append(_ number: Int) {
        guard !isMember[number] else { return }
        isMember[number] = true
        count += 1
        let last = previousOf[end]
        nextOf[last] = number
        previousOf[number] = last
        nextOf[number] = end
        previousOf[end] = number
    }

    /// Removes a member.
    mutating func remove(_ number: Int) {
        guard isMember[number] else { return }
        isMember[number] = false
        count -= 1
        nextOf[previousOf[number]] = nextOf[number]
        previousOf[nextOf[number]] = previousOf[number]
    }
}
