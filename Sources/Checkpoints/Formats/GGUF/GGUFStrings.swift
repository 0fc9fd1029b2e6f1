/// The strings of an array, back to back in one buffer: a vocabulary of 256,000 tokens is two allocations.
public struct GGUFStrings: Sendable, Equatable, RandomAccessCollection {
    private var bytes: [UInt8]
    /// Where each string ends.
    private var ends: [Int]

    /// No strings yet.
    public init() { (bytes, ends) = ([], []) }

    /// Copies strings, as bytes.
    public init(_ strings: some Sequence<[UInt8]>) {
        self.init()
        for string in strings { append(string) }
    }

    /// Copies strings, as UTF-8.
    public init(_ strings: some Sequence<String>) {
        self.init()
        for string in strings { append(string.utf8) }
    }

    /// Adds a string at the end.
    public mutating func append(_ string: some Sequence<UInt8>) {
        bytes.append(contentsOf: string)
        ends.append(bytes.count)
    }

    /// 0.
    public var startIndex: Int { 0 }
    /// Number of strings.
    public var endIndex: Int { ends.count }

    /// The bytes of one string; a slice, whose indices do not begin at 0.
    public subscript(position: Int) -> ArraySlice<UInt8> {
        bytes[(position == 0 ? 0 : ends[position - 1])..<ends[position]]
    }
}
