internal import CardCrypto
package import Centre
internal import JSON
internal import Synchronization
package import Wire

/// Who asks, proved: by a token of the centre, a session, a client certificate, or a token of an OpenID provider.
///
/// It keeps nothing but what the store keeps, so every node says the same.
package struct SignIn: Sendable {
    let node: Node
    private let openID: OpenID?
    private let owners = TokenOwners()
    private let uses = NotedUses()
    let gate: PasswordGate
    let firstAdmin = FirstAdminGate()
    let work: PasswordVerifier.Work

    package init(
        node: Node, openID: OpenID? = nil, work: @escaping PasswordVerifier.Work = PasswordVerifier.scrypt
    ) {
        self.node = node
        self.openID = openID
        self.work = work
        gate = PasswordGate()
    }

    package func principal(for request: HTTPRequest) throws(Problem) -> Principal {
        try caller(for: request).principal
    }

    package func caller(for request: HTTPRequest) throws(Problem) -> Caller {
        do {
            return try find(request)
        } catch {
            throw Problem(explaining: error)
        }
    }

    private func find(_ request: HTTPRequest) throws -> Caller {
        let fields = request.fields.values("Authorization")
        guard let field = fields.first else {
            if let certificate = request.peer.certificate { return try caller(certificate) }
            throw Problem.known("sign-in", "This needs a token.")
        }
        guard fields.count == 1, let bearer = Self.bearer(field) else {
            throw Problem.known("token-invalid", "'Authorization' takes one field: 'Bearer' and a token.")
        }
        if bearer.hasPrefix(TokenText.prefix) { return try caller(token: bearer) }
        guard let openID else { throw Problem.noSuchToken }
        return try caller(try openID.verify(bearer, now: node.clock.now))
    }

    private static func bearer(_ field: String) -> Substring? {
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer", !parts[1].contains(" ") else { return nil }
        return parts[1]
    }

    // MARK: Tokens and certificates

    private func caller(token text: Substring) throws -> Caller {
        guard let token = TokenText(text) else { throw Problem.noSuchToken }
        let digest = token.digest
        let found: (Caller, Credential) = try node.store.glance { transaction in
            let transaction = AskedAhead(transaction)
            try transaction.prepare(TokenOwners.questions(about: token.id, of: owners.owner(of: token.id)))
            let known = try good(transaction.find(Credential.self, key: .word(token.id)), digest)
            return (try self.caller(known, transaction), known)
        }
        owners.note(found.1)
        noteUse(of: found.1)
        return found.0
    }

    private func good(_ known: Credential?, _ digest: [UInt8]) throws -> Credential {
        // The same comparison whether there is one or not.
        let isSame = isEqualInConstantTime(known?.digest ?? Digest.sha256.hash([]), digest)
        guard let known, isSame, known.kind != .certificate, known.isGood(at: node.clock.now) else {
            throw Problem.noSuchToken
        }
        return known
    }

    /// Who a terminal's token says it is, where it was good here before; `nil` for everybody else. It lets nobody in,
    /// until it is proved in the transaction that it begins.
    package func presumed(for request: HTTPRequest) -> TerminalProof? {
        let fields = request.fields.values("Authorization")
        guard fields.count == 1, let bearer = fields.first.flatMap(Self.bearer),
            let token = TokenText(bearer), let owner = owners.owner(of: token.id),
            case .terminal(let terminal) = owner
        else { return nil }
        let digest = token.digest
        // Of the owner that was found: another request may have it forgotten meanwhile.
        let questions = TokenOwners.questions(about: token.id, of: owner).map { $0.glancing() }
        return TerminalProof(terminal: terminal, questions: questions) { rows, transaction in
            // Whatever is wrong with it now, it is no longer presumed.
            var isGood = false
            defer { if !isGood { owners.forget(token.id) } }
            let known = try good(transaction.decode(Credential.self, rows[0]).first, digest)
            guard known.subject == owner else { throw Problem.noSuchToken }
            try Self.requireActive(try transaction.decode(TerminalEntry.self, rows[1]).first)
            isGood = true
            noteUse(of: known)
        }
    }

    private func caller(_ certificate: [UInt8]) throws -> Caller {
        let digest = Digest.sha256.hash(certificate)
        let found: (Caller, Credential) = try node.store.glance { transaction in
            let query = Query(Credential.table, [.init("digest", .bytes(digest))])
            let known = try transaction.all(Credential.self, query).first {
                $0.kind == .certificate && $0.isGood(at: node.clock.now)
            }
            guard let known else {
                throw Problem.known("sign-in", "The certificate is nobody's here.")
            }
            return (try self.caller(known, transaction), known)
        }
        noteUse(of: found.1)
        return found.0
    }

    /// What the name behind a credential is now: a role that was taken away is gone at once.
    private func caller(_ credential: Credential, _ transaction: any Transaction) throws -> Caller {
        let principal: Principal
        switch credential.subject {
        case .operator(let id): principal = try self.operator(id, transaction)
        case .provider(let id): principal = .provider(try active(id, transaction))
        case .supplier(let id): principal = .supplier(try active(id, transaction))
        case .terminal(let id): principal = .terminal(try active(id, transaction))
        case .holder(let number, let terminal):
            if let terminal { _ = try active(terminal, transaction) }
            principal = .holder(number, at: terminal)
        }
        return Caller(
            principal, scopes: Scopes(text: credential.scopes),
            means: "\(credential.kind.rawValue)/\(credential.id)",
            tokenEnds: credential.kind == .session ? nil : credential.expiresAt)
    }

    private func `operator`(_ id: OperatorID, _ transaction: any Transaction) throws -> Principal {
        guard let entry = try transaction.find(Operator.self, key: .word(id)), entry.isActive else {
            throw Problem.noSuchToken
        }
        switch entry.role {
        case .admin: return .admin(id)
        case .operator: return .operator(id)
        case .auditor: return .auditor(id)
        }
    }

    private func active(_ id: ProviderID, _ transaction: any Transaction) throws -> ProviderID {
        guard let provider = try transaction.find(Provider.self, key: .word(id)) else {
            throw Problem.noSuchToken
        }
        if case .suspended(let reason) = provider.life {
            throw ProviderRefusal.suspended(id, reason: reason)
        }
        return id
    }

    private func active(_ id: TerminalID, _ transaction: any Transaction) throws -> TerminalID {
        try Self.requireActive(try transaction.find(TerminalEntry.self, key: .word(id)))
        return id
    }

    private static func requireActive(_ entry: TerminalEntry?) throws {
        guard let entry else { throw Problem.noSuchToken }
        if case .blocked(let reason) = entry.life {
            throw ServiceRefusal.terminalBlocked(entry.id, reason: reason)
        }
    }

    /// Whoever asks does not wait for it: it is for people who tidy up, and kept a little later.
    private func noteUse(of credential: Credential) {
        let hour = node.clock.now.milliseconds / 3_600_000
        guard credential.kind != .session,
            credential.lastUsedAt.map({ $0.milliseconds / 3_600_000 < hour }) ?? true
        else { return }
        uses.note(credential.id)
    }

    /// Keeps which tokens were used; true where there may be more. A node that dies before forgets some.
    package func keepUses() throws -> Bool {
        let ids = uses.take()
        guard !ids.isEmpty else { return false }
        do {
            try node.act(by: .centre) { act in try act.noteUses(of: ids) }
        } catch {
            for id in ids { uses.note(id) }
            throw error
        }
        return ids.count == NotedUses.perTurnMax
    }

    // MARK: OpenID

    /// Operators of an OpenID provider need no entry here; one that is here and shut out stays out, and one that has
    /// another role here is somebody else.
    private func caller(_ claim: OpenID.Identity) throws -> Caller {
        let principal = try node.store.glance { transaction in
            switch claim.principal {
            case .admin(let id), .operator(let id), .auditor(let id):
                let known = try transaction.find(Operator.self, key: .word(id))
                guard known?.isActive ?? true else { throw Problem.noSuchToken }
                if let known, known.role.rawValue != claim.principal.role.rawValue {
                    throw Problem.known(
                        "forbidden", "The operator '\(id)' has another role here than in the token.",
                        remedy: "Have the role changed, here or at the issuer, or use another name.")
                }
            case .provider(let id), .supplier(let id): _ = try active(id, transaction)
            case .terminal(let id): _ = try active(id, transaction)
            case .holder(let number, _):
                guard try transaction.find(Holder.self, key: .word(number)) != nil else {
                    throw Problem.noSuchToken
                }
            }
            return claim.principal
        }
        return Caller(principal, means: "openid", tokenEnds: claim.expiresAt)
    }
}

