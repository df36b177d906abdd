/// One thing that can be configured: in the file, in the environment, and on the command line, by the same name.
package struct ServeSetting: Hashable, Sendable {
    /// In the file and, behind two hyphens, on the command line.
    package let name: String
    package let placeholder: String
    package let summary: String
    /// nil where there is none, or it depends on others.
    package let fallback: String?
    /// Parts of the value are for nobody's eyes.
    package let hasSecret: Bool

    /// `BERTH_LOG_FORMAT` for `log-format`.
    package let environment: String

    private init(
        _ name: String, _ placeholder: String, default fallback: String? = nil, hasSecret: Bool = false,
        environment: String? = nil, _ summary: String
    ) {
        self.name = name
        self.placeholder = placeholder
        self.fallback = fallback
        self.hasSecret = hasSecret
        self.summary = summary
        self.environment =
            environment ?? "BERTH_" + name.uppercased().split(separator: "-").joined(separator: "_")
    }

    // MARK: Places

    package static let data = Self(
        "data", "FOLDER", default: ".",
        "The folder of store, vault and certificate, where they are not named one by one")
    package static let store = Self(
        "store", "URL", hasSecret: true,
        "sqlite:PATH, a path, or postgresql://…; else store.db in the data folder")
    package static let vault = Self("vault", "FILE", "The vault's file; else keys.vault in the data folder")
    package static let keyFile = Self(
        "key-file", "FILE", environment: "BERTH_VAULT_KEY_FILE",
        "The file whose contents open the vault; else vault.key in the data folder")
    package static let passphraseFile = Self(
        "passphrase-file", "FILE", environment: "BERTH_VAULT_PASSPHRASE_FILE",
        "A file with the vault's passphrase, instead of a key file")

    // MARK: Doors

    package static let listen = Self(
        "listen", "ADDRESS,…", default: "127.0.0.1:8443",
        "Where TLS is spoken: HOST:PORT, *:PORT for every address, or off")
    package static let listenPlain = Self(
        "listen-plain", "ADDRESS,…",
        "Where HTTP without TLS is spoken: on this machine, or for the proxies of behind-proxy")
    package static let behindProxy = Self(
        "behind-proxy", "ADDRESS,…", "Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed")
    package static let certificate = Self(
        "tls-certificate", "FILE", "The certificate and its chain as PEM; else one is made for itself")
    package static let certificateKey = Self("tls-key", "FILE", "The certificate's key as PEM")
    package static let clientAuthorities = Self(
        "tls-client-ca", "FILE", "Authorities, as PEM, whose certificates terminals and providers may show")
    package static let clientCertificate = Self(
        "tls-client-certificate", "MODE", default: "optional", "optional, or required from every client")
    package static let names = Self(
        "names", "NAME,…", "Host names and addresses for the certificate that is made for itself")

    // MARK: Limits

    package static let workers = Self("workers", "N", default: "32", "Threads that answer")
    package static let connectionsMax = Self(
        "connections-max", "N", default: "20000", "Connections that are open at the same time")
    package static let connectionsPerAddress = Self(
        "connections-per-address", "N", default: "1000",
        "The same from one address; this machine is not limited")
    package static let requestsPerSecond = Self(
        "requests-per-second", "N", default: "200", "Requests a second from one address, 0 for no limit")
    package static let bodyBytesMax = Self(
        "body-max", "BYTES", default: "16777216", "Bytes of a request's body")
    package static let limitsLoopback = Self(
        "limit-loopback", "YES|NO", default: "no",
        "Whether programs of this machine are held to the limits per address")

    package static let webhookNetworks = Self(
        "webhook-networks", "NETWORK,…",
        "Networks of your own that webhooks may reach, such as 10.1.0.0/16; only there also without TLS")

    // MARK: Telling

    package static let logFormat = Self(
        "log-format", "FORMAT", default: "text", "text for people, json for programs")
    package static let logLevel = Self("log-level", "LEVEL", default: "info", "debug, info, warning or error")
    package static let metricsFrom = Self(
        "metrics-from", "ADDRESS,…", "Addresses that may read /metrics, beside this machine")
    package static let traces = Self(
        "otlp-endpoint", "URL", hasSecret: true, "A collector of OpenTelemetry traces (OTLP over HTTP)")
    package static let node = Self("node", "NAME", "What this node is called in traces; else its host's name")
    package static let admin = Self(
        "admin", "NAME", default: "admin", "Who may sign in to a centre that has no operator yet")

    // MARK: Sign-in elsewhere

    package static let openIDIssuer = Self(
        "oidc-issuer", "URL", hasSecret: true,
        "An OpenID provider whose tokens are taken, as its tokens name it")
    package static let openIDAudience = Self(
        "oidc-audience", "NAME", default: "berth", "Whom its tokens must be for")
    package static let openIDRoles = Self(
        "oidc-roles", "WORD=ROLE,…", "What its words for roles are here: centre-admins=admin,auditors=auditor"
    )
    package static let openIDRoleClaim = Self(
        "oidc-role-claim", "CLAIM", default: "roles", "Where its tokens name roles, as in realm_access.roles")
    package static let openIDNameClaim = Self(
        "oidc-name-claim", "CLAIM", default: "preferred_username", "Where its tokens name the person")
    package static let openIDProviderClaim = Self(
        "oidc-provider-claim", "CLAIM", default: "provider", "Where its tokens name the provider")
    package static let openIDKeys = Self(
        "oidc-keys", "URL", hasSecret: true, "Where its keys are; else where its own description says")

    package static let all: [ServeSetting] = [
        data, store, vault, keyFile, passphraseFile, listen, listenPlain, behindProxy, certificate,
        certificateKey,
        clientAuthorities, clientCertificate, names, workers, connectionsMax, connectionsPerAddress,
        requestsPerSecond, bodyBytesMax, limitsLoopback, webhookNetworks, logFormat, logLevel, metricsFrom,
        traces, node, admin, openIDIssuer, openIDAudience, openIDRoles, openIDRoleClaim, openIDNameClaim,
        openIDProviderClaim, openIDKeys,
    ]

    /// The value as it may be shown: without what stands for a password.
    package func shown(_ value: String) -> String {
        guard hasSecret else { return value }
        return Self.hidingSecrets(value)
    }

    /// The user part of a URL loses its password, and its query every value; words of another form lose what follows
    /// a password's name.
    static func hidingSecrets(_ value: String) -> String {
        guard let scheme = value.firstRange(of: "://") else {
            let name = "password"
            let places = value.indices.first { value[$0...].prefix(name.count).lowercased() == name }
            return places.map { "\(value[..<$0])\(name)=…" } ?? value
        }
        let head = value[..<scheme.upperBound]
        let pieces = value[scheme.upperBound...].split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var authority = pieces[0]
        if let at = authority.lastIndex(of: "@") {
            let user = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            authority = (user.count > 1 ? "\(user[0]):…" : "\(user[0])") + authority[at...]
        }
        guard pieces.count > 1 else { return "\(head)\(authority)" }
        let query = pieces[1].split(separator: "&", omittingEmptySubsequences: false).map { item in
            item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).first.map { "\($0)=…" }
                ?? ""
        }
        return "\(head)\(authority)?\(query.joined(separator: "&"))"
    }
}
