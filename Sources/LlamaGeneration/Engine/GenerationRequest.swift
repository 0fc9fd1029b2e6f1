/// A prompt to be completed, and everything that its completions depend on.
package struct GenerationRequest: Sendable {
    /// The prompt.
    package var prompt: Prompt
    /// How it is completed.
    package var options: GenerationOptions
    /// Index of its stream of random numbers: requests that differ in nothing else get different samples.
    package var stream: Int

    /// - Parameter stream: Index of its stream of random numbers.
    package init(_ prompt: Prompt, options: GenerationOptions, stream: Int = 0) {
        self.prompt = prompt
        self.options = options
        self.stream = stream
    }
}
