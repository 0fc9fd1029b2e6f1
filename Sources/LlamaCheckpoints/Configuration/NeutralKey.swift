/// A key by which a checkpoint can ask for what a Llama does not do, and the values with which it asks for nothing.
///
/// Readers take the keys that they know; with these they make sure that those they do not know change nothing.
struct NeutralKey: Sendable {
    /// The values that change nothing. That the key is absent changes nothing either.
    enum Neutral: Sendable {
        /// 0, false, or something empty.
        case off
        /// True.
        case on
        /// This number, but for its rounding to `Float`.
        case number(Double)
        /// As `number`, or 0 for a key of which 0 means that it is not set.
        case numberOrZero(Double)
        /// A count up to this one.
        case atMost(Int)
        /// A length from this one on; 0 where that is not known.
        case atLeast(Int?)
        /// This word.
        case word(String)
    }

    /// Its name in the file.
    let key: String
    let neutral: Neutral
    /// What a Llama does instead, for the error.
    let reason: String

    init(_ key: String, _ neutral: Neutral, _ reason: String) {
        (self.key, self.neutral, self.reason) = (key, neutral, reason)
    }

    /// Whether a value changes nothing. A list is of one value for each layer.
    func allows(_ value: StatedValue) -> Bool {
        switch (value, neutral) {
        case (.list(let values), _): values.allSatisfy(allows)
        case (.flag(let isOn), .off): !isOn
        case (.flag(let isOn), .on): isOn
        case (.number(let number), .off): number == 0
        case (.number(let number), .number(let neutral)): StatedValue.isClose(number, neutral)
        case (.number(let number), .numberOrZero(let neutral)):
            number == 0 || StatedValue.isClose(number, neutral)
        case (.number(let number), .atMost(let most)): number <= Double(most)
        case (.number(let number), .atLeast(let least)):
            number == 0 || least.map { number >= Double($0) } ?? false
        case (.word(let word), .word(let neutral)): word == neutral
        case (.word(let word), .off): word.isEmpty
        case (.object(let isEmpty), .off): isEmpty
        default: false
        }
    }

    /// The allowed values in words that fit the one that was found.
    func expected(insteadOf value: StatedValue) -> String {
        switch neutral {
        case .off:
            switch value {
            case .number: "0 or none"
            case .flag: "false or none"
            case .word, .list, .object: "none"
            }
        case .on: "true or none"
        case .number(let number), .numberOrZero(let number):
            "\(number == number.rounded() ? "\(Int(number))" : "\(Float(number))") or none"
        case .atMost(let most): "at most \(most) or none"
        case .atLeast(let length): length.map { "at least the context length, \($0), or none" } ?? "none"
        case .word(let word): "\(word) or none"
        }
    }
}

/// What a key states, whatever the file's format, as far as it takes to tell whether it changes anything.
enum StatedValue: Equatable {
    case flag(Bool)
    case number(Double)
    case word(String)
    case list([StatedValue])
    case object(isEmpty: Bool)

    /// Whether two numbers are the same but for roundings to `Float`.
    static func isClose(_ one: Double, _ other: Double) -> Bool { abs(one - other) <= 0x1p-22 * abs(other) }
}
