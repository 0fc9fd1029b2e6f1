/// A binary heap that returns the least element first.
struct MinHeap<Element: Comparable> {
    private var elements: [Element] = []

    mutating func push(_ element: Element) {
        var index = elements.count
        elements.append(element)
        while index > 0, element < elements[(index - 1) / 2] {
            elements[index] = elements[(index - 1) / 2]
            index = (index - 1) / 2
        }
        elements[index] = element
    }

    mutating func pop() -> Element? {
        guard let least = elements.first, let last = elements.popLast() else { return nil }
        if elements.isEmpty { return least }
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < elements.count else { break }
            if child + 1 < elements.count, elements[child + 1] < elements[child] { child += 1 }
            guard elements[child] < last else { break }
            elements[index] = elements[child]
            index = child
        }
        elements[index] = last
        return least
    }
}
