/// The pages of a cache: how many sequences hold each, which are free, and which are kept, though no sequence holds them,
/// because a later prompt may begin with what they contain.
///
/// Pure bookkeeping: contents are elsewhere. A page that is full and whose tokens are known can be registered under them
/// and the page before it; `prefix(of:)` finds it again. Pages that are only kept are given up, the least recently used
/// first, when no free one is left.
struct PagePool {
    /// What a registered page contains: the tokens of its positions, after those of the page before it.
    private struct Content: Hashable {
        /// Nil for the first page of a sequence.
        let previous: Int?
        let tokens: ArraySlice<Int32>
    }

    /// Number of pages.
    let count: Int
    /// Positions of a page.
    let positions: Int
    /// Sequences that hold each page.
    private var holders: [Int]
    /// Content of registered pages.
    private var contents: [Content?]
    /// Registered pages that follow each page.
    private var followers: [Int]
    private var registered: [Content: Int] = [:]
    /// Pages that hold nothing, the next to be used last.
    private var free: [Int]
    /// Pages that are kept.
    private var kept: LeastRecentlyUsed

    /// - Parameters:
    ///   - count: Number of pages.
    ///   - positions: Positions of a page.
    init(count: Int, positions: Int) {
        self.count = count
        self.positions = positions
        holders = Array(repeating: 0, count: count)
        contents = Array(repeating: nil, count: count)
        followers = holders
        // Memory is committed page by page, so low numbers are used first.
        free = (0..<count).reversed()
        kept = LeastRecentlyUsed(capacity: count)
    }

    /// Pages that `allocate()` can give.
    var available: Int { free.count + kept.count }
    /// Pages that are kept though no sequence holds them.
    var keptCount: Int { kept.count }
    /// Pages that sequences hold.
    var heldCount: Int { count - available }

    /// Whether a page may be written by the one sequence that holds it.
    func isExclusive(_ page: Int) -> Bool { holders[page] == 1 && contents[page] == nil }

    /// A page for one sequence; nil where all are held.
    mutating func allocate() -> Int? {
        guard let page = free.popLast() ?? giveUp() else { return nil }
        holders[page] = 1
        return page
    }

    /// Counts one more holder of a page that is held or kept.
    mutating func retain(_ page: Int) {
        if holders[page] == 0 { kept.remove(page) }
        holders[page] += 1
    }

    /// Counts one holder less. A page that nothing holds is kept if it is registered, else it is free.
    ///
    /// A sequence releases its last page first, so that of a prefix the end is given up before the beginning.
    mutating func release(_ page: Int) {
        holders[page] -= 1
        guard holders[page] == 0 else { return }
        if contents[page] == nil { free.append(page) } else { kept.append(page) }
    }

    /// Registers what a page contains, or finds the page that is registered for the same.
    ///
    /// - Parameters:
    ///   - page: A full page, which will not be written again.
    ///   - previous: The registered page before it; nil for the first.
    ///   - tokens: Those of its positions.
    /// - Returns: The registered page. Where it is another one, the sequence should hold that one instead.
    mutating func register(_ page: Int, after previous: Int?, tokens: ArraySlice<Int32>) -> Int {
        let content = Content(previous: previous, tokens: tokens)
        if let other = registered[content] { return other }
        // A copy, so that it does not keep all tokens of the sequence.
        let owned = Content(previous: previous, tokens: ArraySlice(Array(tokens)))
        registered[owned] = page
        contents[page] = owned
        if let previous { followers[previous] += 1 }
        return page
    }

    /// The registered pages that contain the beginning of some tokens, whole pages only.
    ///
    /// - Parameters:
    ///   - tokens: Those of a sequence.
    ///   - limit: Most tokens to find.
    func prefix(of tokens: [Int32], limit: Int) -> [Int] {
        var pages: [Int] = []
        for start in stride(from: 0, to: min(tokens.count, limit) / positions * positions, by: positions) {
            let content = Content(previous: pages.last, tokens: tokens[start..<start + positions])
            guard let page = registered[content] else { break }
            pages.append(page)
        }
        return pages
    }

    /// Takes the least recently used page that is only kept and that no registered page follows.
    private mutating func giveUp() -> Int? {
        var candidate = kept.first
        while let page = candidate, followers[page] > 0 { candidate = kept.next(after: page) }
        guard let page = candidate else { return nil }
        kept.remove(page)
        if let content = contents[page] {
            registered[content] = nil
            contents[page] = nil
            if let previous = content.previous { followers[previous] -= 1 }
        }
        return page
    }
}
