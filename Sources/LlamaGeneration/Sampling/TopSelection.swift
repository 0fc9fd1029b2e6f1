/// Something that is ordered by likelihood.
protocol Ranked {
    /// Whether this one comes before `other`; a total order, so that a selection does not depend on the order of insertion.
    func ranks(above other: Self) -> Bool
}

/// Keeps the highest-ranked elements of many: a binary heap with the lowest-ranked one at its root.
///
/// An insertion takes one comparison where the element does not belong among them.
struct TopSelection<Element: Ranked> {
    /// The elements selected so far; from ``sort()`` on, highest-ranked first.
    var elements: [Element] = []
    private var capacity = 0

    /// Forgets everything, and keeps at most `capacity` elements from here on.
    mutating func reset(capacity: Int) {
        elements.removeAll(keepingCapacity: true)
        elements.reserveCapacity(capacity)
        self.capacity = capacity
    }

    /// The lowest-ranked of the elements, once there are as many as are kept: lower ones cannot enter.
    var lowest: Element? { elements.count == capacity ? elements.first : nil }

    /// Keeps `element` if it is among the highest-ranked so far.
    mutating func insert(_ element: Element) {
        if elements.count < capacity {
            elements.append(element)
            var child = elements.count - 1
            while child > 0, elements[(child - 1) / 2].ranks(above: elements[child]) {
                elements.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        } else if let lowest = elements.first, element.ranks(above: lowest) {
            elements[0] = element
            siftDown(from: 0, count: elements.count)
        }
    }

    /// Sorts the elements, highest-ranked first; nothing may be inserted from here on.
    mutating func sort() {
        var count = elements.count
        while count > 1 {
            count -= 1
            elements.swapAt(0, count)
            siftDown(from: 0, count: count)
        }
    }

    private mutating func siftDown(from start: Int, count: Int) {
        var parent = start
        while true {
            var child = 2 * parent + 1
            guard child < count else { return }
            if child + 1 < count, elements[child].ranks(above: elements[child + 1]) { child += 1 }
            guard elements[parent].ranks(above: elements[child]) else { return }
            elements.swapAt(parent, child)
            parent = child
        }
    }
}
