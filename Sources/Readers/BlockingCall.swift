import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A call that may block for longer than anyone wants to wait.
///
/// PC/SC has calls without a timeout that wait as long as another program holds the card: SCardConnect,
/// SCardBeginTransaction. They run on a thread of their own; the caller stops waiting when its time is up, and the
/// call, when it ends at last, cleans up after itself.
enum BlockingCall {
    /// The value, or nothing when the time ran out; `discard` then gets the value on the call's own thread.
    static func run<Value: Sendable>(
        within limit: Duration, _ body: @escaping @Sendable () -> Value,
        discard: @escaping @Sendable (Value) -> Void
    ) -> Value? {
        let job = Job<Value>()
        let isStarted = startThread { job.finish(with: body(), discard: discard) }
        // No thread to be had: better to wait than to refuse.
        guard isStarted else { return body() }
        _ = job.isDone.wait(atMost: limit)
        return job.take()
    }
}

private final class Job<Value: Sendable>: Sendable {
    private enum State {
        case running
        case finished(Value)
        case abandoned
    }

    let isDone = Wakeup()
    private let state = Mutex<State>(.running)

    func finish(with value: Value, discard: (Value) -> Void) {
        let isWanted = state.withLock { state in
            if case .abandoned = state { return false }
            state = .finished(value)
            return true
        }
        if isWanted { isDone.ring() } else { discard(value) }
    }

    func take() -> Value? {
        state.withLock { state in
            defer { state = .abandoned }
            if case .finished(let value) = state { return value }
            return nil
        }
    }
}

private final class ThreadBody: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}

private func runThreadBody(_ argument: UnsafeMutableRawPointer) {
    Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().body()
}

/// Starts a thread that nobody joins; false when the system has none left.
package func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    let argument = Unmanaged.passRetained(ThreadBody(body))
    #if canImport(Darwin)
        var thread: pthread_t?
        let code = pthread_create(
            &thread, nil,
            {
                runThreadBody($0); return nil
            }, argument.toOpaque())
        if code == 0, let thread { pthread_detach(thread) }
    #else
        var thread = pthread_t()
        let entry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
            if let argument { runThreadBody(argument) }
            return nil
        }
        let code = pthread_create(&thread, nil, entry, argument.toOpaque())
        if code == 0 { pthread_detach(thread) }
    #endif
    if code != 0 { argument.release() }
    return code == 0
}
