import Centre
import CentreServer
import HTTPClient
import TestSupport
import Testing
import Wire

@Suite("Carrying messages by libcurl")
struct CurlCarrierTests {
    private static let clock = ManualClock(Instant(milliseconds: 1_795_261_043_000))

    private static func message(_ url: String) throws -> WebhookMessage {
        let webhook = Webhook(
            id: try WebhookID("w"), provider: nil, url: try #require(WebhookURL(url)),
            createdAt: Instant(milliseconds: 0), position: 0)
        let event = Event(
            position: 1, stream: .registers, number: 1, at: Instant(milliseconds: 0), kind: "a.b",
            subject: "c", provider: nil, facts: [])
        return try WebhookMessage(
            CloudEvent(event, source: "s"), to: webhook, at: Instant(milliseconds: 0), signedWith: [])
    }

    // Every way to write an address of this machine or its networks that a resolver understands.
    static let inside = [
        "https://127.0.0.1:9/", "https://localhost:9/", "http://localhost:9/", "https://[::1]:9/",
        "https://2130706433:9/", "https://0x7f000001:9/", "https://0177.0.0.1:9/", "https://127.1:9/",
        "https://[::ffff:127.0.0.1]:9/", "https://10.0.0.1:9/", "https://169.254.169.254/latest/meta-data/",
        "https://192.168.0.1/", "https://0.0.0.0:9/", "http://1.1.1.1:9/", "https://[fe80::1]:9/",
    ]

    @Test("no connection into the networks of the centre is even begun", arguments: inside)
    func refuses(_ url: String) throws {
        let carrier = try #require(CurlCarrier(NetworkPolicy(), clock: Self.clock))
        let outcome = carrier.carry(try Self.message(url))
        #expect(outcome == .failed("its address is not one that messages may go to"), "\(outcome)")
    }

    @Test("where a network was allowed the connection is tried")
    func allowed() throws {
        let range = try #require(NetworkRange("127.0.0.0/8"))
        let carrier = try #require(CurlCarrier(NetworkPolicy(allowed: [range]), clock: Self.clock))
        // Nobody listens at port 9 of this machine.
        #expect(carrier.carry(try Self.message("http://127.0.0.1:9/")) == .failed("nobody answers there"))
    }

    @Test(
        "a receiver that sends on to another address gets no further", arguments: [301, 302, 303, 307, 308])
    func redirects(_ status: Int) throws {
        let server = try LoopbackServer { _ in
            LoopbackServer.text("\(status) Elsewhere", "", "Location: /inside\r\n")
        }
        defer { server.stop() }
        let range = try #require(NetworkRange("127.0.0.0/8"))
        let carrier = try #require(CurlCarrier(NetworkPolicy(allowed: [range]), clock: Self.clock))
        #expect(
            carrier.carry(try Self.message(server.url)) == .refused(status: status, retryAfter: nil))
        #expect(server.requests.count == 1)
    }

    @Test("the time that a receiver asks for is read by the clock of the centre")
    func retryAfter() throws {
        let server = try LoopbackServer { _ in
            LoopbackServer.text("503 Busy", "", "Retry-After: Sat, 21 Nov 2026 11:47:23 GMT\r\n")
        }
        defer { server.stop() }
        let range = try #require(NetworkRange("127.0.0.0/8"))
        let carrier = try #require(CurlCarrier(NetworkPolicy(allowed: [range]), clock: Self.clock))
        #expect(
            carrier.carry(try Self.message(server.url))
                == .refused(status: 503, retryAfter: .seconds(600)))
    }
}
