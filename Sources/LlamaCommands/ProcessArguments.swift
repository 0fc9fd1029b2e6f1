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
                throw refusal(of: String(cString: pointer), bytes(of: pointer), after: arguments)
            }
            arguments.append(argument)
        }
        return arguments
    }

    /// Names the option whose value it is, or counts the arguments.
    private static func refusal(
        of repaired: String, _ bytes: [UInt8], after arguments: [String]
    ) -> Failure {
        let option =
            repaired.hasPrefix("--") && repaired.contains("=")
            ? repaired.prefix { $0 != "=" } : arguments.last.flatMap { $0.hasPrefix("--") ? $0[...] : nil }
        let name = option.map(String.init) ?? "argument \(arguments.count + 1)"
        return Failure(
            Failure.usage,
            "\(name): expected UTF-8, found other bytes: \(spelling(bytes)); use UTF-8, or rename the file")
    }

    private static func bytes(of pointer: UnsafePointer<CChar>) -> [UInt8] {
        var bytes: [UInt8] = []
        while pointer[bytes.count] != 0 { bytes.append(UInt8(bitPattern: pointer[bytes.count])) }
        return bytes
    }

    /// Bytes outside ASCII as `\xE9`.
    private static func spelling(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return byte < 0x80 ? String(Unicode.Scalar(byte)) : #"\x"# + digits
        }.joined()
    }
}
