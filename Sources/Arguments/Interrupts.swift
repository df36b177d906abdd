internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Ctrl-C as a question that a long work asks between two steps, so that it never ends inside one.
package struct Interrupts: Sendable {
    /// From now on the first Ctrl-C only raises the flag; the second ends the program at once.
    package let begin: @Sendable () -> Void
    package let raised: @Sendable () -> Kind?

    /// Who asked for an end.
    package enum Kind: Sendable {
        case keyboard
        case otherProgram
    }

    package init(begin: @escaping @Sendable () -> Void, raised: @escaping @Sendable () -> Kind?) {
        self.begin = begin
        self.raised = raised
    }

    package static let none = Self(begin: {}, raised: { nil })

    /// SIGINT, SIGTERM and SIGHUP of this process.
    package static let process = Self(
        begin: {
            // Read once first: the handler must not be the one that initialises them.
            _ = firstSignal.load(ordering: .relaxed)
            _ = inputsAwaited.load(ordering: .relaxed)
            for number in [SIGINT, SIGTERM, SIGHUP] { _ = setHandler(number, countInterruption) }
        },
        raised: {
            switch firstSignal.load(ordering: .relaxed) {
            case 0: nil
            case SIGINT: .keyboard
            default: .otherProgram
            }
        })
}

/// A signal handler can reach nothing but a global.
private let firstSignal = Atomic<CInt>(0)
private let inputsAwaited = Atomic<Int>(0)

private func countInterruption(_ number: CInt) {
    let isFirst = firstSignal.compareExchange(expected: 0, desired: number, ordering: .sequentiallyConsistent)
        .exchanged
    if !isFirst || inputsAwaited.load(ordering: .sequentiallyConsistent) > 0 { _exit(128 + number) }
}

/// Waits for a person or another program. No step is under way then, and the input may never come: the first signal
/// ends the program at once, also one that came just before.
func awaitingInput<Result, Failure: Error>(
    _ wait: () throws(Failure) -> Result
) throws(Failure) -> Result {
    inputsAwaited.add(1, ordering: .sequentiallyConsistent)
    defer { inputsAwaited.subtract(1, ordering: .sequentiallyConsistent) }
    let earlier = firstSignal.load(ordering: .sequentiallyConsistent)
    if earlier != 0 { _exit(128 + earlier) }
    return try wait()
}

/// Sets the handler and gives the action that was there.
func setHandler(_ number: CInt, _ handler: @escaping @convention(c) (CInt) -> Void) -> sigaction {
    var action = sigaction()
    #if canImport(Glibc)
        action.__sigaction_handler.sa_handler = handler
    #else
        action.__sigaction_u.__sa_handler = handler
    #endif
    var previous = sigaction()
    _ = sigaction(number, &action, &previous)
    return previous
}

/// Lets writes to a reader that has gone away fail, instead of ending the program between two commands to a card.
package func ignoreBrokenPipes() { _ = signal(SIGPIPE, SIG_IGN) }
