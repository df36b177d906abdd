package import HTTPClient
internal import JSON
internal import SmartCard

/// What a terminal is to its centre: made by enrolment, kept in a file that only its user may read.
package struct TerminalIdentity: Hashable, Sendable {
    /// How the centre proves that it is the one.
    package enum Trust: Hashable, Sendable {
        case system
        case authorities(file: String)
        /// SHA-256 of its public key.
        case publicKey([UInt8])
    }

    /// The centre's address without a path: `https://centre.example:8443`.
    package var centre: String
    /// The name that the centre has for this terminal.
    package var name: String
    package var token: String
    package var trust: Trust

    package init(centre: String, name: String, token: String, trust: Trust) {
        self.centre = centre
        self.name = name
        self.token = token
        self.trust = trust
    }

    /// An address that requests can be put to: no path, and encrypted unless it is this machine.
    package static func address(_ text: String) -> String? {
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        guard ServerAddress.isProtected(text) else { return nil }
        let place = text.drop { $0 != ":" }.dropFirst("://".count)
        return place.contains { "/?#".contains($0) } ? nil : text
    }

    package var options: HTTPClientOptions {
        var options = HTTPClientOptions()
        options.agent = "berth-terminal"
        switch trust {
        case .system: options.trust = .system
        case .authorities(let file): options.trust = .authorities(file: file)
        case .publicKey(let digest): options.trust = .publicKey(sha256: digest)
        }
        return options
    }

    package var json: [UInt8] {
        var object: JSONObject = [
            "centre": .string(centre), "terminal": .string(name), "token": .string(token),
        ]
        switch trust {
        case .system: break
        case .authorities(let file): object["authorities"] = .string(file)
        case .publicKey(let digest): object["publicKey"] = .string(digest.hex)
        }
        return JSONValue.object(object).encodedPretty() + [UInt8(ascii: "\n")]
    }

    package init?(json bytes: [UInt8]) {
        guard let value = try? JSONValue(decoding: bytes), let centre = value["centre"]?.stringValue,
            let name = value["terminal"]?.stringValue, let token = value["token"]?.stringValue,
            let address = Self.address(centre)
        else { return nil }
        self.init(centre: address, name: name, token: token, trust: .system)
        if let file = value["authorities"]?.stringValue { trust = .authorities(file: file) }
        if let text = value["publicKey"]?.stringValue {
            guard let digest = try? Hex.decode(text), digest.count == 32 else { return nil }
            trust = .publicKey(digest)
        }
    }
}
