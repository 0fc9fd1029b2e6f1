import LlamaCommands
import Glibc

/// Prints completions in the order of their prompts, each as it is generated once those before it are done.
struct TextPrinter {
    /// Printed between completions.
    static let separator = "\n==================================\n"

    private let count: Int
    /// Whether a terminal gets control characters as they are.
    private let isRaw: Bool
    private var current = 0
    private var isInLine = false
    private var pending: [Int: String] = [:]
    private var finished: Set<Int> = []

    /// - Parameters:
    ///   - count: Number of prompts.
    ///   - isRaw: Whether a terminal gets control characters as they are.
    init(count: Int, isRaw: Bool) {
        self.count = count
        self.isRaw = isRaw
    }

    /// Prints new text of a prompt, or keeps it until the prompt's turn.
    mutating func add(_ text: String, to index: Int) throws(Failure) {
        if index == current {
            try write(text)
        } else {
            pending[index, default: ""] += text
        }
    }

    /// Ends a prompt; prints what waited for it.
    mutating func finish(_ index: Int) throws(Failure) {
        finished.insert(index)
        while finished.remove(current) != nil {
            try write(current + 1 < count ? TextPrinter.separator : "\n")
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
