internal import CardCrypto
package import SmartCard

/// What was done, as it is written down and announced. It cannot carry free text, so that nobody's name, address or
/// secret gets where it can never be taken out again.
package struct Note: Hashable, Sendable {
    /// What it was done to.
    package enum Subject: Hashable, Sendable, CustomStringConvertible {
        case card(CardID)
        case instance(CardID, AID)
        case holder(HolderNumber)
        case provider(ProviderID)
        case application(ApplicationID)
        case release(ReleaseID)
        case terminal(TerminalID)
        case profile(ProfileName)
        case masterKey(MasterKeyName)
        case operation(RequestID)
        case `operator`(OperatorID)
        case credential(CredentialID)
        case webhook(WebhookID)
        case centre

        package var description: String {
            switch self {
            case .card(let id): "card/\(id)"
            case .instance(let card, let aid): "card/\(card)/\(aid)"
            case .holder(let number): "holder/\(number)"
            case .provider(let id): "provider/\(id)"
            case .application(let id): "application/\(id)"
            case .release(let id): "release/\(id)"
            case .terminal(let id): "terminal/\(id)"
            case .profile(let name): "profile/\(name)"
            case .masterKey(let name): "master-key/\(name)"
            case .operation(let id): "operation/\(id)"
            case .operator(let id): "operator/\(id)"
            case .credential(let id): "token/\(id)"
            case .webhook(let id): "webhook/\(id)"
            case .centre: "centre"
            }
        }
    }

    /// Noun and past tense, stable for programs: `holder.registered`.
    package let kind: String
    package let subject: String
    /// Whose business it is, beside the operators'.
    package let provider: ProviderID?
    package let facts: [Fact]
    /// Outsiders may learn of it: an event goes out.
    package let isAnnounced: Bool

    package init(
        _ kind: StaticString, _ subject: Subject, provider: ProviderID? = nil, facts: [Fact] = [],
        isAnnounced: Bool = true
    ) {
        self.kind = "\(kind)"
        self.subject = subject.description
        self.provider = provider
        self.facts = facts
        self.isAnnounced = isAnnounced
    }
}

/// One fact of a note: a number, a name that operators gave, a point in time, a digest; never free text.
package struct Fact: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
        case number(Int64)
        case instant(Instant)
        case word(String)
        case bytes([UInt8])
    }

    package let name: String
    package let value: Value

    init(name: String, value: Value) {
        self.name = name
        self.value = value
    }

    /// A fact that was written down before and is read again; new ones are made by the functions below.
    package init(reading name: String, _ value: Value) { self.init(name: name, value: value) }

    package static func number(_ name: StaticString, _ value: Int) -> Fact {
        Fact(name: "\(name)", value: .number(Int64(value)))
    }
    package static func instant(_ name: StaticString, _ value: Instant) -> Fact {
        Fact(name: "\(name)", value: .instant(value))
    }
    package static func name<Kind>(_ name: StaticString, _ value: Identifier<Kind>) -> Fact {
        Fact(name: "\(name)", value: .word(value.text))
    }
    package static func release(_ value: ReleaseID) -> Fact {
        Fact(name: "release", value: .word(value.description))
    }
    /// One of the words of a closed list.
    package static func word(_ name: StaticString, _ value: StaticString) -> Fact {
        Fact(name: "\(name)", value: .word("\(value)"))
    }
    package static func aid(_ name: StaticString, _ value: AID) -> Fact {
        Fact(name: "\(name)", value: .bytes(value.bytes))
    }
    package static func digest(_ value: [UInt8]) -> Fact {
        Fact(name: "digest", value: .bytes(value))
    }
    package static func room(_ value: Room) -> [Fact] {
        [.number("non-volatile", value.nonVolatile), .number("volatile", value.volatile)]
    }
}

/// A chain of entries of its own: everything on one card, what was refused to whoever did not sign in, or everything
/// else.
package enum AuditStream: Hashable, Sendable {
    case card(CardID)
    case registers
    /// Anybody can make it longer: what nodes remember under the head of the registers must not depend on it.
    case refusals

    /// Card ids are upper case, so these are never one of them.
    private static let registersText = "registers"
    private static let refusalsText = "refusals"

    package var text: String {
        switch self {
        case .card(let id): id.text
        case .registers: Self.registersText
        case .refusals: Self.refusalsText
        }
    }
    package var value: StoredValue { .text(text) }

    package init?(text: String) {
        if text == Self.registersText {
            self = .registers
        } else if text == Self.refusalsText {
            self = .refusals
        } else if let id = try? CardID(text) {
            self = .card(id)
        } else {
            return nil
        }
    }
}

