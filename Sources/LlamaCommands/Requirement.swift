import ArgumentParser

/// Refuses the value of an option, in words such as `--threads: expected 1 to 1024, found 0`.
///
/// - Throws: `ValidationError` where the requirement does not hold.
package func require(
    _ holds: Bool, _ option: String, _ expected: String, _ found: some CustomStringConvertible
) throws {
    guard holds else { throw ValidationError("\(option): expected \(expected), found \(found)") }
}
