import LlamaFiles

/// Runs the body of a command. If a mapped file could not be read meanwhile, that is the error, whatever came of it.
///
/// The libraries check the files that they read at length; this is for the rest, such as a header read as zeros.
func reportingDamage(_ body: () throws -> Void) throws {
    do { try body() } catch {
        let code = (error as? Failure)?.code ?? (error as? any CategorizedError).map { Failure($0).code }
        // It may know more, such as the file's size.
        if code != Failure.changedInput { try MappedFile.checkForDamage() }
        throw error
    }
    try MappedFile.checkForDamage()
}
