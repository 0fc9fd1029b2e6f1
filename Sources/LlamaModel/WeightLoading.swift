/// How weights are loaded.
package struct WeightLoading: Sendable {
    /// The type in which they are held.
    package var type = Transformer.WeightType.stored
    /// Threads that quantize.
    package var threads = 1
    /// Told, a line each, which weights are not held as ``type`` says.
    package var notice: @Sendable (String) -> Void = { _ in }
    /// Told, from any thread, how many of the stored bytes are quantized; returns whether to continue.
    package var progress: @Sendable (_ done: Int, _ total: Int) -> Bool = { _, _ in true }

    /// Weights in the type given, quantized by one thread.
    package init(_ type: Transformer.WeightType = .stored) { self.type = type }
}
