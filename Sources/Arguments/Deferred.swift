internal import Synchronization

/// A value that is made when it is first asked for, and kept.
final class Deferred<Value: Sendable>: Sendable {
    private enum State {
        case declared(@Sendable () -> Value)
        case made(Value)
    }

    private let state: Mutex<State>

    init(_ make: @escaping @Sendable () -> Value) { state = Mutex(.declared(make)) }

    /// Making it must not ask for itself.
    var value: Value {
        state.withLock { state in
            switch state {
            case .made(let value): return value
            case .declared(let make):
                let value = make()
                state = .made(value)
                return value
            }
        }
    }
}
