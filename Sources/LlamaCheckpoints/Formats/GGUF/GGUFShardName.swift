/// The name of one file of several, `NAME-00001-of-00003.gguf`.
struct GGUFShardName: Equatable {
    /// What comes before the numbers.
    let prefix: String
    /// The file's number, from 1.
    let number: Int
    /// How many files there are.
    let count: Int

    /// Most files that a model may be cut into.
    private static let countLimit = 1 << 12

    /// Nil for the name of a whole file.
    init?(_ name: String) {
        let fields = name.split(separator: "-", omittingEmptySubsequences: false)
        guard name.hasSuffix(".gguf"), fields.count >= 4, fields[fields.count - 2] == "of",
            let number = Self.number(fields[fields.count - 3]),
            let count = Self.number(fields[fields.count - 1].dropLast(".gguf".count)),
            (1...count).contains(number)
        else { return nil }
        prefix = fields.dropLast(3).joined(separator: "-")
        (self.number, self.count) = (number, count)
    }

    /// Five digits, as `gguf-split` writes them.
    private static func number(_ digits: Substring) -> Int? {
        guard digits.utf8.count == 5, let number = Int(digits), (1...countLimit).contains(number) else {
            return nil
        }
        return number
    }

    /// The name of the file with this number.
    func name(_ number: Int) -> String {
        "\(prefix)-\(Self.padded(number))-of-\(Self.padded(count)).gguf"
    }

    private static func padded(_ number: Int) -> String {
        String(repeating: "0", count: max(5 - "\(number)".count, 0)) + "\(number)"
    }
}
