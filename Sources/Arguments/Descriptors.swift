internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Output to a file descriptor.
package final class DescriptorSink: OutputSink {
    private let descriptor: CInt
    private let goesOnWhereFull: Bool
    private let state = Mutex(State())

    private struct State {
        var isClosed = false
        var isTorn = false
        var failure: CInt?
        var isComplete = true
    }

    /// - Parameter goesOnWhereFull: whether a full disk costs only what found no room on it, as a log wants it that
    ///   goes on for months; else it is the end of the output.
    package init(descriptor: CInt, goesOnWhereFull: Bool) {
        self.descriptor = descriptor
        self.goesOnWhereFull = goesOnWhereFull
    }

    package func write(_ bytes: [UInt8]) {
        state.withLock { state in
            guard !state.isClosed else { return }
            // Half a line may have found room; what comes next does not belong to it.
            let lineEnd: [UInt8] = state.isTorn ? [0x0A] : []
            let (count, error) = writeAll(lineEnd + bytes)
            if error == 0 || count > 0 { state.isTorn = error != 0 }
            guard error != 0 else { return }
            state.isComplete = false
            state.isClosed = !(goesOnWhereFull && (error == ENOSPC || error == EDQUOT))
            // A reader that has gone away (`| head`) is nobody's fault.
            if error != EPIPE { state.failure = state.failure ?? error }
        }
    }

    /// How much was written, and the error that ended it.
    private func writeAll(_ bytes: [UInt8]) -> (count: Int, error: CInt) {
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                #if canImport(Glibc)
                    Glibc.write(descriptor, buffer.baseAddress.map { $0 + start }, buffer.count - start)
                #else
                    Darwin.write(descriptor, buffer.baseAddress.map { $0 + start }, buffer.count - start)
                #endif
            }
            if count >= 0 {
                start += count
            } else if errno == EAGAIN {
                // Someone who shares the descriptor made it non-blocking.
                var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&request, 1, -1)
            } else if errno != EINTR {
                return (start, errno)
            }
        }
        return (start, 0)
    }

    package var isTerminal: Bool { isatty(descriptor) == 1 }

    package var columns: Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    package var failure: CInt? { state.withLock { $0.failure } }

    package var isComplete: Bool { state.withLock { $0.isComplete } }
}

/// An error number of the system.
struct SystemError: Error, Hashable {
    let number: CInt

    /// The system's words for it.
    var reason: String {
        guard let text = strerror(number) else { return "error \(number)" }
        return String(cString: text)
    }
}
