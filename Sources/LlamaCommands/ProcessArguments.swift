import Glibc
import LlamaFiles

/// The arguments of the process.
enum ProcessArguments {
    /// The arguments after the program's name.
    ///
    /// Swift's own list replaces bytes that are not UTF-8 by U+FFFD, so that a path would name another file.
    ///
    /// - Throws: ``Failure`` for an argument that is not UTF-8.
    static func utf8() throws(Failure) -> [String] {
        var arguments: [String] = []
        let pointers = UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc))
        for pointer in pointers.dropFirst() {
            guard let pointer else { break }
            guard let argument = String(validatingCString: pointer) else {
                throw refusal(of: pointer, after: arguments)
            }
            arguments.append(argument)
        }
        return arguments
    }

    /// Names the option whose value it is, or counts the arguments.
    private static func refusal(
        of argument: UnsafePointer<CChar>, after arguments: [String]
    ) -> Failure {
        let repaired = String(cString: argument)
        let spelling = FilePath.escaped(UnsafeRawBufferPointer(start: argument, count: strlen(argument)))
        let option =
            repaired.hasPrefix("--") && repaired.contains("=")
            ? repaired.prefix { $0 != "=" } : arguments.last.flatMap { $0.hasPrefix("--") ? $0[...] : nil }
        let name = option.map(String.init) ?? "argument \(arguments.count + 1)"
        return Failure(
            Failure.usage,
            "\(name): expected UTF-8, found other bytes: \(spelling); use UTF-8, or rename the file")
    }
}
