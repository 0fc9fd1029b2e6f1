import CLlamaKernels

/// Which page of a cache holds which positions of which sequence: `[slots, pagesPerSlot]` numbers of pages, shared by the
/// cache's layers.
///
/// A view, like ``FloatMatrix``: valid while its arena lives. Every number is that of a page, 0 where none was set.
package struct PageTable {
    /// Positions in a page.
    package static var positions: Int { Int(LK_PAGE_POSITIONS) }

    /// Number of sequences.
    package let slots: Int
    /// Most pages of a sequence.
    package let pagesPerSlot: Int
    /// Number of pages of the cache.
    package let pages: Int
    let base: UnsafeMutablePointer<Int32>

    /// - Parameters:
    ///   - pages: Number of pages of the cache, at least 1.
    ///   - arena: Owns the table's memory.
    /// - Throws: ``KernelError/outOfMemory(byteCount:)``.
    package init(
        slots: Int, pagesPerSlot: Int, pages: Int, in arena: FloatArena
    ) throws(KernelError) {
        guard (1...Int(Int32.max)).contains(pages) else { throw .outOfMemory(byteCount: Int.max) }
        let memory = try arena.matrix(rows: slots, columns: pagesPerSlot)
        self.slots = slots
        self.pagesPerSlot = pagesPerSlot
        self.pages = pages
        // The arena's floats are of the same size and alignment, and nothing else uses these.
        base = UnsafeMutableRawPointer(memory.base).bindMemory(to: Int32.self, capacity: memory.count)
    }

    /// Positions that each sequence can hold.
    package var capacity: Int { pagesPerSlot * Self.positions }

    /// The page of the positions from `index * positions` on of a sequence.
    ///
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)`` for a slot or index that does not exist.
    package func page(_ slot: Int, _ index: Int) throws(KernelError) -> Int {
        Int(base[try entry(slot, index)])
    }

    /// Sets the page of the positions from `index * positions` on of a sequence.
    ///
    /// - Throws: ``KernelError/invalidBatch(what:expected:found:)`` for a slot, index or page that does not exist.
    package func setPage(_ slot: Int, _ index: Int, to page: Int) throws(KernelError) {
        guard (0..<pages).contains(page) else {
            throw .invalidBatch(what: "page of the cache", expected: "one below \(pages)", found: "\(page)")
        }
        base[try entry(slot, index)] = Int32(page)
    }

    private func entry(_ slot: Int, _ index: Int) throws(KernelError) -> Int {
        guard (0..<slots).contains(slot) else {
            throw .invalidBatch(what: "slot of the cache", expected: "one below \(slots)", found: "\(slot)")
        }
        guard (0..<pagesPerSlot).contains(index) else {
            throw .invalidBatch(
                what: "page of slot \(slot)", expected: "one below \(pagesPerSlot)", found: "\(index)")
        }
        return slot * pagesPerSlot + index
    }
}