extension Problem {
    /// One word for a token that is unknown, over, revoked or somebody's who is gone.
    static var noSuchToken: Problem { .known("token-invalid", "The token is not one that is good here.") }
}

/// That a terminal's token is good and the terminal let in, in the transaction of what the terminal asks for: without
/// it that transaction is undone, and without a transaction nobody is answered.
package struct TerminalProof: Sendable {
    package let terminal: TerminalID
    /// Asked together with whatever is asked first.
    let questions: [Query]
    private let check: @Sendable ([[[StoredValue]]], any Transaction) throws -> Void

    init(
        terminal: TerminalID, questions: [Query],
        _ check: @escaping @Sendable ([[[StoredValue]]], any Transaction) throws -> Void
    ) {
        (self.terminal, self.questions, self.check) = (terminal, questions, check)
    }

    func admit(_ transaction: any Transaction) throws {
        do {
            try check(try transaction.ask(questions), transaction)
        } catch let failure as StoreFailure {
            throw failure
        } catch {
            throw Problem(explaining: error)
        }
    }

    /// For one who has no transaction of its own.
    func prove(in store: any Store) throws { try store.glance(admit) }
}

/// Whose tokens were when they came last, so that the rows of both are asked for together.
///
/// It lets nobody in: what counts is what the store says at this moment, of the token and of whose it is now.
private final class TokenOwners: Sendable {
    private static let tokensMax = 65_536

