import HTTPClient
import Testing

@Suite("Where secrets may go")
struct ServerAddressTests {
    @Test(
        "only where nobody else reads them",
        arguments: [
            ("https://berth.example", true), ("https://berth.example:8443/v1", true),
            ("https://[2001:db8::1]", true),
            ("http://127.0.0.1:8080", true), ("http://localhost", true), ("http://[::1]:80/x", true),
            ("http://LOCALHOST:80", true), ("http://192.0.2.2:19997", false), ("http://berth.example", false),
            ("http://127.0.0.1.evil.example", false), ("http://localhost@evil.example", false),
            ("http://localhost:x@evil.example", false), ("https://berth.example@evil.example", false),
            ("https://", false), ("192.0.2.2:19997", false), ("", false), ("ftp://localhost", false),
            ("http://evil.example/?http://localhost", false), ("http://evil.example\\@localhost", false),
        ])
    func protected(url: String, expected: Bool) { #expect(ServerAddress.isProtected(url) == expected) }
}
