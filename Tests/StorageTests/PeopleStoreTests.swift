import CardCrypto
import Centre
import Foundation
import SmartCard
import Storage
import Synchronization
import TestSupport
import Testing

/// Acts on both engines, from many threads at once.
@Suite("Registers of people in the store")
struct PeopleStoreTests {
    private static let now = Instant(milliseconds: 1_795_261_043_000)

    private static func name<Kind>(_ text: String) -> Identifier<Kind> {
        guard let name = try? Identifier<Kind>(text) else { preconditionFailure("'\(text)' is no name") }
        return name
    }

    private static func act(_ transaction: any Transaction, request: String? = nil) -> Act {
        Act(
            transaction, now: now, actor: .operator(name("root")), request: request.map { name($0) },
            entropy: SeededEntropy(seed: [1]))
    }

    private static func card(_ id: String) throws -> Card {
        Card(
            id: name(id), profile: name("test"), issuerDomain: try AID(hex: "A000000151000000"),
            keySet: Card.KeySet(masterKey: name("batch"), version: 0x30, channel: .scp03),
            expiry: CalendarDay("2028-12-31"), issueNumber: 0, registeredAt: now)
    }

    private func addCity(_ store: any Database) throws {
        try store.write {
            try Self.act($0).registerProvider(
                Self.name("city"), name: "City", limits: .init(roomPerCard: .none, cardsMax: 1))
        }
    }

