import ArgumentParser
import LlamaCommands

/// The value of an option that takes several whole numbers, such as `128,512`.
struct CountList: ExpressibleByArgument {
    private let text: String
    /// The numbers in the order given, each once; nil where one is not a whole number.
    private let numbers: [Int]?

    init(_ counts: [Int]) { self.init(argument: counts.map(String.init).joined(separator: ",")) }

    init(argument: String) {
        text = argument
        var (numbers, isValid): ([Int], Bool) = ([], true)
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(part) else {
                isValid = false
                break
            }
            if !numbers.contains(number) { numbers.append(number) }
        }
        self.numbers = isValid ? numbers : nil
    }

    /// The numbers; none before ``require(_:_:)`` has accepted them.
    var counts: [Int] { numbers ?? [] }

    var defaultValueDescription: String { text }

    /// Refuses a list with anything but numbers in a range.
    func require(_ range: ClosedRange<Int>, _ option: String) throws {
        let holds = numbers.map { $0.allSatisfy(range.contains) } ?? false
        try LlamaCommands.require(
            holds, option, "numbers from \(range.lowerBound) to \(range.upperBound) with commas between them",
            text.isEmpty ? "nothing" : text)
    }
}
