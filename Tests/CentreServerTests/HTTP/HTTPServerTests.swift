import CardCrypto
import Centre
import CentreServer
import JSON
import Synchronization
import TestSupport
import Testing

/// What a client sends, and the status of the answer.
struct Malformed: Sendable, CustomTestStringConvertible {
    let raw: String
    let status: Int

    init(_ raw: String, _ status: Int) {
        self.raw = raw
        self.status = status
    }

    var testDescription: String { "\(status): \(raw.prefix(60).debugDescription)" }
}

@Suite("HTTP server: requests and answers")
struct HTTPServerTests {
    private func echoing(_ limits: HTTPLimits = HTTPLimits()) throws -> ServerFixture {
        try ServerFixture(limits) { request, _ in .now(ServerFixture.echo(request)) }
    }

    @Test("answers, and takes path and query apart")
    func answers() throws {
        let fixture = try echoing()
        let client = try fixture.client()
        let answer = try #require(try client.get("/v1/cards/a%2Fb%20c?x=1&y=%C3%A4+b&z"))
        #expect(answer.status == 200)
        #expect(answer.text == "GET\nv1|cards|a/b c\nx=1;y=ä b;z=\n")
        #expect(answer.fields["x-request-id"]?.isEmpty == false)
        #expect(answer.fields["cache-control"] == "no-store")
        #expect(answer.fields["content-type"] == "text/plain; charset=utf-8")
        // The connection stays, and the next request is another one.
        let next = try #require(try client.get("/"))
        #expect(next.text == "GET\n\n\n")
        #expect(next.fields["x-request-id"] != answer.fields["x-request-id"])
    }

    @Test("keeps the client's name for a request where it is fit for a log")
    func requestNames() throws {
        let fixture = try echoing()
        let client = try fixture.client()
        #expect(try client.get("/", "X-Request-Id: my-4711\r\n")?.fields["x-request-id"] == "my-4711")
        #expect(try client.get("/", "X-Request-Id: a b\r\n")?.fields["x-request-id"] != "a b")
        let long = String(repeating: "a", count: 65)
        #expect(try client.get("/", "X-Request-Id: \(long)\r\n")?.fields["x-request-id"] != long)
    }

    @Test("answers HEAD with the fields of GET and without a body (RFC 9110 §9.3.2)")
    func head() throws {
        let fixture = try echoing()
        let client = try fixture.client()
        client.send("HEAD /a HTTP/1.1\r\nHost: centre\r\n\r\n")
        let answer = try #require(client.read(isHead: true))
        #expect(answer.status == 200)
        #expect(answer.fields["content-length"] == "7")
        #expect(try client.get("/a")?.text == "GET\na\n\n")
    }

