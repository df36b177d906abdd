import TestSupport
import Testing

@testable import HTTPClient

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("A connection that is begun before there is a request")
struct EarlyConnectionTests {
    private static let here: [UInt8] = [127, 0, 0, 1]

    private static func client(_ early: EarlyConnection?) throws -> HTTPClient {
        var options = HTTPClientOptions()
        options.early = early
        return try HTTPClient(options)
    }

    @Test("it is there for the address that it was begun to, and once")
    func isTaken() throws {
        let server = try LoopbackServer { _ in nil }
        defer { server.stop() }
        let early = try #require(EarlyConnection(to: server.url))
        early.begin()
        #expect(early.take(to: ResolvedAddress(bytes: Self.here, port: server.port + 1)) == nil)
        let descriptor = try #require(early.take(to: ResolvedAddress(bytes: Self.here, port: server.port)))
        close(descriptor)
        #expect(early.take(to: ResolvedAddress(bytes: Self.here, port: server.port)) == nil)
    }

    @Test("the first request goes over it, and later ones as well")
    func firstRequest() throws {
        let server = try LoopbackServer { LoopbackServer.text("200 OK", String($0.split(separator: " ")[1])) }
        defer { server.stop() }
        let early = try #require(EarlyConnection(to: server.url + "/path"))
        early.begin()
        let client = try Self.client(early)
        for path in ["/one", "/two"] {
            #expect(try client.send(ClientRequest("GET", server.url + path)).body == Array(path.utf8))
        }
        #expect(server.connections == 1)
        // It was taken: whoever comes later makes a connection of its own.
        #expect(try Self.client(early).send(ClientRequest("GET", server.url + "/three")).status == 200)
        #expect(server.connections == 2)
    }

    @Test("a request to another place leaves it alone")
    func elsewhere() throws {
        let (server, other) = (
            try LoopbackServer { _ in nil }, try LoopbackServer { _ in LoopbackServer.text("200 OK", "x") }
        )
        defer { [server, other].forEach { $0.stop() } }
        let early = try #require(EarlyConnection(to: server.url))
        early.begin()
        #expect(try Self.client(early).send(ClientRequest("GET", other.url)).status == 200)
        #expect(early.take(to: ResolvedAddress(bytes: Self.here, port: server.port)) != nil)
    }

    @Test("where it is not there, the client makes its own, and says what is wrong as ever")
    func without() throws {
        let server = try LoopbackServer { _ in LoopbackServer.text("200 OK", "x") }
        defer { server.stop() }
        // Its name is still being looked up.
        let late = try #require(EarlyConnection(to: server.url))
        #expect(try Self.client(late).send(ClientRequest("GET", server.url)).status == 200)
        late.begin()
        #expect(late.take(to: ResolvedAddress(bytes: Self.here, port: server.port)) == nil)

        let nobody = "http://127.0.0.1:\(LoopbackServer.freePort())"
        let refused = try #require(EarlyConnection(to: nobody))
        refused.begin()
        let errors = [refused, nil].map { early in
            do {
                _ = try Self.client(early).send(ClientRequest("GET", nobody))
                return HTTPClientError?.none
            } catch { return error as? HTTPClientError }
        }
        #expect(errors.map { $0?.code } == [.unreachable, .unreachable])
        #expect(errors[0]?.isUnsent == errors[1]?.isUnsent)
    }

    @Test("one that the server has closed meanwhile is not used")
    func closed() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        try #require(listen(listener, 1) == 0)
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = getsockname(listener, $0, &length)
            }
        }
        let port = Int(UInt16(bigEndian: address.sin_port))
        let early = try #require(EarlyConnection(to: "https://127.0.0.1:\(port)"))
        early.begin()
        let accepted = accept(listener, nil, nil)
        try #require(accepted >= 0)
        close(accepted)
        #expect(early.take(to: ResolvedAddress(bytes: Self.here, port: port)) == nil)
    }

    @Test(
        "IPv6 addresses stand in brackets, and what is no address of a server leads nowhere",
        arguments: [
            ("https://[::1]:8443", true), ("https://localhost", true), ("http://127.0.0.1:80/x", true),
            ("ftp://127.0.0.1", false), ("127.0.0.1:80", false),
        ])
    func addresses(_ url: String, isOne: Bool) {
        #expect((EarlyConnection(to: url) != nil) == isOne)
    }
}
