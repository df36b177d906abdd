package import Centre

/// What somebody is to the centre. Nobody may do anything that an endpoint does not grant to a role by name.
package enum Role: String, Hashable, Sendable, CaseIterable {
    case admin
    case `operator`
    case auditor
    case provider
    case supplier
    case terminal
    case holder
}

extension Set<Role> {
    /// Those who run the centre and may change things.
    package static let operators: Set<Role> = [.admin, .operator]
    /// Those who may see everything.
    package static let staff: Set<Role> = [.admin, .operator, .auditor]
    package static let all = Set(Role.allCases)
}

extension Principal {
    package var role: Role {
        switch self {
        case .admin: .admin
        case .operator: .operator
        case .auditor: .auditor
        case .provider: .provider
        case .supplier: .supplier
        case .terminal: .terminal
        case .holder: .holder
        }
    }

    /// Whose business this principal may see, where it is not everybody's: what it asks of another's is not found.
    package var tenant: ProviderID? {
        switch self {
        case .provider(let id), .supplier(let id): id
        case .admin, .operator, .auditor, .terminal, .holder: nil
        }
    }
}

/// Who asks, and how much of its role this sign-in carries.
package struct Caller: Hashable, Sendable {
    package let principal: Principal
    package let scopes: Scopes
    /// How it signed in, for logs and for signing out: `token/4f2a`, `session/…`, `oidc`, `certificate`.
    package let means: String
    /// When the token ends that it is, ours or another issuer's; sessions come from a password, which does not end.
    package let tokenEnds: Instant?

    package init(
        _ principal: Principal, scopes: Scopes = .everything, means: String, tokenEnds: Instant? = nil
    ) {
        self.principal = principal
        self.scopes = scopes
        self.means = means
        self.tokenEnds = tokenEnds
    }

    /// Whether it signed in by a password.
    package var isSession: Bool { means.hasPrefix("session/") }

    /// An admin whose sign-in carries all of the role.
    package var isUnboundedAdmin: Bool { principal.role == .admin && scopes == .everything }
}

/// What a token may be used for: `*`, or groups of endpoints to read or to write (`cards:read`, `cards:write`).
package enum Scopes: Hashable, Sendable {
    case everything
    case only(Set<String>)

    /// What there is to read and to write.
    package static let groups = [
        "addresses", "applications", "audit", "berths", "cards", "custody", "description", "events",
        "figures", "holders", "operations", "operators", "plans", "providers", "releases", "sessions",
        "statements", "tariffs", "terminals", "tokens", "webhooks",
    ]

    /// Writing includes reading.
    package func allow(_ group: String, isReading: Bool) -> Bool {
        switch self {
        case .everything: true
        case .only(let names):
            names.contains("\(group):write") || (isReading && names.contains("\(group):read"))
        }
    }

    /// Whether it is at least as much.
    package func cover(_ other: Scopes) -> Bool {
        switch (self, other) {
        case (.everything, _): true
        case (.only, .everything): false
        case (.only, .only(let names)):
            names.allSatisfy { name in
                let parts = name.split(separator: ":").map(String.init)
                return parts.count == 2 && allow(parts[0], isReading: parts[1] == "read")
            }
        }
    }

    /// As it is stored and shown: names with a space between.
    package var text: String {
        switch self {
        case .everything: "*"
        case .only(let names): names.sorted().joined(separator: " ")
        }
    }

    package init(text: String) {
        self = text == "*" ? .everything : .only(Set(text.split(separator: " ").map(String.init)))
    }
}
