/// What a request brings, as it comes; for one consumer.
///
/// Cancelling the consuming task, or giving the stream and its iterator up, ends the request.
package struct GenerationStream: AsyncSequence, Sendable {
    /// Cancels the request when nothing refers to it any more.
    fileprivate final class Handle: Sendable {
        let delivery: Delivery
        let cancel: @Sendable () -> Void

        init(_ delivery: Delivery, _ cancel: @escaping @Sendable () -> Void) {
            self.delivery = delivery
            self.cancel = cancel
        }

        deinit { cancel() }
    }

    private let handle: Handle

    init(_ delivery: Delivery, cancel: @escaping @Sendable () -> Void) {
        handle = Handle(delivery, cancel)
    }

    /// Iterates over the updates.
    package struct Iterator: AsyncIteratorProtocol {
        private let handle: Handle

        fileprivate init(_ handle: Handle) { self.handle = handle }

        /// The next update; nil after the last one, and where the task was cancelled.
        ///
        /// - Throws: Why the request failed.
        package mutating func next() async throws(GenerationError) -> GenerationUpdate? {
            let handle = handle
            // `withTaskCancellationHandler` throws untyped errors only.
            let result: Result<GenerationUpdate?, GenerationError> =
                await withTaskCancellationHandler {
                    do throws(GenerationError) { return .success(try await handle.delivery.next()) } catch {
                        return .failure(error)
                    }
                } onCancel: {
                    handle.cancel()
                    handle.delivery.end()
                }
            return try result.get()
        }
    }

    /// An iterator over the updates that were not taken yet.
    package func makeAsyncIterator() -> Iterator { Iterator(handle) }
}
