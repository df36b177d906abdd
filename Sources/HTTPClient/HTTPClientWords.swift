/// What to ask a server for.
package struct ClientRequest: Sendable {
    package var method: String
    package var url: String
    /// In order; a name may come twice.
    package var fields: [(name: String, value: String)]
    package var body: [UInt8]?
    /// For the whole exchange; a stream has none.
    package var timeout: Duration
    package var bodyBytesMax: Int

    package init(
        _ method: String, _ url: String, fields: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeout: Duration = .seconds(30), bodyBytesMax: Int = 8_388_608
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
        self.timeout = timeout
        self.bodyBytesMax = bodyBytesMax
    }
}

/// What a server answered, whole.
package struct ClientResponse: Sendable {
    package var status: Int
    package var fields: [(name: String, value: String)]
    package var body: [UInt8]

    /// The first field of that name, which is compared without case.
    package func field(_ name: String) -> String? {
        let wanted = name.lowercased()
        return fields.first { $0.name.lowercased() == wanted }?.value
    }
}

/// Why there is no answer.
package struct HTTPClientError: Error, Hashable {
    package enum Code: String, Hashable, Sendable {
        case libraryMissing = "curl-missing"
        case badAddress = "bad-address"
        /// No such name, nobody there, or the way is cut.
        case unreachable
        case timedOut = "timed-out"
        /// The other end is not who it should be.
        case notTrusted = "not-trusted"
        /// The certificate or key to be shown cannot be used.
        case ownCertificate = "own-certificate"
        case tls
        /// The guard refused the address that a name stands for.
        case addressRefused = "address-refused"
        case tooLong = "too-long"
        case cancelled
        case malformed
        case failure
    }

    package let code: Code
    package let message: String
    /// Nothing of the request can have reached the server: it may be sent again without a second effect.
    package let isUnsent: Bool

    package init(_ code: Code, _ message: String, isUnsent: Bool = true) {
        self.code = code
        self.message = message
        self.isUnsent = isUnsent
    }
}

/// An address of the network, as a name was resolved to it.
package struct ResolvedAddress: Hashable, Sendable, CustomStringConvertible {
    /// Four bytes or sixteen.
    package let bytes: [UInt8]
    package let port: Int

    package init(bytes: [UInt8], port: Int) {
        self.bytes = bytes
        self.port = port
    }

    /// An IPv4 address in the form of an IPv6 one is the IPv4 address (RFC 4291 §2.5.5.2), also where a gateway
    /// translates it (RFC 6052 §2.1).
    package var plain: [UInt8] {
        guard bytes.count == 16 else { return bytes }
        let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        let translated: [UInt8] = [0x00, 0x64, 0xFF, 0x9B] + [UInt8](repeating: 0, count: 8)
        let head = Array(bytes.prefix(12))
        return head == mapped || head == translated ? Array(bytes.suffix(4)) : bytes
    }

    /// Reachable from anywhere, and not this machine, this network, or something of special meaning (RFC 6890, and the
    /// registries of IANA that follow it).
    package var isPublic: Bool {
        let plain = plain
        if plain.count == 4 { return !Self.specialFour.contains { $0.holds(plain) } }
        guard plain.count == 16 else { return false }
        // Global unicast is 2000::/3; inside it some is special.
        return plain[0] & 0xE0 == 0x20 && !Self.specialSixteen.contains { $0.holds(plain) }
    }

    package var isLoopback: Bool {
        let plain = plain
        return plain.count == 4 ? plain[0] == 127 : plain == [UInt8](repeating: 0, count: 15) + [1]
    }

    package var description: String {
        if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
        return stride(from: 0, to: bytes.count - 1, by: 2)
            .map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }.joined(separator: ":")
    }

    private struct Range {
        let prefix: [UInt8]
        let bits: Int

        func holds(_ address: [UInt8]) -> Bool {
            (0..<bits).allSatisfy { bit in
                let byte = bit / 8
                let own = byte < prefix.count ? prefix[byte] : 0
                return (own ^ address[byte]) & (0x80 >> UInt8(bit % 8)) == 0
            }
        }
    }

    private static let specialFour: [Range] = [
        .init(prefix: [0], bits: 8), .init(prefix: [10], bits: 8), .init(prefix: [100, 64], bits: 10),
        .init(prefix: [127], bits: 8), .init(prefix: [169, 254], bits: 16),
        .init(prefix: [172, 16], bits: 12), .init(prefix: [192, 0, 0], bits: 24),
        .init(prefix: [192, 0, 2], bits: 24), .init(prefix: [192, 88, 99], bits: 24),
        .init(prefix: [192, 168], bits: 16), .init(prefix: [198, 18], bits: 15),
        .init(prefix: [198, 51, 100], bits: 24), .init(prefix: [203, 0, 113], bits: 24),
        .init(prefix: [224], bits: 4), .init(prefix: [240], bits: 4),
    ]
    private static let specialSixteen: [Range] = [
        .init(prefix: [0x20, 0x01, 0x00], bits: 23), .init(prefix: [0x20, 0x01, 0x0D, 0xB8], bits: 32),
        .init(prefix: [0x20, 0x02], bits: 16), .init(prefix: [0x3F, 0xFF], bits: 20),
    ]
}
