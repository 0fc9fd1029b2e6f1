import ArgumentParser
import LlamaJSON

/// What a command accepts, as ArgumentParser describes it to other tools (`--experimental-dump-help`).
struct CommandDescription {
    /// An option or a flag.
    struct Option {
        /// Its spellings, dashes included.
        let names: [String]
        /// Whether a value follows; false for a flag.
        let takesValue: Bool
        /// Whether the value may look like an option.
        let takesAnything: Bool
        /// The values it accepts; nil where they are not listed.
        let values: [String]?
        /// Whether the value is the path of a file or folder.
        let takesPath: Bool
    }

    /// Name on the command line.
    let name: String
    /// The subcommand that runs if none is named.
    let defaultSubcommand: String?
    /// The subcommands, `help` among them; empty if there is none but that.
    let subcommands: [CommandDescription]
    /// Its options, but not those of its subcommands.
    let options: [Option]
    /// Its arguments without a name, all of them paths, as the help calls them.
    let paths: [String]

    /// Nil if ArgumentParser's description has an unknown form.
    init?(_ command: any ParsableCommand.Type) {
        let dump = Array(command._dumpHelp().utf8)
        guard let tool = try? dump.withUnsafeBytes({ try JSONValue.parse($0).member("command") }) else {
            return nil
        }
        // The description has only those names that are spelled out in a configuration.
        let defaultSubcommand = command.configuration.defaultSubcommand?._commandName
        try? self.init(tool, defaultSubcommand: defaultSubcommand)
    }

    private init(_ command: JSONValue, defaultSubcommand: String? = nil) throws(JSONError) {
        name = try command.member("commandName").string()
        self.defaultSubcommand = defaultSubcommand
        let subcommands = try (command["subcommands"]?.array() ?? []).map { value throws(JSONError) in
            try CommandDescription(value)
        }
        self.subcommands = subcommands.map(\.name) == ["help"] ? [] : subcommands
        // `compactMap` has no typed errors.
        options = try (command["arguments"]?.array() ?? []).map { value throws(JSONError) in
            try Option(value)
        }.compactMap(\.self)
        paths = try (command["arguments"]?.array() ?? []).map { value throws(JSONError) in
            try value.member("kind").string() == "positional" ? value.member("valueName").string() : nil
        }.compactMap(\.self)
    }
}

extension CommandDescription.Option {
    /// Nil for a positional argument.
    fileprivate init?(_ argument: JSONValue) throws(JSONError) {
        let kind = try argument.member("kind").string()
        guard kind != "positional" else { return nil }
        takesValue = kind == "option"
        takesAnything = try argument.member("parsingStrategy").string() == "unconditional"
        let valueName = try argument["valueName"]?.string() ?? ""
        takesPath = ["dir", "file", "file.jsonl", "path", "char|bpe|file"].contains(valueName)
        values = try argument["allValues"]?.array().map { value throws(JSONError) in try value.string() }
        names = try (argument["names"]?.array() ?? []).map { value throws(JSONError) in
            let dashes = try value.member("kind").string() == "long" ? "--" : "-"
            return dashes + (try value.member("name").string())
        }
    }
}
