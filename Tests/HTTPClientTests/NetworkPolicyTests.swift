import HTTPClient
import Testing

@Suite("Where messages may go")
struct NetworkPolicyTests {
    private static func address(_ text: String) throws -> ResolvedAddress {
        let range = try #require(NetworkRange(text))
        // A range of one address holds exactly that address: its bytes are found by asking.
        return ResolvedAddress(bytes: range.firstAddress, port: 443)
    }

    // IANA's registries of special addresses (RFC 6890 and what followed), an address out of each.
    static let special = [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "127.0.0.1", "127.255.255.254",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.0.1",
        "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1",
        "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1",
        "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1", "2002:7f00:1::",
        "100::1",
    ]

    @Test("nothing of special meaning, whatever the encryption", arguments: special)
    func refuses(_ text: String) throws {
        let address = try Self.address(text)
        #expect(!NetworkPolicy().admits(address, isEncrypted: true))
        #expect(!NetworkPolicy().admits(address, isEncrypted: false))
    }

    static let common = [
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
        "128.0.0.1", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255",
        "::ffff:8.8.8.8", "2606:4700::1111", "2a00::1",
    ]

    @Test("anything that anybody can reach, encrypted only", arguments: common)
    func admits(_ text: String) throws {
        let address = try Self.address(text)
        #expect(NetworkPolicy().admits(address, isEncrypted: true))
        #expect(!NetworkPolicy().admits(address, isEncrypted: false))
    }

    static let allowed: [(String, String, Bool)] = [
        ("10.0.0.0/8", "10.1.2.3", true), ("10.0.0.0/8", "172.16.0.1", false),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("127.0.0.1", "127.0.0.1", true),
        ("127.0.0.1", "127.0.0.2", false), ("192.168.4.0/23", "192.168.5.255", true),
        ("192.168.4.0/23", "192.168.6.0", false), ("0.0.0.0/0", "192.168.6.0", true),
        ("0.0.0.0/0", "fd00::1", false), ("fd00::/8", "fd12::1", true), ("fd00::/8", "fe80::1", false),
        ("::1", "::1", true), ("::1", "127.0.0.1", false),
    ]

    @Test("a network that was allowed, and no bit more", arguments: allowed)
    func allows(_ range: String, _ text: String, _ isAllowed: Bool) throws {
        let policy = NetworkPolicy(allowed: [try #require(NetworkRange(range))])
        let address = try Self.address(text)
        #expect(policy.admits(address, isEncrypted: true) == isAllowed)
        #expect(policy.admits(address, isEncrypted: false) == isAllowed)
    }

    @Test(
        "what is no network is none",
        arguments: [
            "", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "10.0.0/8", "10.0.0.0/", "fd00::/129",
            "localhost",
            "10.0.0.0/8/8", " 10.0.0.0/8", "010.0.0.1/8x",
        ])
    func noNetwork(_ text: String) { #expect(NetworkRange(text) == nil) }
}