    private let known = Mutex<[CredentialID: Credential.Subject]>([:])

    static func questions(about id: CredentialID, of owner: Credential.Subject?) -> [Query] {
        let owner: Query? =
            switch owner {
            case .operator(let id): Query(Operator.table, key: [.word(id)], limit: 1)
            case .provider(let id), .supplier(let id): Query(Provider.table, key: [.word(id)], limit: 1)
            case .terminal(let id), .holder(_, let id?):
                Query(TerminalEntry.table, key: [.word(id)], limit: 1)
            case .holder(_, nil), nil: nil
            }
        return [Query(Credential.table, key: [.word(id)], limit: 1)] + [owner].compactMap(\.self)
    }

    func owner(of id: CredentialID) -> Credential.Subject? { known.withLock { $0[id] } }

    func forget(_ id: CredentialID) { known.withLock { $0[id] = nil } }

    func note(_ credential: Credential) {
        known.withLock { known in
            if known.count >= Self.tokensMax { known.removeAll(keepingCapacity: true) }
            known[credential.id] = credential.subject
        }
    }
}

/// Tokens that were used for the first time in their hour.
private final class NotedUses: Sendable {
    /// In one transaction.
    static let perTurnMax = 100
    /// More than these are noted when they come again.
    private static let idsMax = 65_536

    private let ids = Mutex<Set<CredentialID>>([])

    func note(_ id: CredentialID) {
        ids.withLock { ids in
            if ids.count < Self.idsMax { ids.insert(id) }
        }
    }

    /// In the order in which everybody takes them.
    func take() -> [CredentialID] {
        ids.withLock { ids in
            let some = ids.prefix(Self.perTurnMax).sorted()
            ids.subtract(some)
            return some
        }
    }
}

/// So many passwords are checked at once, because each takes memory; the rest try again.
final class PasswordGate: Sendable {
    private let count = Mutex(0)

    func pass<Result>(_ body: () throws -> Result) throws -> Result {
        let isFree = count.withLock { count in
            guard count < Bounds.passwordsAtOnceMax else { return false }
            count += 1
            return true
        }
        guard isFree else {
            throw Problem.known(
                "overloaded", "Many sign in at this moment.", members: ["retryAfter": 1])
        }
        defer { count.withLock { $0 -= 1 } }
        return try body()
    }
}