    @Test("collects a body that comes in pieces, with a length and in chunks")
    func bodies() throws {
        let fixture = try echoing()
        let client = try fixture.client()
        client.send("POST /a HTTP/1.1\r\nHost: centre\r\nContent-Length: 11\r\n\r\nhello")
        client.send(" world")
        #expect(client.read()?.text == "POST\na\n\nhello world")
        client.send("PUT /a HTTP/1.1\r\nHost: centre\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        client.send("6;x=y\r\n world\r\n0\r\nTrailer: x\r\n\r\n")
        #expect(client.read()?.text == "PUT\na\n\nhello world")
        let large = String(repeating: "x", count: 300_000)
        #expect(try client.post("/a", large)?.text == "POST\na\n\n\(large)")
    }

    @Test("asks for the body of a client that waits to be asked (RFC 9110 §10.1.1)")
    func continues() throws {
        let fixture = try echoing()
        let client = try fixture.client()
        client.send("POST /a HTTP/1.1\r\nHost: centre\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        #expect(client.read()?.status == 100)
        client.send("ok")
        #expect(client.read()?.text == "POST\na\n\nok")
    }

    @Test("answers requests that were sent at once, in their order")
    func pipelining() throws {
        let fixture = try echoing()
        let client = try fixture.client()
        client.send((0..<20).map { "GET /\($0) HTTP/1.1\r\nHost: centre\r\n\r\n" }.joined())
        for number in 0..<20 { #expect(client.read()?.text == "GET\n\(number)\n\n") }
    }

    private static func chunked(_ body: String) -> String {
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body
    }

    @Test("what stands behind a chunked body frames nothing, and the next request is the next request")
    func trailers() throws {
        let fixture = try echoing()
        let client = try fixture.client()
        client.send(
            Self.chunked("5\r\nhello\r\n0\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n")
                + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try #require(client.read()).text.hasSuffix("hello"))
        #expect(try #require(client.read()).text.hasPrefix("GET\nnext"))
    }

    /// What two servers could cut apart differently is never cut apart (RFC 9112 §11.2), and what is no request is
    /// none.
    static let malformed: [Malformed] = [
        Malformed("GET / HTTP/1.1\r\n\r\n", 400),
        Malformed("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        Malformed(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400),
        Malformed(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
            400),
        Malformed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", 400),
        Malformed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd", 400),
        Malformed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 4\r\n\r\nabcd", 400),
        Malformed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd", 400),
        Malformed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        Malformed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        Malformed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        Malformed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        Malformed(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400),
        Malformed("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        // A line end of one byte, or a bare return, does not hide what frames the body.
        Malformed(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400),
        Malformed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\nContent-Length: 5\r\n\r\nabcd", 400),
        Malformed("GET / HTTP/1.1\r\nHost: a\r\nX: y\rTransfer-Encoding: chunked\r\n\r\n", 400),
        Malformed("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n", 400),
        Malformed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 4\r\n\r\nabcd", 400),
        Malformed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nabcd", 400),
        Malformed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\nabcd", 413),
        Malformed("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
        Malformed(chunked("0x5\r\nhello\r\n0\r\n\r\n"), 400),
        Malformed(chunked("+5\r\nhello\r\n0\r\n\r\n"), 400),
        Malformed(chunked("5;a\nb\r\nhello\r\n0\r\n\r\n"), 400),
        Malformed(chunked("2\r\nhello\r\n0\r\n\r\n"), 400),
        Malformed(chunked("FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"), 413),
        Malformed("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Malformed("GET /a% HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Malformed("GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Malformed("GET /%ff%fe HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Malformed("GET /%0d%0aX:1 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Malformed("GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Malformed("GET /a/%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Malformed("GET /?a=%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Malformed("GET http://other/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Malformed("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Malformed("BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        Malformed("GET / HTTP/1.1\r\nHost: a\r\nBad name: x\r\n\r\n", 400),
        Malformed("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{7F}b\r\n\r\n", 400),
        Malformed("GET /" + String(repeating: "a/", count: 17) + " HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        Malformed("GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: 70) + "\r\n", 431),
        Malformed(
            "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "y", count: 20_000) + "\r\n\r\n", 431),
    ]

    @Test("a line feed alone ends a line, and what stands behind it counts")
    func bareLineFeeds() throws {
        let fixture = try echoing()
        let client = try fixture.client()
        client.send(
            "POST /one HTTP/1.1\nHost: a\nX: y\nContent-Length: 4\n\nabcdGET /two HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        #expect(try #require(client.read()).status == 200)
        #expect(try #require(client.read()).status == 200)
        #expect(fixture.observer.records.withLock { $0.map(\.path) } == ["/one", "/two"])
    }

    @Test("refuses what is malformed, and takes nothing more from that connection", arguments: malformed)
    func refuses(_ malformed: Malformed) throws {
        let (raw, status) = (malformed.raw, malformed.status)
        let fixture = try echoing()
        let client = try fixture.client()
        client.send(raw + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = try #require(client.read())
        #expect(answer.status == status)
        #expect(client.isEnded())
        #expect(!fixture.observer.records.withLock { $0.contains { $0.path.hasPrefix("/smuggled") } })
        if answer.fields["content-type"] == "application/problem+json" {
            let problem = try JSONValue(decoding: answer.body)
            #expect(problem["status"]?.integerValue == Int64(status))
            #expect(problem["request"]?.stringValue == answer.fields["x-request-id"])
        }
    }

    @Test("refuses a large body before it comes, and one without a length as soon as it is too large")
    func largeBodies() throws {
        var limits = HTTPLimits()
        limits.bodyBytesMax = 1_000
        let fixture = try echoing(limits)
        let client = try fixture.client()
        client.send(
            "POST /a HTTP/1.1\r\nHost: centre\r\nContent-Length: 1001\r\nExpect: 100-continue\r\n\r\n")
        #expect(client.read()?.status == 413)
        #expect(client.isEnded())
        let other = try fixture.client()
        let chunk = "200\r\n" + String(repeating: "x", count: 512) + "\r\n"
        other.send("POST /a HTTP/1.1\r\nHost: centre\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk)
        other.send("0\r\n\r\n")
        #expect(other.read()?.status == 413)
        let third = try fixture.client()
        #expect(try third.post("/a", String(repeating: "x", count: 1_000))?.status == 200)
    }

    @Test("bodies that never end take the room of their own address only, and give it back")
    func bodyShares() throws {
        var limits = HTTPLimits()
        (limits.bodyBytesMax, limits.bodiesBytesMax) = (10_000, 80_000)
        let fixture = try ServerFixture(limits, proxies: [.loopback]) { request, _ in
            .now(ServerFixture.echo(request))
        }
        func status(from address: String) -> Int? {
            let body = String(repeating: "y", count: 8_500)
            return (try? fixture.client().post("/", body, "X-Forwarded-For: \(address)\r\n"))?.status
        }
        var held: [RawClient] = []
        for _ in 0..<9 {
            let client = try fixture.client()
            client.send(
                "POST / HTTP/1.1\r\nHost: centre\r\nTransfer-Encoding: chunked\r\n"
                    + "X-Forwarded-For: 203.0.113.9\r\n\r\n"
                    + "2328\r\n\(String(repeating: "x", count: 9_000))\r\n")
            held.append(client)
        }
        #expect(eventually { [429, 503].contains(status(from: "203.0.113.9")) })
        #expect(status(from: "203.0.113.10") == 200)
        for client in held { client.leave() }
        #expect(eventually { status(from: "203.0.113.9") == 200 })
    }

    @Test("a service that gives a field with a line break cannot add fields")
    func noInjection() throws {
        let fixture = try ServerFixture { _, _ in
            .now(HTTPResponse(200, ["Location": "/a\r\nX-Evil: 1", "X-Good": "1"], body: .bytes([])))
        }
        let answer = try #require(try fixture.client().get("/"))
        #expect(answer.fields["x-evil"] == nil)
        #expect(answer.fields["x-good"] == "1")
    }

    @Test("tells what it answered, without query, fields or body")
    func records() throws {
        let fixture = try echoing()
        _ = try fixture.client().post("/v1/cards?token=secret", "12345", "traceparent: 00-ab-cd-01\r\n")
        #expect(eventually { !fixture.observer.records.withLock { $0.isEmpty } })
        let record = try #require(fixture.observer.records.withLock { $0.first })
        #expect(record.method == "POST" && record.path == "/v1/cards" && record.status == 200)
        #expect(record.bytesIn == 5 && record.bytesOut == 32 && record.address == "127.0.0.1")
        #expect(record.traceParent == "00-ab-cd-01")
    }

    @Test("a named proxy says where a request came from; anybody else's word is not taken")
    func proxies() throws {
        let body: @Sendable (HTTPRequest, Instant) -> Answer = { request, _ in
            .now(
                HTTPResponse(
                    text: "\(request.peer.address) \(request.peer.isEncrypted) \(request.peer.isLoopback)"))
        }
        let fields = "X-Forwarded-For: 10.1.1.1, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"
        let proxied = try ServerFixture(proxies: [.loopback], body)
        #expect(try proxied.client().get("/", fields)?.text == "203.0.113.9 true false")
        let direct = try ServerFixture(HTTPLimits(), body)
        #expect(try direct.client().get("/", fields)?.text == "127.0.0.1 false true")
        for (said, address) in [
            ("10.1.1.1, 203.0.113.9:4711", "203.0.113.9"), ("10.1.1.1, [2001:db8::7]:4711", "2001:db8::7"),
            ("10.1.1.1, [2001:db8::7]", "2001:db8::7"), ("10.1.1.1, 203.0.113.9, 127.0.0.1", "203.0.113.9"),
            // What nobody can read is not passed over: the client wrote what stands before it.
            ("10.1.1.1, unknown", "127.0.0.1"), ("10.1.1.1,", "127.0.0.1"), ("10.1.1.1:x", "127.0.0.1"),
        ] {
            let field = "X-Forwarded-For: \(said)\r\n"
            #expect(try proxied.client().get("/", field)?.text == "\(address) false false", "\(said)")
        }
    }

    @Test("plain HTTP is for this machine and named proxies only")
    func plainAddresses() throws {
        let everywhere = try #require(ListenAddress("*:0"))
        #expect(throws: HTTPServerError.plainAddress("*:0")) {
            _ = try HTTPServer(
                .init([.init(everywhere)]),
                service: ClosureService { _, _ in .now(HTTPResponse(200)) },
                room: WaitingRoom(), clock: RealClock(), entropy: SystemEntropy(), observer: NoObserver())
        }
    }
}
