/// A key by which a checkpoint can ask for what a Llama does not do, and the values with which it asks for nothing.
///
/// Readers interpret the keys that they know; with these they make sure that the others change nothing.
struct NeutralKey: Sendable {
    /// The values that change nothing. That the key is absent changes nothing either.
    enum Neutral: Sendable {
        /// 0, false, or something empty.
        case off
        /// True.
        case on
        /// This number, up to rounding to `Float`.
        case number(Double)
        /// As `number`, or 0 where 0 means that the key is not set.
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
    /// The values that change nothing.
    let neutral: Neutral
    /// What a Llama does instead, for the error.
    let reason: String

    init(_ key: String, _ neutral: Neutral, _ reason: String) {
        (self.key, self.neutral, self.reason) = (key, neutral, reason)
    }

    /// Whether a value changes nothing. A list has a value for each layer.
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

/// A key's value in any format, reduced to what decides whether it changes anything.
enum StatedValue: Equatable {
    case flag(Bool)
    case number(Double)
    case word(String)
    case list([StatedValue])
    case object(isEmpty: Bool)

    /// Whether two numbers are equal up to rounding to `Float`.
    static func isClose(_ one: Double, _ other: Double) -> Bool { abs(one - other) <= 0x1p-22 * abs(other) }
}

extension NeutralKey {
    /// What a Llama does instead, as errors say it; shared by all formats.
    enum Reason {
        static let logits = "a Llama does not scale or cap its logits"
        static let embeddings = "a Llama does not scale its embeddings"
        static let residuals =
            "a Llama adds a block's output as it is, attention before the feed-forward layer"
        static let scores = "a Llama divides scores by the root of a head's width and does not cap them"
        static let clipping = "a Llama does not clip queries, keys and values"
        static let norms = "a Llama does not norm queries and keys"
        static let positions = "a Llama attends to all positions up to its own, in every layer"
        static let rotations = "a Llama rotates all of every head, in every layer alike"
        static let experts = "mixtures of experts are not supported"
        static let quantized = "quantized weights are read from GGUF files only"
        static let textOnly = "only models of text are supported"
    }
}
