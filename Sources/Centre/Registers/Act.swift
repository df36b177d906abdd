package import CardCrypto
internal import SmartCard

/// One act of one actor at one instant in one transaction. The registers change only through its methods, which are
/// grouped by register in extensions, and each of them notes what it did.
///
/// Made anew whenever the transaction's body runs, and gone with it.
package final class Act {
    /// Who does it.
    package enum Actor: Hashable, Sendable, CustomStringConvertible {
        case `operator`(OperatorID)
        case provider(ProviderID)
        case holder(HolderNumber)
        case terminal(TerminalID)
        /// The centre itself, when time passes or a card answers.
        case centre

        /// As in audit entries: `provider/city`.
        package var description: String {
            switch self {
            case .operator(let id): "operator/\(id)"
            case .provider(let id): "provider/\(id)"
            case .holder(let number): "holder/\(number)"
            case .terminal(let id): "terminal/\(id)"
            case .centre: "centre"
            }
        }
    }

    package let transaction: any Transaction
    package let now: Instant
    package let actor: Actor
    /// Made by the client, where one asked: the same id again has no second effect.
    package let request: RequestID?
    package let entropy: any EntropySource
    /// Kept while it is ours: it was locked when it was first read.
    private var registersHead: AuditHead?

    package init(
        _ transaction: any Transaction, now: Instant, actor: Actor, request: RequestID? = nil,
        entropy: any EntropySource
    ) {
        self.transaction = transaction
        self.now = now
        self.actor = actor
        self.request = request
        self.entropy = entropy
    }
}

extension Act {
    /// Writes the note into the chain of this card, announces it, and counts the change. Whoever calls this puts the
    /// card, because the head of its chain stands in its row; and whoever got the card must have locked it.
    package func note(_ note: Note, on card: inout Card) {
        let head = AuditHead(bytes: card.auditHead)
        card.auditHead = append(note, to: .card(card.id), after: head).bytes
        card.revision += 1
    }

    /// Writes the note into the one chain of everything that is not on a card, and announces it.
    package func note(_ note: Note) throws(StoreFailure) {
        let head: AuditHead
        if let known = registersHead { head = known } else { head = try self.head(of: .registers) }
        let next = append(note, to: .registers, after: head)
        transaction.put(AuditStreamHead(stream: .registers, head: next))
        registersHead = next
    }

    /// Writes down what was refused to somebody who did not sign in, into the chain of such; nobody is told.
    package func noteRefusal(_ kind: StaticString, _ subject: Note.Subject) throws(StoreFailure) {
        let note = Note(kind, subject, isAnnounced: false)
        let next = append(note, to: .refusals, after: try head(of: .refusals))
        transaction.put(AuditStreamHead(stream: .refusals, head: next))
    }

    private func head(of stream: AuditStream) throws(StoreFailure) -> AuditHead {
        try transaction.lock(AuditStreamHead.self, key: stream.value)?.head ?? .none
    }

    private func append(_ note: Note, to stream: AuditStream, after head: AuditHead) -> AuditHead {
        precondition(note.facts.count <= Bounds.noteFactsMax, "a note has too many facts")
        let entry = AuditEntry(
            stream: stream, after: head, at: now, actor: actor.description, request: request, note: note)
        transaction.insert(entry)
        if note.isAnnounced { transaction.insert(PendingEvent(entry)) }
        return AuditHead(number: entry.number, digest: entry.digest)
    }
}

// MARK: Requests that come twice

/// What an act answers, in bytes that give the same answer again.
package protocol KeptAnswer {
    var keptBytes: [UInt8] { get }
    /// `nil` when the bytes are not such an answer.
    init?(keptBytes: [UInt8])
}

