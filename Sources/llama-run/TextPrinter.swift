import LlamaCommands
import LlamaGeneration
import Glibc

/// Prints completions in the order of their prompts, each as it is made once those before it are done.
struct TextPrinter {
    static let separator = "\n==================================\n"

    private let count: Int
    private var current = 0
    private var isInLine = false
    private var pending: [Int: String] = [:]
    private var finished: Set<Int> = []

    /// - Parameter count: Number of prompts.
    init(count: Int) { self.count = count }

    /// Takes new text of a prompt.
    mutating func add(_ text: String, to index: Int) throws(Failure) {
        if index == current {
            try write(text)
        } else {
            pending[index, default: ""] += text
        }
    }

    /// Takes a prompt's end; prints what waited for it.
    mutating func finish(_ index: Int) throws(Failure) {
        finished.insert(index)
        while finished.remove(current) != nil {
            try write(current + 1 < count ? TextPrinter.separator : "\n")
            current += 1
            try write(pending.removeValue(forKey: current) ?? "")
        }
    }

    /// Ends a line that an interruption left open.
    mutating func endLine() throws(Failure) {
        if isInLine { try write("\n") }
    }

    private mutating func write(_ text: String) throws(Failure) {
        guard !text.isEmpty else { return }
        try Console.write(text, to: STDOUT_FILENO, named: "standard output")
        isInLine = text.utf8.last != UInt8(ascii: "\n")
    }
}
