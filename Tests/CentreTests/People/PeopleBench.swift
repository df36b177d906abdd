import CardCrypto
import Centre
import GlobalPlatform
import SmartCard
import Storage
import Testing

/// A centre in memory, with a clock that stands still.
final class PeopleBench {
    let store: SQLiteStore
    let clock: ManualClock
    let entropy: SeededEntropy

    init(now: String = "2026-03-10T12:00:00Z", seed: UInt8 = 1) throws {
        store = try SQLiteStore(.memory, mode: .direct)
        try store.migrate(to: .current)
        clock = ManualClock(try #require(Instant(now)))
        entropy = SeededEntropy(seed: [seed])
    }

    static let root = Act.Actor.operator(name("root"))

    /// One act in one transaction.
    @discardableResult
    func act<Result>(
        as actor: Act.Actor = PeopleBench.root, request: String? = nil, _ body: (Act) throws -> Result
    ) throws -> Result {
        var result: Result?
        try store.write { transaction in
            let act = Act(
                transaction, now: clock.now, actor: actor, request: request.map { name($0) },
                entropy: entropy)
            result = try body(act)
        }
        return try #require(result)
    }

    /// The refusal's code, or nil when nothing was refused; and that a refusal changed nothing at all.
    func refusal(as actor: Act.Actor = PeopleBench.root, _ body: (Act) throws -> Void) throws -> String? {
        let before = try dump()
        do {
            try act(as: actor) { try body($0) }
            return nil
        } catch let refusal as any Refusal {
            #expect(try dump() == before, "\(refusal.code) changed something")
            #expect(refusal.reason.hasSuffix(".") && refusal.remedy.hasSuffix("."), "\(refusal.code)")
            return refusal.code
        }
    }

    /// Every row of every table.
    func dump(except: Set<String> = []) throws -> [String: [[StoredValue]]] {
        try store.read { transaction in
            var tables: [String: [[StoredValue]]] = [:]
            for type in StoredRecords.all where !except.contains(type.table.name) {
                tables[type.table.name] = try transaction.ask([Query(type.table)])[0]
            }
            return tables
        }
    }

    func all<R: Record>(_ type: R.Type) throws -> [R] {
        try store.read { try $0.all(R.self, Query(R.table)) }
    }

    /// A card that is nobody's.
    func addCard(_ id: String, expiry: String? = "2028-12-31", life: Card.Life = .active) throws {
        let card = Card(
            id: name(id), profile: name("test"), issuerDomain: try AID(hex: "A000000151000000"),
            keySet: Card.KeySet(masterKey: name("batch"), version: 0x30, channel: .scp03), life: life,
            expiry: expiry.flatMap { CalendarDay($0) }, issueNumber: 0, registeredAt: clock.now)
        try store.write { $0.insert(card) }
    }

    func card(_ id: String) throws -> Card {
        try #require(try store.read { try $0.find(Card.self, key: .text(id)) })
    }

    func holder(_ number: String) throws -> Holder {
        try #require(try store.read { try $0.find(Holder.self, key: .text(number)) })
    }

    func addProvider(
        _ id: String, sight: Provider.Sight = .own, domains: [AID] = []
    ) throws {
        try act {
            try $0.registerProvider(
                name(id), name: "Provider \(id)",
                limits: .init(roomPerCard: Room(nonVolatile: 20_000, volatile: 1_000), cardsMax: 100),
                domains: domains, sight: sight)
        }
    }

    func addApplication(_ id: String, of provider: String) throws {
        try act { try $0.registerApplication(name(id), name: "Application \(id)", provider: name(provider)) }
    }

    func addHolder(_ number: String, password: String = "correct horse") throws {
        let verifier = try Self.verifier(password, entropy)
        try act {
            try $0.registerHolder(name(number), HolderDetails(name: "Holder \(number)"), password: verifier)
        }
    }

    /// As cheap as scrypt can be.
    static func verifier(_ password: String, _ entropy: any EntropySource) throws -> PasswordVerifier {
        try PasswordVerifier(
            Secret(Array(password.utf8)), entropy: entropy,
            cost: KeyDerivation.ScryptCost(workExponent: 2, blockSize: 1, parallelism: 1))
    }

    func verdict(_ stream: AuditStream) throws -> AuditVerdict {
        try store.read { transaction in
            let head: AuditHead =
                switch stream {
                case .registers, .refusals:
                    try transaction.find(AuditStreamHead.self, key: stream.value)?.head ?? .none
                case .card(let id):
                    AuditHead(bytes: try transaction.find(Card.self, key: .word(id))?.auditHead ?? [])
                }
            return try AuditChainCheck.run(stream, head: head, transaction)
        }
    }
}

/// A name that the test knows to be one.
func name<Kind>(_ text: String) -> Identifier<Kind> {
    guard let identifier = try? Identifier<Kind>(text) else {
        preconditionFailure("'\(text)' is no \(Kind.noun)")
    }
    return identifier
}

func instant(_ text: String) -> Instant {
    guard let instant = Instant(text) else { preconditionFailure("'\(text)' is no instant") }
    return instant
}

func day(_ text: String) -> CalendarDay {
    guard let day = CalendarDay(text) else { preconditionFailure("'\(text)' is no day") }
    return day
}

func aid(_ hex: String) -> AID {
    guard let aid = try? AID(hex: hex) else { preconditionFailure("'\(hex)' is no AID") }
    return aid
}

func release(_ text: String) -> ReleaseID {
    let parts = text.split(separator: "@").map(String.init)
    return ReleaseID(name(parts[0]), name(parts[1]))
}

extension ReleaseID {
    init(reading text: String) { self = release(text) }
}
