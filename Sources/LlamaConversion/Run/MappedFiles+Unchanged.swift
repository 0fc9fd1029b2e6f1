import LlamaCheckpoints
import LlamaFiles

extension [MappedFile] {
    /// Runs `body`, which reads the files, and checks that they are still what they were.
    ///
    /// If not, neither its result nor its error counts: writing bytes that have gone from a map fails as if the output
    /// were at fault.
    func whileUnchanged<Result>(
        _ body: () throws(ConversionError) -> Result
    ) throws(ConversionError) -> Result {
        do throws(ConversionError) {
            let result = try body()
            try requireUnchanged()
            return result
        } catch {
            try requireUnchanged()
            throw error
        }
    }

    private func requireUnchanged() throws(ConversionError) {
        do { try checkUnchanged() } catch { throw .source(CheckpointError(error)) }
    }
}