/// A request that was done: what was asked, and what was answered.
package struct KeptRequest: Hashable, Sendable {
    package var actor: String
    package var request: RequestID
    /// So that old ones are found and forgotten.
    package var day: CalendarDay
    package var asked: [UInt8]
    package var answer: [UInt8]

    package init(actor: String, request: RequestID, day: CalendarDay, asked: [UInt8], answer: [UInt8]) {
        self.actor = actor
        self.request = request
        self.day = day
        self.asked = asked
        self.answer = answer
    }
}

/// The same request id for something else: a mistake of the client's, which would otherwise get a wrong answer.
package struct RequestReused: Refusal, Hashable {
    package let request: RequestID

    package init(request: RequestID) { self.request = request }

    package var code: String { "request-reused" }
    package var reason: String { "The request id '\(request)' was already used for a different request." }
    package var remedy: String { "Make a new id for every new request; repeat one only word for word." }
}

extension Act {
    /// Does it, or gives the answer of the first time when this actor's request was done already.
    ///
    /// `asked` is the request as canonical bytes, without secrets: only their digest is kept. What is refused by
    /// throwing leaves no trace, so it is decided anew when it is asked again. A door that keeps answers of its own,
    /// around those of the registers, keeps them under its name.
    /// - Parameter isKept: of an answer that is a refusal, and yet leaves a trace, says no: that is decided anew too.
    package func once<Answer: KeptAnswer>(
        _ asked: CanonicalBytes, door: StaticString? = nil, keeping isKept: (Answer) -> Bool = { _ in true },
        _ body: () throws -> Answer
    ) throws -> Answer {
        guard let request else { return try body() }
        let asked = Digest.sha256.hash(asked.bytes)
        let keeper = door.map { "\($0) \(actor)" } ?? actor.description
        let key: [StoredValue] = [.text(keeper), .text(request.text)]
        let query = Query(KeptRequest.table, key: key, limit: 1).locking()
        if let kept = try transaction.all(KeptRequest.self, query).first {
            guard kept.asked == asked, let answer = Answer(keptBytes: kept.answer) else {
                throw RequestReused(request: request)
            }
            return answer
        }
        let answer = try body()
        guard isKept(answer) else { return answer }
        let bytes = answer.keptBytes
        precondition(bytes.count <= Bounds.requestResultBytesMax, "an answer is too long to be kept")
        transaction.insert(
            KeptRequest(
                actor: keeper, request: request, day: now.day, asked: asked, answer: bytes))
        return answer
    }

    /// Forgets requests that are older than they need to be remembered; returns how many, to go on until none is left.
    package func forgetRequests(of day: CalendarDay) throws -> Int {
        guard day.daysSinceEpoch + Bounds.requestDays < now.day.daysSinceEpoch else { return 0 }
        let query = Query(KeptRequest.table, [.init("day", .integer(Int64(day.daysSinceEpoch)))])
        let old = try transaction.all(KeptRequest.self, query)
        for request in old { transaction.remove(request) }
        return old.count
    }
}

// MARK: Who may

/// Somebody asks for what is another's to do.
package struct NotPermitted: Refusal, Hashable {
    package let actor: Act.Actor
    /// As in "to publish a release of `purse`".
    package let what: String

    package init(actor: Act.Actor, what: String) {
        self.actor = actor
        self.what = what
    }

    package var code: String { "not-permitted" }
    package var reason: String { "\(actor) is not permitted to \(what)." }
    package var remedy: String { "Ask an operator of the centre." }
}

extension Act {
    package func requireOperator(to what: String) throws(NotPermitted) {
        switch actor {
        case .operator, .centre: return
        case .provider, .holder, .terminal: throw NotPermitted(actor: actor, what: what)
        }
    }

    /// The provider whose business it is, unless it is suspended, or an operator for it.
    package func require(_ provider: ProviderID, to what: String) throws {
        switch actor {
        case .operator, .centre: return
        case .provider(let id) where id == provider: _ = try activeProvider(id)
        case .provider, .holder, .terminal: throw NotPermitted(actor: actor, what: what)
        }
    }
}
