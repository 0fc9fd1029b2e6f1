/// The strings of an array in one contiguous buffer: a vocabulary of 256,000 tokens needs two allocations.
package struct GGUFStrings: Sendable, Equatable, RandomAccessCollection {
    private var bytes: [UInt8]
    /// Where each string ends.
    private var ends: [Int]

    /// No strings.
    package init() { (bytes, ends) = ([], []) }

    /// Copies strings, as bytes.
    package init(_ strings: some Sequence<[UInt8]>) {
        self.init()
        for string in strings { append(string) }
    }

    /// Copies strings, as UTF-8.
    package init(_ strings: some Sequence<String>) {
        self.init()
        for string in strings { append(string.utf8) }
    }

    /// Adds a string at the end.
    package mutating func append(_ string: some Sequence<UInt8>) {
        bytes.append(contentsOf: string)
        ends.append(bytes.count)
    }

    /// 0.
    package var startIndex: Int { 0 }
    /// Number of strings.
    package var endIndex: Int { ends.count }

    /// The bytes of one string; a slice, whose indices do not begin at 0.
    package subscript(position: Int) -> ArraySlice<UInt8> {
        bytes[(position == 0 ? 0 : ends[position - 1])..<ends[position]]
    }
}
