/// The version of the commands, which `--version` prints.
package enum Release {
    /// Major, minor, patch, as in semantic versioning.
    package static let version = "0.1.0"

    /// What `--version` of a command prints.
    ///
    /// - Parameter command: The command's name.
    package static func line(_ command: String) -> String { "\(command) (swift-llama) \(version)" }
}
