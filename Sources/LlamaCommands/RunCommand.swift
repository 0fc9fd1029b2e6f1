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
                try refuseEmptyPaths(root, arguments)
                var command = try root.parseAsRoot(separatingValues(of: arguments, root))
                try command.run()
            } catch let error as Failure {
                throw error
            } catch let code as ExitCode {
                throw code
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
    let review = CommandDescription(root).map { ArgumentReview(arguments, of: $0) }
    if code == .success {
        // ArgumentParser reads `-echo` as single letters, of which one is `-h`.
        if let review, !review.asksForHelp, let problem = review.problem {
            throw refusal(problem, root, arguments, help: review.helpCommand)
        }
        return try Console.output(root.fullMessage(for: error) + "\n")
    }
    guard code == .validationFailure, !(error is ExitCode) else { throw error }
    throw refusal(
        review?.problem ?? decapitalized(root.message(for: error)), root, arguments, help: review?.helpCommand
    )
}

/// An empty path, such as that of a shell variable without a value, would name no file in the error of the system.
private func refuseEmptyPaths<Root: ParsableCommand>(_ root: Root.Type, _ arguments: [String]) throws {
    guard arguments.contains("") || ArgumentReview.isNeeded(for: arguments),
        let review = CommandDescription(root).map({ ArgumentReview(arguments, of: $0) }),
        let problem = review.emptyPath
    else { return }
    throw refusal(review.problem ?? problem, root, arguments, help: review.helpCommand)
}

/// Prints what is wrong with the command line and where the help is.
private func refusal<Root: ParsableCommand>(
    _ message: String, _ root: Root.Type, _ arguments: [String], help: String?
) -> ExitCode {
    let name = root.configuration.commandName ?? ""
    Console.error("\(name): error: \(message.oneLine(limit: 2000))")
    let purpose = arguments.isEmpty ? root.configuration.abstract + " " : ""
    Console.error("\(purpose)See '\(help ?? name) --help'.")
    return ExitCode(Failure.usage)
}

/// The message as other errors are written: after a colon, without a capital letter.
private func decapitalized(_ message: String) -> String {
    message.prefix(1).lowercased() + message.dropFirst()
}
