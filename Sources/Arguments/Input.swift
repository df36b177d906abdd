#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Where a person's answers come from.
package protocol InputSource: Sendable {
    var isTerminal: Bool { get }
    /// One line without its end, into the buffer: its length, or nil at the end of input.
    /// A secret line is not shown while it is typed; `prompt` shows the question (again, after a suspension).
    func readLine(
        into buffer: UnsafeMutableRawBufferPointer, isSecret: Bool, prompt: () -> Void
    ) throws(InputError) -> Int?
    /// Whether reading would give something at once, now or within the time.
    func isReady(within time: Duration) -> Bool
}

/// Why an answer could not be read.
package enum InputError: Error, Hashable {
    case tooLong(limit: Int)
    case interrupted
    case failed(reason: String)
}

/// Input from a file descriptor.
package struct DescriptorInput: InputSource {
    private let descriptor: CInt

    package init(descriptor: CInt) { self.descriptor = descriptor }

    package var isTerminal: Bool { isatty(descriptor) == 1 }

    package func isReady(within time: Duration) -> Bool {
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, Int32(clamping: Int64(time / .milliseconds(1)))) > 0
    }

    package func readLine(
        into buffer: UnsafeMutableRawBufferPointer, isSecret: Bool, prompt: () -> Void
    ) throws(InputError) -> Int? {
        guard isSecret, isTerminal else {
            prompt()
            return try readLine(into: buffer)
        }
        while true {
            switch try readSecretOnce(into: buffer, prompt) {
            case .line(let count): return count
            case .end: return nil
            case .signal(let number):
                // The echo is back on: now the signal may do what it does.
                guard number == SIGTSTP else {
                    awaitingInput { deliver(number) }
                    throw .interrupted
                }
                // A suspended program goes on here, and asks again.
                deliver(number)
            }
        }
    }

    // Worker threads block all signals: unblocked and raised in this one, it acts before the next line runs, so a
    // suspension happens while the echo is on.
    private func deliver(_ number: CInt) {
        var (wanted, previous) = (sigset_t(), sigset_t())
        _ = sigemptyset(&wanted)
        _ = sigaddset(&wanted, number)
        _ = pthread_sigmask(SIG_UNBLOCK, &wanted, &previous)
        _ = raise(number)
        _ = pthread_sigmask(SIG_SETMASK, &previous, nil)
    }

    private enum Outcome {
        case line(Int)
        case end
        case signal(CInt)
    }

    private func readSecretOnce(
        into buffer: UnsafeMutableRawBufferPointer, _ prompt: () -> Void
    ) throws(InputError) -> Outcome {
        let echo: EchoGuard
        do { echo = try EchoGuard(descriptor: descriptor) } catch { throw .failed(reason: error.reason) }
        prompt()
        if let number = echo.awaitInput() { return .signal(number) }
        return try readLine(into: buffer).map(Outcome.line) ?? .end
    }

    // Byte by byte: what follows the line belongs to whoever reads next.
    private func readLine(into buffer: UnsafeMutableRawBufferPointer) throws(InputError) -> Int? {
        var count = 0
        var byte: UInt8 = 0
        while true {
            let result = read(descriptor, &byte, 1)
            if result < 0, errno == EINTR { continue }
            if result < 0 { throw .failed(reason: SystemError(number: errno).reason) }
            if result == 0 { return count > 0 ? count : nil }
            if byte == UInt8(ascii: "\n") { break }
            guard count < buffer.count else { throw .tooLong(limit: buffer.count) }
            buffer[count] = byte
            count += 1
        }
        if count > 0, buffer[count - 1] == UInt8(ascii: "\r") { count -= 1 }
        return count
    }
}
