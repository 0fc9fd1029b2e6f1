/// A pattern as a list of instructions.
struct PatternProgram: Sendable {
    enum Instruction: Sendable {
        /// One scalar of the set.
        case set(ScalarSet)
        /// Scalars of the set, as many as there are up to `maximum`; fewer, down to `minimum`, if only then what follows
        /// matches, unless it is possessive.
        case loop(ScalarSet, minimum: Int, maximum: Int, isPossessive: Bool)
        /// Continues at the first instruction, and if that fails at the second.
        case fork(Int, Int)
        case jump(Int)
        /// Continues at the end of the text or before a line feed.
        case lineEnd
        /// Runs the instructions up to its `succeed` on their own, then continues at `end`: after their match if it is
        /// atomic, else where it began.
        case group(Group, end: Int)
        case succeed
    }

    enum Group: Sendable { case lookahead, negativeLookahead, atomic }

    /// Far above any tokenizer's pattern.
    static let maximumCount = 20_000

    private(set) var instructions: [Instruction] = []

    init(_ node: PatternNode) throws(PatternError) {
        try append(node)
        instructions.append(.succeed)
    }

    /// The number of nodes appended, those without instructions included.
    private var appendCount = 0

    private mutating func append(_ node: PatternNode) throws(PatternError) {
        appendCount += 1
        guard appendCount < Self.maximumCount, instructions.count < Self.maximumCount else {
            throw PatternError(found: "more than \(Self.maximumCount) steps", position: 0)
        }
        switch node {
        case .set(let set): instructions.append(.set(set))
        case .lineEnd: instructions.append(.lineEnd)
        case .sequence(let nodes): for node in nodes { try append(node) }
        case .choice(let options): try append(options[...])
        case .repetition(.set(let set), let minimum, let maximum, let isPossessive):
            instructions.append(
                .loop(set, minimum: minimum, maximum: maximum ?? .max, isPossessive: isPossessive))
        case .repetition(let node, let minimum, let maximum, isPossessive: true):
            try append(
                .atomic(.repetition(node, minimum: minimum, maximum: maximum, isPossessive: false)))
        case .repetition(let node, let minimum, let maximum, isPossessive: false):
            try append(repeating: node, minimum, maximum)
        case .lookahead(let node, let isNegative):
            try append(node, as: isNegative ? .negativeLookahead : .lookahead)
        case .atomic(let node): try append(node, as: .atomic)
        }
    }

    private mutating func append(_ options: ArraySlice<PatternNode>) throws(PatternError) {
        guard let first = options.first else { return }
        guard options.count > 1 else { return try append(first) }
        let fork = reserve()
        try append(first)
        let exit = reserve()
        instructions[fork] = .fork(fork + 1, instructions.count)
        try append(options.dropFirst())
        instructions[exit] = .jump(instructions.count)
    }

    private mutating func append(
        repeating node: PatternNode, _ minimum: Int, _ maximum: Int?
    ) throws(PatternError) {
        for _ in 0..<minimum { try append(node) }
        guard let maximum else {
            let fork = reserve()
            try append(node)
            instructions.append(.jump(fork))
            instructions[fork] = .fork(fork + 1, instructions.count)
            return
        }
        var forks: [Int] = []
        for _ in minimum..<maximum {
            forks.append(reserve())
            try append(node)
        }
        for fork in forks { instructions[fork] = .fork(fork + 1, instructions.count) }
    }

    private mutating func append(_ node: PatternNode, as group: Group) throws(PatternError) {
        let index = reserve()
        try append(node)
        instructions.append(.succeed)
        instructions[index] = .group(group, end: instructions.count)
    }

    /// Appends a placeholder for an instruction that is filled in later.
    private mutating func reserve() -> Int {
        instructions.append(.succeed)
        return instructions.count - 1
    }
}
