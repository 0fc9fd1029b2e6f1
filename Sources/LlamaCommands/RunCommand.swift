import ArgumentParser
import Glibc
import LlamaJSON

/// The entry of every command: parses the arguments of the process, runs the command and exits.
///
/// An error of any kind is a line `NAME: error: …` on standard error. If the command line is wrong, a second line names
/// the help, and the exit code is 64.
///
/// - Parameter root: A command whose configuration has a name.
package func runCommand<Root: ParsableCommand>(_ root: Root.Type) -> Never {
    let name = root.configuration.commandName ?? ""
    do {
        try reportingFailures(name) {
            let arguments = try ProcessArguments.utf8()
            do {
                var command = try root.parseAsRoot(separatingValues(of: arguments, root))
                try command.run()
            } catch let error as Failure {
                throw error
            } catch {
                try report(error, root, arguments)
            }
        }
    } catch let code as ExitCode {
        exit(code.rawValue)
    } catch {
        Console.error("\(name): error: \(error)")
        exit(EXIT_FAILURE)
    }
    exit(EXIT_SUCCESS)
}

private func separatingValues<Root: ParsableCommand>(of arguments: [String], _ root: Root.Type) -> [String] {
    guard ArgumentReview.isNeeded(for: arguments), let description = CommandDescription(root) else {
        return arguments
    }
    return ArgumentReview(arguments, of: description).arguments
}

/// Prints what ArgumentParser throws: a request for help, an exit code, or an error in the command line.
private func report<Root: ParsableCommand>(
    _ error: any Error, _ root: Root.Type, _ arguments: [String]
) throws {
    let code = root.exitCode(for: error)
    if code == .success {
        return try Console.output(root.fullMessage(for: error) + "\n")
    }
    guard code == .validationFailure, !(error is ExitCode) else { throw error }
    let name = root.configuration.commandName ?? ""
    let review = CommandDescription(root).map { ArgumentReview(arguments, of: $0) }
    let message = review?.problem ?? decapitalized(root.message(for: error))
    Console.error("\(name): error: \(message.oneLine(limit: 2000))")
    let purpose = arguments.isEmpty ? root.configuration.abstract + " " : ""
    Console.error("\(purpose)See '\(review?.helpCommand ?? name) --help'.")
    throw ExitCode(Failure.usage)
}

/// The message as other errors are written: after a colon, without a capital letter.
private func decapitalized(_ message: String) -> String {
    message.prefix(1).lowercased() + message.dropFirst()
}
