#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A bell that one thread rings and others hear while they wait in `poll`; once rung it stays rung.
package final class Wakeup: Sendable {
    /// Becomes readable when the bell is rung.
    package let descriptor: Int32
    private let ringing: Int32

    package init() {
        var ends: [Int32] = [-1, -1]
        // Without two descriptors there is nothing to wait with; a process in that state cannot go on anyway.
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

    package func ring() {
        // A full pipe is a bell that rings already.
        _ = withUnsafeBytes(of: UInt8(1)) { write(ringing, $0.baseAddress, 1) }
    }

    /// Whether the bell was rung within the time.
    package func wait(atMost limit: Duration) -> Bool {
        let deadline = Deadline(after: limit)
        repeat {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&waiting, 1, Int32(deadline.remaining.milliseconds)) > 0 { return true }
        } while !deadline.hasPassed
        return false
    }
}

/// Lets this thread rest; for polling what has no other way to tell.
func pause(for limit: Duration) {
    _ = poll(nil, 0, Int32(limit.milliseconds))
}
