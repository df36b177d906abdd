internal import JSON
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The centre as a service, in a process of its own: what an idle terminal takes of its memory, and how fast it
/// answers.
enum ServiceFigures {
    /// The promise: 99 of 100 within so many milliseconds of server time, at half of the load that there can be.
    private static let serverMillisecondsMax = 5.0

    static func all(_ effort: Effort, program: String) throws -> [Figure] {
        prepareForManyConnections()
        let service = try Service(program)
        defer { service.end() }
        let token = try service.signIn()
        let rate = try load(service, path: "/health/live", token: nil, effort, perSecond: nil)
        let read = try load(service, path: "/v1/cards", token: token, effort, perSecond: nil)
        let half = try load(service, path: "/v1/cards", token: token, effort, perSecond: read.perSecond / 2)
        let idle = try idle(service, token: token, count: effort.isQuick ? 200 : 10_000)
        return [
            Figure("service-start", service.startMilliseconds, "ms"),
            Figure("service-requests", rate.perSecond, "1/s"),
            Figure("service-reads", read.perSecond, "1/s"),
            Figure("service-read-p50-half-load", half.median, "ms"),
            Figure("service-read-p99-half-load", half.ninetyNine, "ms", target: serverMillisecondsMax),
            Figure("service-idle-terminal", idle.bytes, "bytes"),
            Figure("service-answer-beside-idle-p50", idle.milliseconds, "ms"),
        ]
    }

    private struct Load {
        let perSecond: Double
        let median: Double
        let ninetyNine: Double
    }

    private static let clients = 16

    /// Clients that ask one after the other; `perSecond` holds all of them together back.
    private static func load(
        _ service: Service, path: String, token: String?, _ effort: Effort, perSecond: Double?
    ) throws -> Load {
        let seconds = effort.isQuick ? 1.0 : 8.0
        let times = Mutex<[Double]>([])
        let failures = Atomic<Int>(0)
        let pause = perSecond.map { Double(clients) / $0 * 1e6 }
        let port = service.port
        let threads = (0..<clients).map { _ in
            BenchThread {
                guard let client = try? BenchHTTP(port: port) else {
                    failures.wrappingAdd(1, ordering: .relaxed)
                    return
                }
                var own: [Double] = []
                let start = ContinuousClock().now
                while ContinuousClock().now - start < .seconds(seconds) {
                    let time = try? nanoseconds {
                        guard try client.ask("GET", path, token: token).status == 200 else {
                            throw BenchmarkError("not answered")
                        }
                    }
                    guard let time else {
                        failures.wrappingAdd(1, ordering: .relaxed)
                        return
                    }
                    own.append(time / 1e6)
                    if let pause { usleep(UInt32(max(0, pause - time / 1e3))) }
                }
                times.withLock { $0 += own }
            }
        }
        for thread in threads { thread.join() }
        guard failures.load(ordering: .relaxed) == 0 else { throw BenchmarkError("\(path) was not answered") }
        let sorted = times.withLock { $0.sorted() }
        return Load(
            perSecond: Double(sorted.count) / seconds, median: sorted[sorted.count / 2],
            ninetyNine: sorted[sorted.count * 99 / 100])
    }

    /// Connections that wait for news, each as a terminal or a subscriber does.
    private static func idle(
        _ service: Service, token: String, count: Int
    ) throws -> (bytes: Double, milliseconds: Double) {
        let before = try service.residentBytes()
        var waiting: [BenchHTTP] = []
        for _ in 0..<count {
            let client = try BenchHTTP(port: service.port)
            try client.send("GET", "/v1/events", token: token, fields: "Accept: text/event-stream\r\n")
            waiting.append(client)
        }
        let asking = try BenchHTTP(port: service.port)
        // Every one of them is in before anything is counted.
        for _ in 0..<600 where try service.figure("berth_http_waiting", asking) < Double(count) {
            usleep(50_000)
        }
        guard try service.figure("berth_http_waiting", asking) >= Double(count) else {
            throw BenchmarkError("not all of the \(count) wait")
        }
        let bytes = Double(try service.residentBytes() - before) / Double(count)
        var times: [Double] = []
        for _ in 0..<100 {
            times.append(
                try nanoseconds { _ = try asking.ask("GET", "/v1/cards", token: token) } / 1e6)
        }
        withExtendedLifetime(waiting) {}
        return (bytes, median(times))
    }
}

