#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// What the program takes of the machine before it does anything.
enum ProgramFigures {
    static let startMillisecondsMax = 10.0

    /// Must run before anything large: the kernel counts what this process holds as the child's until the child has
    /// become another program.
    static func all(_ effort: Effort, program: String) throws -> [Figure] {
        let version = try start(program, ["--version"], effort)
        let help = try start(program, ["gp", "--help"], effort)
        return [
            Figure("start-version", version.milliseconds, "ms", target: startMillisecondsMax),
            Figure("start-gp-help", help.milliseconds, "ms", target: startMillisecondsMax),
            Figure("start-memory", help.residentMegabytes, "MB"),
            Figure("program-size", Double(try fileBytes(program)) / 1e6, "MB"),
        ]
    }

    private static func start(
        _ program: String, _ arguments: [String], _ effort: Effort
    ) throws -> (milliseconds: Double, residentMegabytes: Double) {
        var times: [Double] = []
        var residents: [Double] = []
        // The first start finds nothing of the program in memory, and is not counted.
        _ = try run(program, arguments)
        for _ in 0..<effort.startCount {
            var resident = 0
            times.append(
                try nanoseconds { () throws(BenchmarkError) in resident = try run(program, arguments) } / 1e6)
            residents.append(Double(resident) / 1e6)
        }
        let own = Double(peakResidentBytes()) / 1e6
        guard median(residents) > own else {
            throw BenchmarkError("this process is already larger than the one it measures")
        }
        return (median(times), median(residents))
    }

    /// Starts the program, waits for its end, and says how many bytes it had in memory at most.
    private static func run(_ program: String, _ arguments: [String]) throws(BenchmarkError) -> Int {
        #if canImport(Glibc)
            var actions = posix_spawn_file_actions_t()
        #else
            var actions: posix_spawn_file_actions_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        var texts = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for text in texts { free(text) } }
        var process: pid_t = 0
        guard posix_spawn(&process, program, &actions, nil, &texts, environ) == 0 else {
            throw BenchmarkError("\(program) cannot be started")
        }
        var status: Int32 = 0
        var usage = rusage()
        guard wait4(process, &status, 0, &usage) == process, status == 0 else {
            throw BenchmarkError("\(program) \(arguments) ended with status \(status)")
        }
        return residentBytes(of: usage)
    }

    private static func peakResidentBytes() -> Int {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(RUSAGE_SELF.rawValue, &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        return residentBytes(of: usage)
    }

    /// Linux counts in units of 1024 bytes, Darwin in bytes.
    private static func residentBytes(of usage: rusage) -> Int {
        #if os(Linux)
            usage.ru_maxrss * 1_024
        #else
            usage.ru_maxrss
        #endif
    }

    private static func fileBytes(_ path: String) throws -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw BenchmarkError("\(path) is not there") }
        return Int(status.st_size)
    }
}

/// What this process holds in memory now.
func residentBytes() throws -> Int {
    guard let file = fopen("/proc/self/statm", "r") else {
        throw BenchmarkError("only Linux tells what a process holds")
    }
    defer { fclose(file) }
    var text = [CChar](repeating: 0, count: 256)
    guard fgets(&text, Int32(text.count), file) != nil else { throw BenchmarkError("statm is empty") }
    let fields = text.prefix { $0 != 0 }.split(separator: 0x20)
    guard fields.count > 1,
        let pages = Int(String(decoding: fields[1].map(UInt8.init(bitPattern:)), as: UTF8.self))
    else { throw BenchmarkError("statm has no resident size") }
    return pages * Int(getpagesize())
}
