internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What other threads have to tell one that waits in `poll`.
final class EventQueue<Event: Sendable>: Sendable {
    /// Readable while there is something to take.
    let descriptor: Int32
    private let ringing: Int32
    private let events = Mutex<[Event]>([])

    init() {
        var ends: [Int32] = [-1, -1]
        // A process that has no descriptor left cannot run a card anyway.
        precondition(pipe(&ends) == 0, "no file descriptor is left for a pipe")
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (descriptor, ringing) = (ends[0], ends[1])
    }

    deinit {
        _ = close(descriptor)
        _ = close(ringing)
    }

    func add(_ event: Event) {
        events.withLock { $0.append(event) }
        var byte: UInt8 = 1
        // A full pipe is readable already.
        _ = write(ringing, &byte, 1)
    }

    /// Everything that came since the last time.
    func take() -> [Event] {
        var buffer = [UInt8](repeating: 0, count: 256)
        while read(descriptor, &buffer, buffer.count) == buffer.count {}
        return events.withLock { events in
            defer { events = [] }
            return events
        }
    }
}
