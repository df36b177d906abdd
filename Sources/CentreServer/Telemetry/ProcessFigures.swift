#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the process itself takes.
enum ProcessFigures {
    static func gauges() -> [Metrics.Gauge] {
        var gauges: [Metrics.Gauge] = []
        var usage = rusage()
        #if canImport(Glibc)
            let isKnown = getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0
        #else
            let isKnown = getrusage(RUSAGE_SELF, &usage) == 0
        #endif
        if isKnown {
            let seconds = [usage.ru_utime, usage.ru_stime].reduce(0.0) {
                $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
            }
            gauges.append(
                .init(
                    "process_cpu_seconds_total", seconds, help: "Processor time of the process.",
                    isCounter: true))
        }
        if let bytes = residentBytes() {
            gauges.append(
                .init("process_resident_memory_bytes", Double(bytes), help: "Memory that the process holds."))
        }
        return gauges
    }

    /// The second number of /proc/self/statm is in pages (proc(5)).
    static func residentBytes() -> Int? {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { _ = close(file) }
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = read(file, &buffer, buffer.count)
        guard count > 0 else { return nil }
        let words = String(decoding: buffer[..<count], as: UTF8.self).split(separator: " ")
        guard words.count > 1, let pages = Int(words[1]) else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
