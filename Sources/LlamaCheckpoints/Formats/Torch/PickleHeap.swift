/// The containers of a pickle, by number.
struct PickleHeap {
    private(set) var tuples: [[PickleValue]] = []
    var lists: [[PickleValue]] = []
    var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []

    mutating func addTuple(_ values: [PickleValue]) -> Int {
        tuples.append(values)
        return tuples.count - 1
    }

    mutating func addList() -> Int {
        lists.append([])
        return lists.count - 1
    }

    mutating func addDictionary() -> Int {
        dictionaries.append([])
        return dictionaries.count - 1
    }

    /// The elements of `value` where it is a tuple.
    func tuple(_ value: PickleValue) -> [PickleValue]? {
        if case .tuple(let index) = value { tuples[index] } else { nil }
    }
}
