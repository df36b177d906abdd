internal import Arguments
internal import Readers
internal import Synchronization

/// Work on a thread of its own while this one waits for a card.
final class WorkBeside<Value: Sendable>: Sendable {
    private let isDone = Wakeup()
    private let result = Mutex<Result<Value, Problem>?>(nil)

    init(_ work: @escaping @Sendable () throws -> Value) {
        let body: @Sendable () -> Void = { [self] in
            let result: Result<Value, Problem>
            do { result = .success(try work()) } catch { result = .failure(Problem(error)) }
            self.result.withLock { $0 = result }
            isDone.ring()
        }
        // No thread to be had: it is done here and now.
        if !startThread(body) { body() }
    }

    /// Waits for its end.
    func value() throws(Problem) -> Value {
        while true {
            if let result = result.withLock({ $0 }) { return try result.get() }
            _ = isDone.wait(atMost: .seconds(60))
        }
    }
}
