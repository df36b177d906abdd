internal import Centre

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the machine says the time is.
struct SystemClock: WallClock {
    var now: Instant {
        var time = timespec()
        // It cannot fail: the clock exists on every system this is built for.
        _ = clock_gettime(CLOCK_REALTIME, &time)
        return Instant(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
