/// A person who runs the centre, or looks after those who do.
package struct Operator: Hashable, Sendable {
    package enum Role: String, Hashable, Sendable, CaseIterable {
        /// Also decides who else is one.
        case admin
        case `operator`
        /// Sees everything and changes nothing.
        case auditor
    }

    package var id: OperatorID
    package var role: Role
    /// `nil` for one who signs in elsewhere, by an OpenID provider.
    package var passwordVerifier: [UInt8]?
    package var isActive: Bool
    package var createdAt: Instant
    /// Counts every change.
    package var revision: Int64

    package init(
        id: OperatorID, role: Role, passwordVerifier: [UInt8]?, isActive: Bool = true, createdAt: Instant,
        revision: Int64 = 1
    ) {
        self.id = id
        self.role = role
        self.passwordVerifier = passwordVerifier
        self.isActive = isActive
        self.createdAt = createdAt
        self.revision = revision
    }
}

/// A machine with a reader that the centre lets in.
package struct TerminalEntry: Hashable, Sendable {
    package enum Life: Hashable, Sendable {
        case active
        case blocked(reason: String)
    }

    /// Whoever knows the code may be this terminal, once.
    package struct Enrolment: Hashable, Sendable {
        /// SHA-256 of the code.
        package var digest: [UInt8]
        package var until: Instant

        package init(digest: [UInt8], until: Instant) {
            self.digest = digest
            self.until = until
        }
    }

    package var id: TerminalID
    /// Where it stands, for people.
    package var label: String
    package var life: Life
    package var enrolment: Enrolment?
    package var enrolledAt: Instant?
    package var createdAt: Instant
    package var revision: Int64

    package init(
        id: TerminalID, label: String, life: Life = .active, enrolment: Enrolment? = nil,
        enrolledAt: Instant? = nil, createdAt: Instant, revision: Int64 = 1
    ) {
        self.id = id
        self.label = label
        self.life = life
        self.enrolment = enrolment
        self.enrolledAt = enrolledAt
        self.createdAt = createdAt
        self.revision = revision
    }
}

/// Something by which somebody proves to be somebody, without a person at a keyboard each time.
package struct Credential: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Lasts until its day, for programs.
        case token
        /// What a sign-in gives; it lasts for hours.
        case session
        /// A client certificate, which TLS has verified.
        case certificate
    }

    package enum Subject: Hashable, Sendable {
        case `operator`(OperatorID)
        case provider(ProviderID)
        case supplier(ProviderID)
        case terminal(TerminalID)
        case holder(HolderNumber, at: TerminalID?)
    }

    package var id: CredentialID
    package var kind: Kind
    package var subject: Subject
    /// SHA-256 of the secret, or of the certificate: the secret itself is nowhere.
    package var digest: [UInt8]
    /// As `Scopes` writes them.
    package var scopes: String
    /// What it is for, for people.
    package var label: String
    package var createdAt: Instant
    package var createdBy: String
    package var expiresAt: Instant?
    /// By the hour: who writes it down more often writes more than it reads.
    package var lastUsedAt: Instant?
    package var revokedAt: Instant?

    package init(
        id: CredentialID, kind: Kind, subject: Subject, digest: [UInt8], scopes: String, label: String,
        createdAt: Instant, createdBy: String, expiresAt: Instant?, lastUsedAt: Instant? = nil,
        revokedAt: Instant? = nil
    ) {
        self.id = id
        self.kind = kind
        self.subject = subject
        self.digest = digest
        self.scopes = scopes
        self.label = label
        self.createdAt = createdAt
        self.createdBy = createdBy
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
        self.revokedAt = revokedAt
    }

    package func isGood(at now: Instant) -> Bool { revokedAt == nil && expiresAt.map { now < $0 } ?? true }
}

/// Wrong secrets at one door since the last right one: an operator's name, a user number that nobody has, a terminal,
/// an address of the network.
package struct SignInDoor: Hashable, Sendable {
    /// `operator/ada`, `terminal/lobby-1`, `address/203.0.113.7`.
    package var name: String
    package var wrongCount: Int
    package var closedUntil: Instant?
    /// Of the last wrong one, so that old doors are found and forgotten.
    package var day: CalendarDay

    package init(name: String, wrongCount: Int = 0, closedUntil: Instant? = nil, day: CalendarDay) {
        self.name = name
        self.wrongCount = wrongCount
        self.closedUntil = closedUntil
        self.day = day
    }

    package func isClosed(at now: Instant) -> Bool {
        guard let until = closedUntil, now < until else { return false }
        // A clock that was set back must not keep anybody out for longer than any rule says.
        return now.duration(to: until) <= Bounds.passwordWaitMax
    }
}