/// The newest link of a chain.
package struct AuditHead: Hashable, Sendable {
    package let number: Int64
    /// SHA-256 over the entry and the digest before it.
    package let digest: [UInt8]

    /// Of a chain that has no link yet.
    package static let none = AuditHead(number: 0, digest: [UInt8](repeating: 0, count: 32))

    package init(number: Int64, digest: [UInt8]) {
        self.number = number
        self.digest = digest
    }

    /// Number and digest; anything else than 40 bytes is a chain without a link.
    package init(bytes: [UInt8]) {
        guard bytes.count == 40 else {
            self = .none
            return
        }
        self.init(number: Int64(bigEndianBytes: bytes[..<8]), digest: Array(bytes[8...]))
    }

    package var bytes: [UInt8] { number == 0 ? [] : number.bigEndianBytes + digest }
}

/// The head of a chain that has no other row to stand in.
package struct AuditStreamHead: Hashable, Sendable {
    package var stream: AuditStream
    package var head: AuditHead

    package init(stream: AuditStream, head: AuditHead) {
        self.stream = stream
        self.head = head
    }
}

/// One link of a chain.
package struct AuditEntry: Hashable, Sendable {
    package var stream: AuditStream
    package var number: Int64
    package var at: Instant
    package var actor: String
    package var request: RequestID?
    package var kind: String
    package var subject: String
    package var provider: ProviderID?
    package var facts: [Fact]
    package var digest: [UInt8]

    package init(
        stream: AuditStream, number: Int64, at: Instant, actor: String, request: RequestID?, kind: String,
        subject: String, provider: ProviderID?, facts: [Fact], digest: [UInt8]
    ) {
        self.stream = stream
        self.number = number
        self.at = at
        self.actor = actor
        self.request = request
        self.kind = kind
        self.subject = subject
        self.provider = provider
        self.facts = facts
        self.digest = digest
    }
}

extension AuditEntry {
    init(
        stream: AuditStream, after head: AuditHead, at: Instant, actor: String, request: RequestID?,
        note: Note
    ) {
        self.init(
            stream: stream, number: head.number + 1, at: at, actor: actor, request: request, kind: note.kind,
            subject: note.subject, provider: note.provider, facts: note.facts, digest: [])
        digest = link(after: head.digest)
    }

    /// What the digest is taken of; docs/decisions/0005-audit-chains.md has the order.
    func link(after previous: [UInt8]) -> [UInt8] {
        var content = CanonicalBytes()
        content.append("berth audit 1")
        content.append(previous)
        content.append(stream.text)
        content.append(number)
        content.append(at.milliseconds)
        content.append(actor)
        content.append(request?.text)
        content.append(kind)
        content.append(subject)
        content.append(provider?.text)
        content.append(Fact.encode(facts))
        return Digest.sha256.hash(content.bytes)
    }
}

/// What looking through a chain found.
package enum AuditVerdict: Hashable, Sendable {
    case whole(links: Int64)
    /// The first link that is not as it was written, or missing.
    case broken(number: Int64)
    /// Every link fits the one before, but there are more or fewer than the head says.
    case endsElsewhere(links: Int64, head: Int64)
}

/// Looks through a chain link by link, as many at a time as one transaction reads.
package struct AuditChainCheck: Sendable {
    package let stream: AuditStream
    package let head: AuditHead
    private var last = AuditHead.none
    package private(set) var verdict: AuditVerdict?

    /// The head is what an honest row of the card, or a copy kept elsewhere, says.
    package init(_ stream: AuditStream, head: AuditHead) {
        self.stream = stream
        self.head = head
    }

    /// Reads the next page; the verdict stands when this has been called often enough.
    package mutating func step(_ transaction: any Transaction) throws(StoreFailure) {
        guard verdict == nil else { return }
        let query = Query(
            AuditEntry.table, [.init("stream", stream.value)], after: [stream.value, .integer(last.number)])
        let entries = try transaction.all(AuditEntry.self, query)
        for entry in entries {
            // Links that were written after the head was read are another check's business.
            guard entry.number <= head.number else { break }
            let isNext = entry.number == last.number + 1
            guard isNext, entry.digest == entry.link(after: last.digest) else {
                verdict = .broken(number: last.number + 1)
                return
            }
            last = AuditHead(number: entry.number, digest: entry.digest)
        }
        if last.number == head.number {
            verdict = last == head ? .whole(links: last.number) : .broken(number: last.number)
        } else if entries.isEmpty {
            verdict = .endsElsewhere(links: last.number, head: head.number)
        }
    }

    /// The whole chain in one look, page by page.
    package static func run(
        _ stream: AuditStream, head: AuditHead, _ transaction: any Transaction
    ) throws(StoreFailure) -> AuditVerdict {
        var check = AuditChainCheck(stream, head: head)
        while true {
            try check.step(transaction)
            if let verdict = check.verdict { return verdict }
        }
    }
}
