internal import Centre
internal import HTTPClient

/// What the configuration means, checked.
struct ServeSettings: Sendable {
    let folder: String
    let store: String
    let vault: String
    let vaultOpener: VaultOpener
    let listen: [ListenAddress]
    let listenPlain: [ListenAddress]
    let proxies: [NetworkAddress]
    let certificate: CertificatePlace
    let clientAuthorities: String?
    let requiresClientCertificate: Bool
    let names: [String]
    let limits: HTTPLimits
    let logFormat: ServiceLog.Format
    let logLevel: ServiceLog.Level
    let webhookNetworks: [NetworkRange]
    let metricsFrom: [NetworkAddress]
    let traces: String?
    let node: String
    let admin: String
    let openID: OpenIDPlace?

    struct OpenIDPlace: Sendable {
        let configuration: OpenID.Configuration
        let keys: OpenIDKeys
    }

    enum VaultOpener: Hashable, Sendable {
        /// Made together with the vault where there is none; nil where somebody else is to make it.
        case keyFile(String, isOurs: Bool)
        case passphraseFile(String)
    }

    enum CertificatePlace: Hashable, Sendable {
        /// Made where there is none.
        case ours(certificate: String, key: String)
        case given(certificate: String, key: String)
    }

    init(_ configuration: ServeConfiguration) throws(ServeFailure) {
        let reader = SettingReader(configuration)
        folder = ServingFiles.absolute(reader.text(.data) ?? ".")
        let folder = folder == "/" ? "" : folder
        store = reader.text(.store) ?? "sqlite:\(folder)/store.db"
        vault = reader.text(.vault) ?? "\(folder)/keys.vault"
        switch (reader.text(.passphraseFile), reader.text(.keyFile)) {
        case (nil, let path): vaultOpener = .keyFile(path ?? "\(folder)/vault.key", isOurs: true)
        case (let path?, nil): vaultOpener = .passphraseFile(path)
        case (.some, .some):
            throw ServeFailure(
                "configuration", "a vault opens with a key file or with a passphrase, not with both")
        }
        listen = try reader.list(.listen) { $0 == "off" ? nil : ListenAddress($0) }
        listenPlain = try reader.list(.listenPlain) { ListenAddress($0) }
        proxies = try reader.list(.behindProxy) { NetworkAddress($0) }
        switch (reader.text(.certificate), reader.text(.certificateKey)) {
        case (nil, nil): certificate = .ours(certificate: "\(folder)/server.pem", key: "\(folder)/server.key")
        case (let certificate?, let key?): self.certificate = .given(certificate: certificate, key: key)
        case (.some, nil), (nil, .some):
            throw ServeFailure(
                "configuration", "tls-certificate and tls-key are given together or not at all")
        }
        clientAuthorities = reader.text(.clientAuthorities)
        requiresClientCertificate =
            try reader.word(.clientCertificate, ["optional": false, "required": true]) ?? false
        guard !requiresClientCertificate || clientAuthorities != nil else {
            throw ServeFailure(
                "configuration", "certificates are required from clients, but nobody may issue them",
                advice: ["name the authority with tls-client-ca"])
        }
        names = try reader.list(.names) { $0 }
        limits = try Self.limits(reader)
        logFormat = try reader.word(.logFormat, ["text": .text, "json": .json]) ?? .text
        logLevel =
            try reader.word(
                .logLevel, Dictionary(uniqueKeysWithValues: ServiceLog.Level.allCases.map { ($0.word, $0) }))
            ?? .info
        webhookNetworks = try reader.list(.webhookNetworks) { NetworkRange($0) }
        metricsFrom = try reader.list(.metricsFrom) { NetworkAddress($0) }
        traces = reader.text(.traces)
        node = reader.text(.node) ?? "node"
        admin = reader.text(.admin) ?? "admin"
        openID = try Self.openID(reader)
        guard !listen.isEmpty || !listenPlain.isEmpty else {
            throw ServeFailure(
                "configuration", "there is nowhere to listen", advice: ["give --listen an address"])
        }
    }

