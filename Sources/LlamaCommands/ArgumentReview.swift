import Glibc
import LlamaJSON

/// A look over the arguments by the names of a command's options, without parsing values.
///
/// ArgumentParser reports what is missing before what is misspelled, and takes `-1` for an option.
struct ArgumentReview {
    /// An option of the command line, known or not.
    private struct Use {
        let name: String
        let option: CommandDescription.Option?
        let value: String?
    }

    private let root: CommandDescription
    /// The subcommand that is named.
    private let subcommand: CommandDescription?
    /// The arguments that are neither an option nor an option's value.
    private let values: [String]
    private let uses: [Use]
    /// The arguments in which every value that looks like an option but is a number, or is empty, belongs to its option:
    /// `--top-p -1` is `--top-p=-1`, and `--output=` is `--output ''`.
    let arguments: [String]

    init(_ arguments: [String], of root: CommandDescription) {
        self.root = root
        let all = ([root] + root.subcommands).flatMap(\.options)
        var (uses, values, rewritten): ([Use], [String], [String]) = ([], [], [])
        var index = 0
        while index < arguments.count, arguments[index] != "--" {
            let argument = arguments[index]
            index += 1
            guard argument.hasPrefix("-"), argument != "-" else {
                values.append(argument)
                rewritten.append(argument)
                continue
            }
            let name = String(argument.prefix { $0 != "=" })
            let option = all.first { $0.names.contains(name) }
            var value = name == argument ? nil : String(argument.dropFirst(name.count + 1))
            let takesNext = value == nil && option?.takesValue == true && index < arguments.count
            if takesNext, Self.isNumber(arguments[index]) {
                value = arguments[index]
                rewritten.append("\(name)=\(arguments[index])")
                index += 1
            } else if takesNext, option?.takesAnything == true || !Self.isOption(arguments[index]) {
                value = arguments[index]
                rewritten += [argument, arguments[index]]
                index += 1
            } else {
                rewritten += value == "" ? [name, ""] : [argument]
            }
            uses.append(Use(name: name, option: option, value: value))
        }
        self.uses = uses
        self.arguments = rewritten + arguments[index...]
        self.values = values
        subcommand = root.subcommands.first { $0.name == values.first }
    }

    /// Whether ArgumentParser could take an argument for something else than a value or a name.
    static func isNeeded(for arguments: [String]) -> Bool {
        arguments.contains { isNumber($0) || $0.hasPrefix("--") && $0.hasSuffix("=") }
    }

    private static func isOption(_ argument: String) -> Bool { argument.hasPrefix("-") && argument != "-" }

    /// Whether an argument that begins with a dash is a negative number.
    private static func isNumber(_ argument: String) -> Bool {
        argument.hasPrefix("-") && !argument.hasPrefix("--") && Double(argument) != nil
    }

    /// The command with the help on what was tried.
    var helpCommand: String {
        [root.name, subcommand?.name].compactMap(\.self).filter { $0 != "help" }.joined(separator: " ")
    }

    /// What is misspelled or not one of the values listed; nil if nothing is.
    var problem: String? { unknownSubcommand ?? unknownOption ?? unlistedValue }

    private var unknownSubcommand: String? {
        guard let first = values.first, subcommand == nil, !root.subcommands.isEmpty else { return nil }
        let names = root.subcommands.map(\.name)
        let nearest = Spelling.nearest(to: first, in: names)
        if root.defaultSubcommand == nil {
            let advice =
                nearest.map { "did you mean \($0)?" }
                ?? "expected \(Self.list(names.filter { $0 != "help" }))"
            return "unknown subcommand \(first.isEmpty ? "''" : first); \(advice)"
        }
        // With a default subcommand it may as well be a path.
        guard let nearest, access(first, F_OK) != 0 else { return nil }
        return "\(first) is neither a subcommand nor a file; did you mean \(nearest)?"
    }

    /// A path that is the empty string; nil if there is none.
    var emptyPath: String? {
        let names = (running ?? root).paths
        if let index = values.dropFirst(subcommand == nil ? 0 : 1).enumerated().first(where: { $1.isEmpty })?
            .offset,
            names.indices.contains(index)
        {
            return "<\(names[index])>: expected a path, found none"
        }
        return uses.first { $0.value == "" && $0.option?.takesPath == true }
            .map { "\($0.name): expected a path, found none" }
    }

    /// Whether the help or the version is asked for, rather than found among the letters of `-echo`.
    var asksForHelp: Bool {
        values.first == "help"
            || uses.contains {
                ["-h", "-help", "--help", "--version"].contains($0.name) || Self.builtIn.contains($0.name)
            }
    }

    /// The subcommand that runs; nil where there are none.
    private var running: CommandDescription? {
        subcommand ?? root.subcommands.first { $0.name == root.defaultSubcommand }
    }

    private var options: [CommandDescription.Option] { root.options + (running?.options ?? []) }

    private var unknownOption: String? {
        let names = options.flatMap(\.names) + Self.builtIn
        guard let name = uses.first(where: { !names.contains($0.name) })?.name else { return nil }
        let nearest = Spelling.nearest(to: name, in: options.flatMap(\.names).filter { $0.hasPrefix("--") })
        if let nearest { return "unknown option \(name); did you mean \(nearest)?" }
        let owner = root.subcommands.first { $0.options.contains { $0.names.contains(name) } }
        return "unknown option \(name)" + (owner.map { "; it is an option of \(root.name) \($0.name)" } ?? "")
    }

    /// Options that ArgumentParser adds without describing them.
    private static let builtIn = [
        "--help-hidden", "--experimental-dump-help", "--generate-completion-script",
    ]

    private var unlistedValue: String? {
        for use in uses {
            guard let value = use.value, let values = use.option?.values, !values.contains(value) else {
                continue
            }
            return "\(use.name): expected \(Self.list(values)), found \(value.isEmpty ? "nothing" : value)"
        }
        return nil
    }

    private static func list(_ names: [String]) -> String {
        names.count < 2
            ? names.joined() : names.dropLast().joined(separator: ", ") + " or \(names[names.count - 1])"
    }
}
