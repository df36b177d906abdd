internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Where a signal handler reports while the echo is off; a handler can reach nothing but a global.
private let reportDescriptor = Atomic<CInt>(-1)

private func reportSignal(_ number: CInt) {
    let saved = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = write(reportDescriptor.load(ordering: .relaxed), &byte, 1)
    errno = saved
}

/// A terminal whose echo is off until the guard ends: by its end, or by a signal, which is first answered by
/// restoring the terminal and then given to the program again.
struct EchoGuard: ~Copyable {
    private let descriptor: CInt
    private let settings: termios
    private let pipeEnds: (read: CInt, write: CInt)
    private let previousActions: [(number: CInt, action: sigaction)]

    init(descriptor: CInt) throws(SystemError) {
        var settings = termios()
        guard tcgetattr(descriptor, &settings) == 0 else { throw SystemError(number: errno) }
        var ends: [CInt] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError(number: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        self.descriptor = descriptor
        self.settings = settings
        pipeEnds = (ends[0], ends[1])
        reportDescriptor.store(ends[1], ordering: .relaxed)
        let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP]
        previousActions = signals.map { ($0, setHandler($0, reportSignal)) }
        settings.c_lflag &= ~tcflag_t(ECHO)
        settings.c_lflag |= tcflag_t(ECHONL)
        _ = tcsetattr(descriptor, TCSAFLUSH, &settings)
    }

    /// Waits until the person has typed, or a signal came: then gives its number.
    func awaitInput() -> CInt? {
        var requests = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: pipeEnds.read, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&requests, 2, -1) < 0, errno == EINTR {}
        guard requests[1].revents != 0 else { return nil }
        var number: UInt8 = 0
        return read(pipeEnds.read, &number, 1) == 1 ? CInt(number) : nil
    }

    deinit {
        var settings = settings
        _ = tcsetattr(descriptor, TCSAFLUSH, &settings)
        for previous in previousActions {
            var action = previous.action
            _ = sigaction(previous.number, &action, nil)
        }
        reportDescriptor.store(-1, ordering: .relaxed)
        _ = close(pipeEnds.read)
        _ = close(pipeEnds.write)
    }
}