    private func verdict(_ stream: AuditStream, _ store: any Database) throws -> AuditVerdict {
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

    @Test("every record comes back as it went in", arguments: Engine.allCases)
    func records(_ engine: Engine) throws {
        try engine.with(.current) { store, _ throws in
            let records = PeopleRecords.all
            #expect(Set(records.map { type(of: $0).table }).count == 18)
            for record in records { try store.write { $0.put(record) } }
            for record in records { try expectStored(record, in: store) }
        }
    }

    private func expectStored<R: Record>(_ record: R, in store: any Database) throws {
        let conditions = zip(R.table.key, record.keyValues).map { Query.Condition($0.name, $1) }
        let found = try store.read { try $0.all(R.self, Query(R.table, conditions)) }
        #expect(found == [record])
    }

    @Test("a column of another type, or empty where it may not be, is refused")
    func columns() throws {
        for record in PeopleRecords.all { try expectTyped(record) }
    }

    private func expectTyped<R: Record>(_ record: R) throws {
        for (index, column) in R.table.columns.enumerated() {
            let wrong: StoredValue = column.type == .integer ? .text("1") : .integer(1)
            #expect(throws: RowError.self) { try Self.read(record, index, wrong) }
            guard !column.isOptional else { continue }
            #expect(throws: RowError.self) { try Self.read(record, index, .null) }
        }
    }

    private static func read<R: Record>(_ record: R, _ index: Int, _ value: StoredValue) throws -> R {
        var row = record.row
        row[index] = value
        var reader = try RowReader(R.table, row)
        return try R(row: &reader)
    }

    @Test(
        "a row that says what cannot be is refused, not read",
        arguments: [
            ("holders", "issue_from", .null), ("holders", "issue_count", .integer(-1)),
            ("holders", "number", .text("a b")), ("providers", "suspension_reason", .text("But why?")),
            ("providers", "life", .text("asleep")), ("providers", "domains", .bytes([0x4F])),
            ("providers", "sees_also", .text("A B")), ("applications", "service", .text("stopped")),
            ("releases", "life", .text("published")), ("releases", "load_files", .bytes([0xE1, 0])),
            ("releases", "instances", .bytes([0xE1, 0])), ("releases", "parking", .text("never")),
            ("releases", "permits_snapshots", .integer(2)), ("load_files", "package", .bytes([])),
            ("load_files", "imports", .bytes([0x80, 1, 1])), ("published_aids", "role", .text("owner")),
            ("addresses", "kind", .text("sms")), ("addresses", "address", .text("")),
            ("audit_entries", "stream", .text("everything")), ("audit_entries", "facts", .bytes([1])),
            ("audit_heads", "digest", .bytes([1])), ("tariffs", "basis", .text("week")),
            ("tariffs", "currency", .text("EURO")), ("tariffs", "minimum", .integer(-1)),
            ("custody_stays", "end_month", .null), ("custody_stays", "end_month", .integer(1)),
            ("custody_stays", "aid", .bytes([1])),
        ] as [(String, String, StoredValue)])
    func nonsense(_ table: String, _ column: String, _ value: StoredValue) throws {
        let record = try #require(PeopleRecords.all.first { type(of: $0).table.name == table })
        try expectRefused(record, column, value)
    }

    private func expectRefused<R: Record>(_ record: R, _ column: String, _ value: StoredValue) throws {
        let index = try #require(R.table.columns.firstIndex { $0.name == column })
        #expect(throws: RowError.self) { try Self.read(record, index, value) }
    }

    @Test("chains stay whole when many act at once", arguments: Engine.shared)
    func chains(_ engine: Engine) throws {
        try engine.with(.current) { store, _ throws in
            try addCity(store)
            for card in ["0A", "0B", "0C"] { try store.write { $0.insert(try Self.card(card)) } }
            let (threads, rounds) = (6, 10)
            onThreads(threads) { thread in
                for round in 0..<rounds {
                    try store.write {
                        try Self.act($0).registerApplication(
                            Self.name("a\(thread)-\(round)"), name: "A", provider: Self.name("city"))
                    }
                    try store.write {
                        let bearer = Bearer.terminal(Self.name("t\(thread)-\(round)"))
                        let card: CardID = Self.name(["0A", "0B", "0C"][(thread + round) % 3])
                        try Self.act($0).recordAddress(bearer, of: card)
                    }
                    if round % 4 == 0 { _ = try store.write { try Outbox.order($0, limit: 7) } }
                }
            }
            #expect(try verdict(.registers, store) == .whole(links: Int64(threads * rounds + 1)))
            for card in ["0A", "0B", "0C"] {
                let links = Int64(threads * rounds / 3)
                #expect(try verdict(.card(Self.name(card)), store) == .whole(links: links))
            }
            while try store.write({ try Outbox.order($0) }) > 0 {}
            let events = try store.read { try Outbox.events(after: 0, $0) }
            #expect(events.map(\.position) == Array(1...Int64(2 * threads * rounds + 1)))
            for chain in Dictionary(grouping: events, by: \.stream).values {
                #expect(chain.map(\.number) == Array(1...Int64(chain.count)))
            }
        }
    }

    private struct Given: KeptAnswer, Hashable {
        let keptBytes: [UInt8]
        init(keptBytes: [UInt8]) { self.keptBytes = keptBytes }
    }

    @Test(
        "a request that comes on many lines at once has one effect and one answer", arguments: Engine.shared)
    func doubled(_ engine: Engine) throws {
        try engine.with(.current) { store, _ throws in
            try addCity(store)
            for round in 0..<10 {
                let answers = Mutex<Set<[UInt8]>>([])
                onThreads(4) { thread in
                    let answer = try store.write { transaction in
                        let act = Self.act(transaction, request: "r-\(round)")
                        return try act.once(CanonicalBytes()) {
                            try act.registerApplication(
                                Self.name("a\(round)"), name: "A", provider: Self.name("city"))
                            return Given(keptBytes: [UInt8(thread)])
                        }.keptBytes
                    }
                    _ = answers.withLock { $0.insert(answer) }
                }
                #expect(answers.withLock { $0.count } == 1)
            }
            #expect(try store.read { try $0.count(Query(Application.table)) } == 10)
        }
    }

    @Test("one blank card, two holders at once: one of them gets it", .mission(.c4), arguments: Engine.shared)
    func oneCard(_ engine: Engine) throws {
        try race(engine, holders: ["1", "2"], cards: ["0A", "0A"])
    }

    @Test("one holder at two terminals at once: one card is issued", .mission(.c4), arguments: Engine.shared)
    func oneHolder(_ engine: Engine) throws {
        try race(engine, holders: ["1", "1"], cards: ["0A", "0B"])
    }

    private func race(_ engine: Engine, holders: [String], cards: [String]) throws {
        for _ in 0..<5 {
            try engine.with(.current) { store, _ throws in
                let password = Secret(Array("correct horse".utf8))
                let verifier = try PasswordVerifier(
                    password, entropy: SeededEntropy(seed: [1]),
                    cost: KeyDerivation.ScryptCost(workExponent: 2, blockSize: 1, parallelism: 1))
                for number in Set(holders) {
                    try store.write { transaction in
                        let act = Self.act(transaction)
                        try act.registerHolder(
                            Self.name(number), HolderDetails(name: "H"), password: verifier)
                        try act.permitIssue(for: Self.name(number), from: Self.now.day, through: Self.now.day)
                    }
                }
                for card in Set(cards) { try store.write { $0.insert(try Self.card(card)) } }
                let recorded = Mutex(0)
                onThreads(2) { thread in
                    let wish = NewCardWish(
                        holder: Self.name(holders[thread]), card: Self.name(cards[thread]),
                        expiry: try #require(CalendarDay("2028-12-31")))
                    let question = try store.read { try PasswordQuestion(wish.holder, $0) }
                    let answer = try question.answer(password)
                    let outcome = try store.write { try Self.act($0).recordNewCard(wish, answer) }
                    if outcome != .mismatch { recorded.withLock { $0 += 1 } }
                }
                #expect(recorded.withLock { $0 } == 1)
                let found = try store.read { try $0.all(Holder.self, Query(Holder.table)) }
                #expect(found.compactMap(\.card).count == 1)
            }
        }
    }
}
