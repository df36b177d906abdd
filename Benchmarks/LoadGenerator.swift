internal import JSON
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// Many terminals at once, as a centre sees them: GP SERAM over HTTP, with virtual cards in this process. What the
/// centre made of it, its own figures tell.
enum LoadGenerator {
    private static let setupThreads = 16

    /// PORT,… TOKEN-FILE idle COUNT SECONDS, or sessions COUNT SECONDS PER-SECOND (0: as many as there can be).
    ///
    /// Ports followed by @ and the file of a certificate are spoken to over TLS.
    static func run(_ rest: [String]) throws {
        guard rest.count >= 5, let count = Int(rest[3]), let seconds = Double(rest[4]) else {
            throw BenchmarkError(
                "--load PORT,…[@CERTIFICATE-FILE] TOKEN-FILE idle|sessions COUNT SECONDS [PER-SECOND]")
        }
        prepareForManyConnections()
        let ways = try ways(rest[0])
        let admin = try text(of: rest[1])
        let hasCards = rest[2] == "sessions"
        let terminals = try enrolled(count, ways, as: admin)
        try divided(count) { index in
            try terminals[index].connect()
            if hasCards {
                try terminals[index].takeCard(seed: Int(getpid()) << 20 + index, as: admin)
            } else {
                try terminals[index].begin([])
                try terminals[index].wait()
            }
        }
        if hasCards {
            let rate = rest.count > 5 ? Double(rest[5]) ?? 0 : 0
            try work(terminals, as: admin, seconds: seconds, perSecond: rate)
        } else {
            try wait(terminals, seconds: seconds)
        }
    }

    private static func ways(_ text: String) throws -> [LoadWay] {
        let parts = text.split(separator: "@", maxSplits: 1)
        let trust = try parts.dropFirst().first.map { try BenchTLS.Trust(certificate: String($0)) }
        return (parts.first ?? "").split(separator: ",").compactMap { UInt16($0) }.map {
            LoadWay(port: $0, trust: trust)
        }
    }

    /// Two runs at one centre are other terminals, with other cards.
    private static func enrolled(
        _ count: Int, _ ways: [LoadWay], as admin: String
    ) throws -> [LoadTerminal] {
        let clients = try (0..<setupThreads).map { try ways[$0 % ways.count].connect() }
        let terminals = (0..<count).map { index in
            LoadTerminal("t\(getpid())-\(index)", ways[index % ways.count], clients[index % setupThreads])
        }
        try divided(count) { try terminals[$0].enrol(as: admin) }
        return terminals
    }

    /// Each by one of a few threads; the same thread has every so manyth.
    private static func divided(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
        let failure = Mutex<String?>(nil)
        let threads = (0..<setupThreads).map { part in
            BenchThread {
                do {
                    for index in stride(from: part, to: count, by: setupThreads) { try body(index) }
                } catch { failure.withLock { $0 = "\(error)" } }
            }
        }
        for thread in threads { thread.join() }
        if let failure = failure.withLock({ $0 }) { throw BenchmarkError(failure) }
    }

    // MARK: Sessions

    /// A thread for each card; together they begin no more than so many operations a second.
    private static func work(
        _ terminals: [LoadTerminal], as admin: String, seconds: Double, perSecond: Double
    ) throws {
        say("ready", [:])
        let failure = Mutex<String?>(nil)
        let done = Atomic<Int>(0)
        let before = terminals.reduce(0) { $0 + $1.exchanges }
        let pause = perSecond > 0 ? Duration.seconds(Double(terminals.count) / perSecond) : .zero
        let clock = ContinuousClock()
        let start = clock.now
        let threads = terminals.enumerated().map { index, terminal in
            BenchThread {
                // Spread over one pause, so that they do not all come at once.
                var next = start + pause * Double(index) / Double(terminals.count)
                while clock.now < start + .seconds(seconds) {
                    let rest = clock.now.duration(to: next)
                    if rest > .zero { usleep(UInt32(rest / .microseconds(1))) }
                    next += pause
                    do {
                        try terminal.nextOperation(as: admin)
                        done.wrappingAdd(1, ordering: .relaxed)
                    } catch {
                        failure.withLock { $0 = $0 ?? "\(terminal.name): \(error)" }
                        return
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        if let failure = failure.withLock({ $0 }) { throw BenchmarkError(failure) }
        let took = start.duration(to: clock.now) / .seconds(1)
        let operations = Double(done.load(ordering: .relaxed))
        let exchanges = Double(terminals.reduce(0) { $0 + $1.exchanges } - before)
        say(
            "worked",
            [
                "operations": .number(operations), "exchanges": .number(exchanges), "seconds": .number(took),
                "operationsPerSecond": .number(operations / took),
                "exchangesPerSecond": .number(exchanges / took),
            ])
    }

    // MARK: Waiting

    /// Every terminal waits for work, and asks again whenever it hears that there is none.
    private static func wait(_ terminals: [LoadTerminal], seconds: Double) throws {
        say("waiting", ["terminals": .count(terminals.count)])
        var events = terminals.map { pollfd(fd: $0.http.descriptor, events: Int16(POLLIN), revents: 0) }
        let end = ContinuousClock().now + .seconds(seconds)
        while ContinuousClock().now < end {
            guard poll(&events, UInt(events.count), 100) >= 0 else {
                throw BenchmarkError("nothing to wait for")
            }
            for index in events.indices where events[index].revents != 0 {
                guard try terminals[index].http.read().status == 200 else {
                    throw BenchmarkError("a terminal that waited was refused")
                }
                try terminals[index].wait()
            }
        }
        say("waited", ["terminals": .count(terminals.count)])
    }

    // MARK: The bare engine

    /// How many commits a second one connection gets that does nothing else.
    static func countBareCommits(at place: String, seconds: Double) throws {
        let commit: () throws -> Void
        if place.hasPrefix("postgresql:") {
            commit = try BarePostgreSQL(place).commit
        } else {
            commit = try BareSQLite(place).commit
        }
        let clock = ContinuousClock()
        let start = clock.now
        var count = 0
        while clock.now < start + .seconds(seconds) {
            try commit()
            count += 1
        }
        say(
            "committed", ["perSecond": .number(Double(count) / (start.duration(to: clock.now) / .seconds(1)))]
        )
    }

    // MARK: Around

    private static func say(_ event: String, _ facts: JSONObject) {
        var line = facts
        line["event"] = .string(event)
        print(JSONValue.object(line).text)
        fflush(nil)
    }

    private static func text(of path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw BenchmarkError("\(path) cannot be read") }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}
