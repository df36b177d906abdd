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
                _ = kill(getpid(), number)
                // A suspended program goes on here, and asks again.
                guard number == SIGTSTP else { throw .interrupted }
            }
        }
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
