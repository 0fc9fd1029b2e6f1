import Dispatch
import Glibc
import Synchronization

/// Turns the first Ctrl-C into a flag, so that what is done is kept; the second ends the process as usual.
public final class Interrupt {
    private final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    private let flag = Flag()
    private let source: any DispatchSourceSignal

    /// Begins to listen.
    public init() {
        signal(SIGINT, SIG_IGN)
        source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        source.setEventHandler { [flag] in
            flag.isSet.store(true, ordering: .relaxed)
            signal(SIGINT, SIG_DFL)
        }
        source.resume()
    }

    deinit { source.cancel() }

    /// Whether Ctrl-C was pressed.
    public var isRequested: Bool { flag.isSet.load(ordering: .relaxed) }
}