/// Many connections at once, and servers that hang up.
func prepareForManyConnections() {
    _ = signal(SIGPIPE, SIG_IGN)
    var limit = rlimit()
    #if canImport(Glibc)
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        let resource = RLIMIT_NOFILE
    #endif
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(resource, &limit)
}

/// `berth serve` in an empty folder.
final class Service {
    let startMilliseconds: Double
    let port: UInt16
    private let process: pid_t
    private let folder: String
    private let password: String

    init(_ program: String) throws {
        var path = Array("/tmp/berth-bench-XXXXXX".utf8CString)
        guard mkdtemp(&path) != nil else { throw BenchmarkError("no folder") }
        let folder = String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        var line = ""
        var started: pid_t = 0
        startMilliseconds =
            try nanoseconds {
                (started, line) = try Self.start(
                    program,
                    [
                        "serve", "--data", folder, "--listen", "off", "--listen-plain", "127.0.0.1:0",
                        "--log-level",
                        "warning", "--json",
                    ])
            } / 1e6
        process = started
        self.folder = folder
        let report = try JSONValue(decoding: line)
        guard
            let address = report["addresses"]?.arrayValue?.first?.stringValue,
            let port = address.split(separator: ":").last.flatMap({ UInt16($0) }),
            let password = report["firstSignIn"]?["password"]?.stringValue
        else { throw BenchmarkError("berth serve does not say where it is") }
        self.port = port
        self.password = password
    }

    func signIn() throws -> String {
        let body = JSONValue.object(["operator": "admin", "password": .string(password)]).text
        let answer = try BenchHTTP(port: port)
            .ask("POST", "/v1/sessions", fields: "Content-Type: application/json\r\n", body: body)
        guard let token = try JSONValue(decoding: answer.body)["token"]?.stringValue else {
            throw BenchmarkError("the first sign-in is refused: \(answer.status)")
        }
        return token
    }

    /// A figure without labels, as the service itself tells it.
    func figure(_ name: String, _ client: BenchHTTP) throws -> Double {
        let line = try client.ask("GET", "/metrics").body.split(separator: "\n").first {
            $0.hasPrefix(name + " ")
        }
        return line.flatMap { Double($0.split(separator: " ").last ?? "") } ?? 0
    }

    func residentBytes() throws -> Int {
        Int(try figure("process_resident_memory_bytes", BenchHTTP(port: port)))
    }

    func end() {
        kill(process, SIGTERM)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        for name in [
            "store.db", "store.db-wal", "store.db-shm", "keys.vault", "keys.vault.lock", "vault.key",
        ] {
            unlink(folder + "/" + name)
        }
        rmdir(folder)
    }

    /// The program, and the first line that it prints.
    private static func start(_ program: String, _ arguments: [String]) throws -> (pid_t, String) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw BenchmarkError("no pipe") }
        #if canImport(Glibc)
            var actions = posix_spawn_file_actions_t()
        #else
            var actions: posix_spawn_file_actions_t?
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        var texts = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for text in texts { free(text) } }
        var process: pid_t = 0
        guard posix_spawn(&process, program, &actions, nil, &texts, environ) == 0 else {
            throw BenchmarkError("\(program) cannot be started")
        }
        _ = close(ends[1])
        defer { _ = close(ends[0]) }
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(ends[0], &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        return (process, String(decoding: line, as: UTF8.self))
    }
}
