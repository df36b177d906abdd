import Centre
import CentreServer
import Synchronization
import TestSupport
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("HTTP server: waiting, streams, limits, and the end")
struct HTTPWaitingTests {
    private static let topic = Topic("card/x")

    /// Waits for the topic until it rang, for so long at most.
    private func waiting(
        _ rung: Box<Bool>, _ limits: HTTPLimits = HTTPLimits(), seconds: Int64 = 30
    ) throws -> ServerFixture {
        try ServerFixture(limits) { request, since in
            if request.path == "/now" { return .now(HTTPResponse(text: "now")) }
            if rung.value { return .now(HTTPResponse(text: "rung")) }
            let until = since.advanced(by: .seconds(seconds))
            if RealClock().now >= until { return .now(HTTPResponse(204)) }
            return .wait(Waiting(for: [Self.topic], until: until))
        }
    }

    @Test("a request waits without a thread until its topic rings", .mission(.a11))
    func rings() throws {
        let rung = Box(false)
        let fixture = try waiting(rung)
        // More of them than there are threads.
        let clients = try (0..<50).map { _ in try fixture.client() }
        for client in clients { client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
        #expect(eventually { fixture.room.count == 50 })
        #expect(try fixture.client().get("/now")?.text == "now")
        fixture.room.ring([Topic("card/y")])
        #expect(fixture.room.count == 50)
        rung.value = true
        fixture.room.ring([Self.topic])
        for client in clients { #expect(client.read()?.text == "rung") }
        #expect(fixture.room.count == 0)
    }

    @Test("a request that waits is put again when its time has come")
    func deadlines() throws {
        let fixture = try waiting(Box(false), seconds: 1)
        #expect(try fixture.client().get("/")?.status == 204)
    }

    @Test("a topic that rings while the service still looks is not missed")
    func noLostRing() throws {
        let looks = Box(0)
        let room = Box<WaitingRoom?>(nil)
        let fixture = try ServerFixture { _, since in
            looks.value += 1
            if looks.value > 1 { return .now(HTTPResponse(text: "seen")) }
            // What another thread could do between the look and the wait.
            room.value?.ring([Self.topic])
            return .wait(Waiting(for: [Self.topic], until: since.advanced(by: .seconds(60))))
        }
        room.value = fixture.room
        #expect(try fixture.client().get("/")?.text == "seen")
    }

    @Test("a client that goes away while it waits is forgotten")
    func goneClients() throws {
        let fixture = try waiting(Box(false))
        let client = try fixture.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(eventually { fixture.room.count == 1 })
        client.leave()
        #expect(eventually { fixture.room.count == 0 && fixture.server.figures.connections == 0 })
        #expect(fixture.server.figures.requests == 0)
    }

    @Test("a stream goes out piece by piece, waits, and ends")
    func streams() throws {
        let stream = CountingStream(last: 3, topic: Self.topic)
        let fixture = try ServerFixture { _, _ in
            .now(HTTPResponse(200, ["Content-Type": "text/event-stream"], body: .stream(stream)))
        }
        let client = try fixture.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        for number in 0...3 {
            #expect(eventually { fixture.room.count == 1 })
            stream.allowed.value = number
            fixture.room.ring([Self.topic])
            if number == 0 {
                // The head comes with the first piece.
                let head = try #require(client.readHead())
                #expect(head.fields["transfer-encoding"] == "chunked" && head.status == 200)
            }
            #expect(client.readChunk() == Array("piece \(number)".utf8))
        }
        #expect(client.readChunk() == [])
        #expect(eventually { stream.closings.value == 1 })
        #expect(fixture.server.figures.streams == 0)
    }

    @Test("a stream whose client goes away is closed once")
    func goneStreams() throws {
        let stream = CountingStream(last: 100, topic: Self.topic)
        let fixture = try ServerFixture { _, _ in .now(HTTPResponse(200, body: .stream(stream))) }
        let client = try fixture.client()
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(eventually { fixture.room.count == 1 })
        client.leave()
        #expect(eventually { stream.closings.value == 1 && fixture.server.figures.connections == 0 })
    }

    @Test("an address that asks too often is told to wait, and for how long")
    func rates() throws {
        var limits = HTTPLimits()
        (limits.requestsPerSecond, limits.requestsBurst, limits.limitsLoopback) = (1, 3, true)
        let fixture = try waiting(Box(true), limits)
        for _ in 0..<3 { #expect(try fixture.client().get("/")?.status == 200) }
        let answer = try #require(try fixture.client().get("/"))
        #expect(answer.status == 429)
        #expect(answer.fields["retry-after"] == "1")
    }

    @Test("an address has so many connections, and one more is closed at once")
    func connectionsPerAddress() throws {
        var limits = HTTPLimits()
        (limits.connectionsPerAddressMax, limits.limitsLoopback) = (2, true)
        let fixture = try waiting(Box(true), limits)
        let kept = try (0..<2).map { _ in try fixture.client() }
        for client in kept { #expect(try client.get("/")?.status == 200) }
        #expect(try fixture.client().get("/") == nil)
        #expect(fixture.observer.endings.withLock { $0 } == [.addressHasTooMany])
        kept[0].leave()
        #expect(eventually { (try? fixture.client().get("/"))??.status == 200 })
    }

    @Test("more requests than can be answered soon are told to come later")
    func queue() throws {
        var limits = HTTPLimits()
        (limits.workers, limits.queuedMax) = (1, 1)
        let isHeld = Box(true)
        let fixture = try ServerFixture(limits) { _, _ in
            while isHeld.value { usleep(1_000) }
            return .now(HTTPResponse(200))
        }
        let first = try fixture.client()
        first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(eventually { fixture.server.figures.requests == 1 && fixture.server.figures.queued == 0 })
        let second = try fixture.client()
        second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(eventually { fixture.server.figures.queued == 1 })
        let third = try #require(try fixture.client().get("/"))
        #expect(third.status == 503 && third.fields["retry-after"] != nil)
        isHeld.value = false
        #expect(first.read()?.status == 200)
        #expect(second.read()?.status == 200)
    }

    @Test(
        "a client that sends its fields or its body too slowly is let go",
        arguments: ["GET / HTTP/1.1\r\nHos", "\r"])
    func slowHeads(start: String) throws {
        var limits = HTTPLimits()
        (limits.headSeconds, limits.bodySeconds) = (1, 1)
        let fixture = try waiting(Box(true), limits)
        let slow = try fixture.client()
        slow.send(start)
        let half = try fixture.client()
        half.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nab")
        #expect(try fixture.client().get("/")?.status == 200)
        #expect(slow.isEnded())
        #expect(half.isEnded())
        #expect(eventually { fixture.observer.endings.withLock { $0.count } == 2 })
    }

    @Test("stopping answers what waits, finishes what is under way, ends streams, and accepts nothing new")
    func stops() throws {
        let isHeld = Box(true)
        let stream = CountingStream(last: 100, topic: Self.topic)
        let fixture = try ServerFixture { request, since in
            switch request.path {
            case "/stream": return .now(HTTPResponse(200, body: .stream(stream)))
            case "/work":
                while isHeld.value { usleep(1_000) }
                return .now(HTTPResponse(text: "done"))
            default:
                let until = since.advanced(by: .seconds(60))
                // What waits is asked a last time as if it had waited for long enough.
                return RealClock().now >= until
                    ? .now(HTTPResponse(204)) : .wait(Waiting(for: [Self.topic], until: until))
            }
        }
        let (parked, busy, streaming) = (try fixture.client(), try fixture.client(), try fixture.client())
        for (client, path) in [(parked, "/"), (busy, "/work"), (streaming, "/stream")] {
            client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        }
        #expect(eventually { fixture.room.count == 2 && fixture.server.figures.requests == 3 })
        let port = fixture.port
        let stopping = TestThread { fixture.server.stop() }
        #expect(parked.read()?.status == 204)
        #expect(streaming.read()?.body == [])
        isHeld.value = false
        #expect(busy.read()?.text == "done")
        stopping.join()
        #expect(stream.closings.value == 1)
        #expect((try? RawClient(port: port).get("/")).flatMap { $0 } == nil)
    }
}

/// A value that threads share.
final class Box<Value: Sendable>: Sendable {
    private let stored: Mutex<Value>

    init(_ value: Value) { stored = Mutex(value) }

    var value: Value {
        get { stored.withLock { $0 } }
        set { stored.withLock { $0 = newValue } }
    }
}

/// Gives numbered pieces, as far as it is allowed to.
final class CountingStream: BodyStream {
    let allowed = Box(-1)
    let closings = Box(0)
    private let position = Box(0)
    private let last: Int
    private let topic: Topic

    init(last: Int, topic: Topic) {
        self.last = last
        self.topic = topic
    }

    func next() -> StreamStep {
        let number = position.value
        if number > last { return .end }
        guard number <= allowed.value else {
            return .wait(Waiting(for: [topic], until: RealClock().now.advanced(by: .seconds(60))))
        }
        position.value = number + 1
        return .bytes(Array("piece \(number)".utf8))
    }

    func closed() { closings.value += 1 }
}
