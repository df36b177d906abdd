import HTTPClient
import Synchronization
import TestSupport
import Testing

@Suite("Requests to a real server")
struct HTTPClientTests {
    private static func failure(_ body: () throws -> Void) -> HTTPClientError? {
        do { try body() } catch { return error as? HTTPClientError }
        return nil
    }

    @Test("sends method, path, fields and body as given, and gives status, fields and body back")
    func exchange() throws {
        let server = try LoopbackServer { _ in
            LoopbackServer.text("201 Created", "made", "X-One: 1\r\nx-two:  two words \r\n")
        }
        defer { server.stop() }
        let answer = try HTTPClient().send(
            ClientRequest(
                "POST", server.url + "/a/b?c=%20d",
                fields: [("Content-Type", "application/json"), ("X-E", "")],
                body: Array("{}".utf8)))
        #expect(answer.status == 201)
        #expect(answer.body == Array("made".utf8))
        #expect(answer.field("x-ONE") == "1")
        #expect(answer.field("X-Two") == "two words")
        #expect(answer.field("x-three") == nil)
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("POST /a/b?c=%20d HTTP/1.1\r\n"))
        #expect(request.contains("\r\nContent-Type: application/json\r\n"))
        #expect(request.hasSuffix("\r\n\r\n{}"))
    }

    @Test("keeps the connection for the next request, whatever the method")
    func keepAlive() throws {
        let server = try LoopbackServer { request in
            LoopbackServer.text("200 OK", request.hasPrefix("HEAD") ? "" : "x")
        }
        defer { server.stop() }
        let client = try HTTPClient()
        for method in ["GET", "POST", "HEAD", "DELETE", "PATCH", "GET"] {
            let answer = try client.send(
                ClientRequest(method, server.url + "/", body: method.hasPrefix("P") ? [] : nil))
            #expect(answer.status == 200)
        }
        #expect(server.connections == 1)
        #expect(
            server.requests.map { String($0.prefix { $0 != " " }) }
                == ["GET", "POST", "HEAD", "DELETE", "PATCH", "GET"])
        // Nothing of a request stays for the next: no body, no fields.
        #expect(server.requests.last?.contains("Content-") == false)
    }

    @Test("a connection that the server closed is made anew")
    func reconnects() throws {
        let server = try LoopbackServer { _ in
            var script = LoopbackServer.text("200 OK", "x")
            script.closes = true
            return script
        }
        defer { server.stop() }
        let client = try HTTPClient()
        for _ in 0..<3 { #expect(try client.send(ClientRequest("GET", server.url)).status == 200) }
        #expect(server.connections == 3)
    }

    @Test("many threads use one client at once")
    func threads() async throws {
        let server = try LoopbackServer { request in
            LoopbackServer.text("200 OK", String(request.split(separator: " ")[1]))
        }
        defer { server.stop() }
        let client = try HTTPClient()
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let answer = try? client.send(ClientRequest("GET", "\(server.url)/\(number)"))
                    return answer?.body == Array("/\(number)".utf8)
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    @Test("a redirect is an answer unless it is asked for")
    func redirects() throws {
        let server = try LoopbackServer { request in
            request.hasPrefix("GET /old")
                ? LoopbackServer.text("302 Found", "moved", "Location: /new\r\n")
                : LoopbackServer.text("200 OK", "here")
        }
        defer { server.stop() }
        #expect(try HTTPClient().send(ClientRequest("GET", server.url + "/old")).status == 302)
        var options = HTTPClientOptions()
        options.redirectsMax = 3
        let answer = try HTTPClient(options).send(ClientRequest("GET", server.url + "/old"))
        #expect(answer.status == 200)
        #expect(answer.body == Array("here".utf8))
        #expect(answer.field("Location") == nil)
    }

    @Test("a body that is longer than what is taken ends the exchange")
    func tooLong() throws {
        let server = try LoopbackServer { _ in
            LoopbackServer.text("200 OK", String(repeating: "x", count: 1_001))
        }
        defer { server.stop() }
        var request = ClientRequest("GET", server.url)
        request.bodyBytesMax = 1_001
        #expect(try HTTPClient().send(request).body.count == 1_001)
        request.bodyBytesMax = 1_000
        #expect(Self.failure { _ = try HTTPClient().send(request) }?.code == .tooLong)
    }

    @Test("says what did not work, and whether the request may be sent again")
    func failures() throws {
        let silent = try LoopbackServer { _ in nil }
        let slow = try LoopbackServer { _ in
            .init(pieces: ["HTTP/1.1 200 OK\r\n", "\r\n"], pause: .seconds(5))
        }
        let odd = try LoopbackServer { _ in .init(pieces: ["what?\r\n\r\n"], closes: true) }
        let gone = try LoopbackServer { _ in nil }
        gone.stop()
        defer { for server in [silent, slow, odd] { server.stop() } }
        let client = try HTTPClient()
        func failure(_ url: String, timeout: Duration = .seconds(3)) -> HTTPClientError? {
            Self.failure { _ = try client.send(ClientRequest("GET", url, timeout: timeout)) }
        }
        #expect(failure("http://127.0.0.1:1/")?.code == .unreachable)
        #expect(failure("http://127.0.0.1:1/")?.isUnsent == true)
        #expect(failure("http://berth.invalid/")?.isUnsent == true)
        #expect(failure("no address at all")?.code == .badAddress)
        #expect(failure("file:///etc/passwd")?.code == .badAddress)
        #expect(failure(silent.url)?.code == .unreachable)
        #expect(failure(silent.url)?.isUnsent == false)
        #expect(failure(slow.url, timeout: .milliseconds(300))?.code == .timedOut)
        #expect([.malformed, .badAddress].contains(failure(odd.url)?.code))
    }

    @Test(
        "a field cannot smuggle another one",
        arguments: [("X", "a\r\nY: b"), ("X\r\nY", "b"), ("", "b"), ("X:", "b")])
    func smuggling(name: String, value: String) throws {
        let request = ClientRequest("GET", "http://127.0.0.1:1/", fields: [(name, value)])
        #expect(Self.failure { _ = try HTTPClient().send(request) }?.code == .malformed)
    }

    @Test("gives the lines of a stream as they come, until whoever takes them has enough")
    func lines() throws {
        let server = try LoopbackServer { _ in
            .init(
                pieces: [
                    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nid: 1\r\nda",
                    "ta: a\n\nid: 2\n",
                ],
                pause: .milliseconds(20), closes: true)
        }
        defer { server.stop() }
        let all = Mutex<[String]>([])
        try HTTPClient().lines(ClientRequest("GET", server.url)) { line in
            all.withLock { $0.append(line) }
            return true
        }
        #expect(all.withLock { $0 } == ["id: 1", "data: a", "", "id: 2"])
        let first = Mutex<[String]>([])
        try HTTPClient().lines(ClientRequest("GET", server.url)) { line in
            first.withLock { $0.append(line) }
            return false
        }
        #expect(first.withLock { $0 } == ["id: 1"])
    }

    @Test("what is no stream is an answer")
    func noStream() throws {
        let server = try LoopbackServer { _ in LoopbackServer.text("401 Unauthorized", "no\n") }
        defer { server.stop() }
        let answer = try HTTPClient().lines(ClientRequest("GET", server.url)) { _ in
            Issue.record("a line of an answer that is no stream")
            return true
        }
        #expect(answer.status == 401)
        #expect(answer.body == Array("no\n".utf8))
    }

    @Test("another thread can end a request that waits")
    func cancellation() async throws {
        let server = try LoopbackServer { _ in
            .init(pieces: ["HTTP/1.1 200 OK\r\n", ""], pause: .seconds(20))
        }
        defer { server.stop() }
        let cancellation = Cancellation()
        let client = try HTTPClient()
        async let code = Self.failure {
            _ = try client.send(ClientRequest("GET", server.url), until: cancellation)
        }?.code
        cancellation.cancel()
        #expect(await code == .cancelled)
    }

    @Test("the guard sees the address that a name stands for, and nothing reaches one that it refuses")
    func guarded() throws {
        let server = try LoopbackServer { _ in LoopbackServer.text("200 OK", "inside") }
        defer { server.stop() }
        let asked = AskedAddresses()
        var options = HTTPClientOptions()
        options.allows = { asked.note($0) && $0.isPublic }
        for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"] {
            let request = ClientRequest("GET", "http://\(host):\(server.port)/", timeout: .seconds(3))
            let failure = Self.failure { _ = try HTTPClient(options).send(request) }
            // What libcurl does not take for an address does not get as far as the guard.
            #expect(failure?.code == .addressRefused || failure?.isUnsent == true, "\(host)")
        }
        #expect(server.requests.isEmpty)
        #expect(asked.all.contains { $0.isLoopback && $0.port == server.port })
        options.allows = { $0.isLoopback }
        #expect(try HTTPClient(options).send(ClientRequest("GET", server.url)).status == 200)
    }
}

