/// A trie of byte strings: finds the longest that begins at an offset of a text.
struct TokenTrie: Sendable {
    private struct Node: Sendable {
        /// The token that ends here; negative if none does.
        var id: Int32 = -1
        /// The nodes that follow, by byte; most have one.
        var children: [(byte: UInt8, node: Int32)] = []
    }

    private var nodes = [Node()]
    /// The children of the root, so that most offsets of a text need one lookup.
    private var roots = [Int32](repeating: -1, count: 256)

    /// Whether there is nothing to find.
    var isEmpty: Bool { nodes.count == 1 }

    /// Adds a string of at least one byte; of equal strings the first is kept.
    mutating func insert(_ bytes: some Collection<UInt8>, id: Int32) {
        var node = 0
        for byte in bytes {
            if let child = child(of: node, byte) {
                node = child
            } else {
                nodes[node].children.append((byte, Int32(nodes.count)))
                if node == 0 { roots[Int(byte)] = Int32(nodes.count) }
                node = nodes.count
                nodes.append(Node())
            }
        }
        if node > 0, nodes[node].id < 0 { nodes[node].id = id }
    }

    private func child(of node: Int, _ byte: UInt8) -> Int? {
        nodes[node].children.first { $0.byte == byte }.map { Int($0.node) }
    }

    /// The longest string that begins at `offset`, which is within the text, among those that `isWanted`.
    @inline(__always)
    func longest(
        in text: UnsafeBufferPointer<UInt8>, at offset: Int, where isWanted: (Int32) -> Bool = { _ in true }
    ) -> (id: Int32, end: Int)? {
        var node = Int(roots[Int(text[offset])])
        if node < 0 { return nil }
        var end = offset + 1
        var found: (Int32, Int)?
        while true {
            let id = nodes[node].id
            if id >= 0, isWanted(id) { found = (id, end) }
            guard end < text.count, let next = child(of: node, text[end]) else { return found }
            node = next
            end += 1
        }
    }
}