    private static func openID(_ reader: SettingReader) throws(ServeFailure) -> OpenIDPlace? {
        guard let issuer = reader.text(.openIDIssuer) else { return nil }
        let pairs = try reader.list(.openIDRoles) { item -> (String, Role)? in
            let parts = item.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, let role = Role(rawValue: String(parts[1])) else { return nil }
            return (String(parts[0]), role)
        }
        guard !pairs.isEmpty else {
            throw ServeFailure(
                "configuration", "nobody of the OpenID provider has a role here",
                advice: ["name roles with oidc-roles, such as centre-admins=admin"])
        }
        guard let keys = OpenIDKeys(issuer: issuer, address: reader.text(.openIDKeys)) else {
            throw ServeFailure(
                "configuration", "the OpenID provider and its keys are reached by https:// only")
        }
        return OpenIDPlace(
            configuration: OpenID.Configuration(
                issuer: issuer, audience: reader.text(.openIDAudience) ?? "berth",
                roleClaim: reader.text(.openIDRoleClaim) ?? "roles",
                roles: Dictionary(pairs) { first, _ in first },
                nameClaim: reader.text(.openIDNameClaim) ?? "preferred_username",
                tenantClaim: reader.text(.openIDProviderClaim) ?? "provider"), keys: keys)
    }

    private static func limits(_ reader: SettingReader) throws(ServeFailure) -> HTTPLimits {
        var limits = HTTPLimits()
        limits.workers = try reader.number(.workers, in: 1...1_024) ?? limits.workers
        limits.connectionsMax = try reader.number(.connectionsMax, in: 1...1_000_000) ?? limits.connectionsMax
        limits.connectionsPerAddressMax =
            try reader.number(.connectionsPerAddress, in: 1...1_000_000) ?? limits.connectionsPerAddressMax
        if let rate = try reader.number(.requestsPerSecond, in: 0...1_000_000) {
            limits.requestsPerSecond = rate
            limits.requestsBurst = 2 * rate
        }
        limits.bodyBytesMax = try reader.number(.bodyBytesMax, in: 1_024...1 << 30) ?? limits.bodyBytesMax
        limits.limitsLoopback = try reader.word(.limitsLoopback, ["yes": true, "no": false]) ?? false
        return limits
    }
}

/// Reads values and says which one is wrong, and where it came from.
private struct SettingReader {
    private let configuration: ServeConfiguration

    init(_ configuration: ServeConfiguration) { self.configuration = configuration }

    func text(_ setting: ServeSetting) -> String? { configuration[setting] }

    func list<Element>(
        _ setting: ServeSetting, _ read: (String) -> Element?
    ) throws(ServeFailure) -> [Element] {
        guard let text = text(setting) else { return [] }
        guard text != "off" else { return [] }
        var elements: [Element] = []
        for piece in text.split(separator: ",") {
            guard let element = read(String(piece.filter { $0 != " " })) else {
                throw failure(setting, "'\(piece)' is none")
            }
            elements.append(element)
        }
        return elements
    }

    func word<Value>(_ setting: ServeSetting, _ words: [String: Value]) throws(ServeFailure) -> Value? {
        guard let text = text(setting) else { return nil }
        guard let value = words[text] else {
            throw failure(setting, "it is one of: \(words.keys.sorted().joined(separator: ", "))")
        }
        return value
    }

    func number(_ setting: ServeSetting, in range: ClosedRange<Int>) throws(ServeFailure) -> Int? {
        guard let text = text(setting) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw failure(setting, "it is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private func failure(_ setting: ServeSetting, _ what: String) -> ServeFailure {
        let value = configuration.values[setting]
        return ServeFailure(
            "configuration", "\(setting.name) = \(setting.shown(value?.text ?? "")): \(what)",
            why: value.map { "it comes from \($0.source)" })
    }
}