private final class AskedAddresses: Sendable {
    private let list = Mutex<[ResolvedAddress]>([])
    var all: [ResolvedAddress] { list.withLock { $0 } }

    func note(_ address: ResolvedAddress) -> Bool {
        list.withLock { $0.append(address) }
        return true
    }
}

@Suite("Addresses")
struct ResolvedAddressTests {
    private static func address(_ words: [UInt16]) -> ResolvedAddress {
        ResolvedAddress(bytes: words.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }, port: 80)
    }

    // RFC 6890 and the registries of special-purpose addresses of IANA.
    @Test(
        "what is not reachable from everywhere is not public",
        arguments: [
            [0, 0, 0, 0], [10, 1, 2, 3], [100, 64, 0, 1], [100, 127, 255, 255], [127, 0, 0, 1],
            [127, 255, 0, 1], [169, 254, 169, 254], [172, 16, 0, 1], [172, 31, 255, 255], [192, 0, 0, 8],
            [192, 168, 1, 1], [198, 18, 0, 1], [198, 19, 255, 255], [198, 51, 100, 7], [203, 0, 113, 9],
            [224, 0, 0, 1], [239, 1, 1, 1], [255, 255, 255, 255],
        ] as [[UInt8]])
    func special(four: [UInt8]) {
        #expect(!ResolvedAddress(bytes: four, port: 80).isPublic)
        // The same address in the clothes of IPv6.
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + four
        #expect(!ResolvedAddress(bytes: mapped, port: 80).isPublic)
        let translated: [UInt8] = [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0] + four
        #expect(!ResolvedAddress(bytes: translated, port: 80).isPublic)
    }

    @Test(
        "what is, is",
        arguments: [[1, 1, 1, 1], [9, 255, 255, 255], [100, 63, 0, 1], [172, 32, 0, 1], [223, 1, 1, 1]]
            as [[UInt8]])
    func open(four: [UInt8]) { #expect(ResolvedAddress(bytes: four, port: 80).isPublic) }

    @Test(
        "the same for sixteen bytes",
        arguments: [
            ([0, 0, 0, 0, 0, 0, 0, 1], false), ([0, 0, 0, 0, 0, 0, 0, 0], false),
            ([0xFE80, 0, 0, 0, 0, 0, 0, 1], false), ([0xFC00, 0, 0, 0, 0, 0, 0, 1], false),
            ([0xFD12, 0, 0, 0, 0, 0, 0, 1], false), ([0xFF02, 0, 0, 0, 0, 0, 0, 1], false),
            ([0x2001, 0xDB8, 0, 0, 0, 0, 0, 1], false), ([0x2001, 0, 0, 0, 0, 0, 0, 1], false),
            ([0x2002, 0x7F00, 1, 0, 0, 0, 0, 1], false), ([0x2606, 0x4700, 0, 0, 0, 0, 0, 0x1111], true),
            ([0x2A00, 0x1450, 0, 0, 0, 0, 0, 1], true),
        ] as [([UInt16], Bool)])
    func sixteen(words: [UInt16], isPublic: Bool) { #expect(Self.address(words).isPublic == isPublic) }

    @Test("are written as people write them")
    func text() {
        #expect(ResolvedAddress(bytes: [192, 0, 2, 1], port: 1).description == "192.0.2.1")
        #expect(Self.address([0x2001, 0xDB8, 0, 0, 0, 0, 0, 1]).description == "2001:db8:0:0:0:0:0:1")
    }
}
