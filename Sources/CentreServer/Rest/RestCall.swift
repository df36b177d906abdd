internal import CardCrypto
package import Centre
package import JSON
internal import Wire

/// One request that passed the gate: signed in, allowed, and as its endpoint describes.
package struct RestCall: Sendable {
    package let request: HTTPRequest
    package let endpoint: Endpoint
    package let caller: Caller
    package let node: Node
    let signIn: SignIn
    /// When it came, however often it is put again.
    package let since: Instant
    /// From the path and the query; each as its schema says.
    let values: [String: JSONValue]
    /// As the endpoint's schema says; null where it takes none.
    package let body: JSONValue
    package let idempotencyKey: RequestID?

    package var principal: Principal { caller.principal }
    package var now: Instant { node.clock.now }

    // MARK: What was asked

    package func text(_ name: String) -> String? { values[name]?.stringValue }
    package func integer(_ name: String) -> Int? { values[name]?.integerValue.map { Int($0) } }
    package func flag(_ name: String) -> Bool? { values[name]?.boolValue }

    /// A name from the path or the query, where it is there.
    package func find<Kind>(_ name: String) throws -> Identifier<Kind>? {
        try text(name).map { try Identifier<Kind>($0) }
    }

    /// A name that the path has.
    package func name<Kind>(_ name: String) throws -> Identifier<Kind> {
        guard let found: Identifier<Kind> = try find(name) else {
            throw Problem.invalid("The path has no '\(name)'.")
        }
        return found
    }

    /// Fields of the body, whose schema says that they are there and what they look like.
    package func member<Kind>(_ name: String) throws -> Identifier<Kind> {
        try Identifier<Kind>(body[name]?.stringValue ?? "")
    }
    package func optionalMember<Kind>(_ name: String) throws -> Identifier<Kind>? {
        guard let text = body[name]?.stringValue else { return nil }
        return try Identifier<Kind>(text)
    }

    // MARK: What is done

    /// One act in one transaction. With `Idempotency-Key` it is done once, and the same answer given again.
    /// - Parameter questions: asked with the first, because they are likely to be asked.
    package func change(
        asking questions: (any Transaction) -> [Query] = { _ in [] }, _ body: (Act) throws -> RestAnswer
    ) throws -> RestAnswer {
        let answer: RestAnswer
        do {
            answer = try changeOnce(questions, body)
        } catch StoreFailure.duplicate(table: KeptRequest.table.name) where idempotencyKey != nil {
            // The same request, at the same moment: it is done by now, and was kept.
            answer = try changeOnce(questions, body)
        }
        node.bell.ring([.events] + answer.rings)
        return answer
    }

    private func changeOnce(
        _ questions: (any Transaction) -> [Query], _ body: (Act) throws -> RestAnswer
    ) throws -> RestAnswer {
        // Outside of the transaction: secrets take their time.
        let asked = try canonicalBytes()
        return try node.store.write { transaction in
            let act = act(AskedAhead(transaction, along: questions(transaction)))
            var isNew = false
            let answer = try act.once(asked, door: "rest") {
                isNew = true
                return try body(act)
            }
            if answer.isSecret, !isNew { throw Problem.shownOnce }
            return answer
        }
    }

    /// A look that changes nothing.
    package func look<Result: Sendable>(_ body: (Act) throws -> Result) throws -> Result {
        try node.store.read { transaction in try body(act(transaction)) }
    }

    /// A look through registers' own methods that keep rows from changing while they are looked at.
    package func lookLocking<Result: Sendable>(_ body: (Act) throws -> Result) throws -> Result {
        try node.store.write { transaction in try body(act(transaction)) }
    }

    private func act(_ transaction: any Transaction) -> Act {
        Act(
            transaction, now: node.clock.now, actor: principal.actor, request: idempotencyKey,
            entropy: node.entropy)
    }

    private func canonicalBytes() throws -> CanonicalBytes {
        var bytes = CanonicalBytes()
        bytes.append(request.method.rawValue)
        bytes.append(request.path)
        for item in request.query {
            bytes.append(item.name)
            bytes.append(item.value)
        }
        switch endpoint.body {
        case .none: break
        case .json(let schema):
            bytes.append(schema.withoutSecrets(body).encoded())
            try appendSecrets(schema.secrets(in: body), to: &bytes)
        case .bytes: bytes.append(Digest.sha256.hash(request.body))
        }
        return bytes
    }

    /// Another password is another request. What is kept of it takes as long to guess as what passwords are checked
    /// against, and is another for each key; it takes as much memory, so it passes the same gate.
    private func appendSecrets(_ secrets: [String], to bytes: inout CanonicalBytes) throws {
        guard !secrets.isEmpty, let idempotencyKey else { return }
        var said = CanonicalBytes()
        for secret in secrets { said.append(secret) }
        let salt = Digest.sha256.hash(Array("\(principal.actor) \(idempotencyKey)".utf8))
        let secret = Secret(said.bytes)
        let digest = try signIn.gate.pass {
            try KeyDerivation.scrypt(secret, salt: salt, cost: .interactive, count: 32)
        }
        bytes.append(digest.withBytes { Array($0) })
    }

    // MARK: Preconditions

    /// For a change: the state that it was decided on is the one that is there (RFC 9110 §13.1.1).
    /// - Parameter current: `nil` where there is no such resource; then nobody can have decided on it, not even by a
    ///   star.
    package func requireMatch(_ current: EntityTag?) throws {
        let wanted = request.fields.values("If-Match")
        guard !wanted.isEmpty, current?.isNamed(in: wanted, isWeak: false) != true else { return }
        throw Problem(
            412, "changed-meanwhile", title: ProblemTypes.title("changed-meanwhile"),
            detail: current.map { "The resource is at \($0.text) now." } ?? "There is no such resource now.",
            remedy: "Read it again, look at what changed, and decide anew.")
    }

    /// The same, where the resource is read for this only: nothing is asked where no state is named.
    func requireMatch(reading current: () throws -> EntityTag?) throws {
        guard !request.fields.values("If-Match").isEmpty else { return }
        try requireMatch(try current())
    }

    // MARK: Waiting

    /// How long the client would rather wait than look again (RFC 7240 §4.3), to 30 seconds.
    package var patience: Duration? {
        for item in request.fields.values("Prefer").flatMap({ $0.split(separator: ",") }) {
            let parts = item.split(separator: "=", maxSplits: 1).map(\.trimmed)
            if parts.count == 2, parts[0].lowercased() == "wait", let seconds = Int(parts[1]), seconds > 0 {
                return .seconds(min(seconds, 30))
            }
        }
        return nil
    }

    /// When the client's patience is over; `nil` where it has none, or has none any more.
    package var waitsUntil: Instant? {
        guard let patience else { return nil }
        let until = since.advanced(by: patience)
        return now < until ? until : nil
    }
}
