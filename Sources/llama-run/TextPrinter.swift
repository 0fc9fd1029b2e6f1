import LlamaCommands
import Glibc

/// Prints completions in the order of their prompts, each as it is generated once those before it are done.
struct TextPrinter {
    /// Printed between the completions of two prompts.
    static let separator = "\n==================================\n"

    /// What is printed after each completion.
    private let endings: [String]
    /// Whether a terminal gets control characters as they are.
    private let isRaw: Bool
    private var current = 0
    private var isInLine = false
    private var pending: [Int: String] = [:]
    private var finished: Set<Int> = []

    /// - Parameters:
    ///   - counts: The number of completions of each prompt.
    ///   - isRaw: Whether a terminal gets control characters as they are.
    init(counts: [Int], isRaw: Bool) {
        endings = counts.enumerated().flatMap { index, count in
            Array(repeating: "\n", count: count - 1) + [index + 1 < counts.count ? Self.separator : "\n"]
        }
        self.isRaw = isRaw
    }

    /// Prints new text of a completion, or keeps it until the completion's turn.
    ///
    /// - Parameter index: Among the completions of all prompts.
    mutating func add(_ text: String, to index: Int) throws(Failure) {
        if index == current {
            try write(text)
        } else {
            pending[index, default: ""] += text
        }
    }

    /// Ends a completion; prints what waited for it.
    mutating func finish(_ index: Int) throws(Failure) {
        finished.insert(index)
        while finished.remove(current) != nil {
            try write(endings[current])
            current += 1
            try write(pending.removeValue(forKey: current) ?? "")
        }
    }

    /// Ends the line if an interruption left it open.
    mutating func endLine() throws(Failure) {
        if isInLine { try write("\n") }
    }

    private mutating func write(_ text: String) throws(Failure) {
        guard !text.isEmpty else { return }
        if isRaw {
            try Console.write(text, to: STDOUT_FILENO, named: "standard output")
        } else {
            try Console.output(text)
        }
        isInLine = text.utf8.last != UInt8(ascii: "\n")
    }
}
