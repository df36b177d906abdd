import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing

@testable import Centre

private typealias F = RoomFacts

@Suite("Rows of cards")
struct CardRowTests {
    private static func full() -> CardDossier {
        var card = F.card(life: .blocked(reason: "Lost; found again?"))
        card.holder = F.must { try HolderNumber("4711") }
        card.expiry = CalendarDay("2031-12-31")
        card.issueNumber = 3
        card.serial = [1, 2, 3]
        card.keySet.isChallengePredictable = true
        card.keySet.nextSequenceCounter = 0xFFFF_FFFF
        card.keySet.leastSequenceCounter = 0xFFFF_FFFE
        card.inventory = .init(
            readAt: F.start, lifeCycle: 0x0F, free: Room(nonVolatile: 5, volatile: 6),
            sum: Room(nonVolatile: 7, volatile: 8), digest: F.digest(9), drift: "Something went.")
        card.revision = 12
        card.auditHead = [UInt8](repeating: 4, count: 40)
        var application = F.application(1, F.release("purse"), bytes: 500, domain: F.aid("A0000001515344"))
        application.privileges = [.cardReset, .securityDomain]
        application.installedAt = F.start
        application.lastUsedAt = F.start.advanced(by: .seconds(1))
        var pinned = F.application(2)
        pinned.stay = .pinned(reason: "The holder's identity.")
        var preferred = F.application(3)
        preferred.stay = .preferred
        let berths = [
            Berth(
                card: F.id(), provider: F.provider("bank"), reserved: Room(nonVolatile: 1, volatile: 2),
                quota: Room(nonVolatile: 3, volatile: 4), means: .domain(F.aid("A0000001515344")),
                state: .ready(since: F.start),
                resources: .init(
                    privileges: .trustedPath, logicalChannels: 1, services: ["pin", "keys.1"],
                    libraries: [F.file(1), F.aid("A0000000620101A0000000620101A000")])),
            Berth(
                card: F.id(), provider: F.provider("city"), reserved: .none, means: .ledger,
                state: .requested),
            Berth(
                card: F.id(), provider: F.provider("shop"), reserved: .none, means: .ledger,
                state: .releasing),
        ]
        let kinds: [(DriftFinding.Kind, AID?)] = [
            (.applicationAppeared, F.instance(1)), (.applicationVanished(nil), F.instance(1)),
            (.applicationVanished(F.release("purse")), F.instance(1)), (.applicationChanged, F.instance(1)),
            (.loadFileAppeared, F.file(1)), (.loadFileVanished, F.file(1)), (.loadFileChanged, F.file(1)),
            (.roomChanged(Room(nonVolatile: -5, volatile: 7)), nil),
            (.roomPromisedTwice(Room(nonVolatile: 5)), nil),
        ]
        let findings = kinds.enumerated().map { index, kind in
            DriftFinding(
                card: F.id(), number: index + 1, kind: kind.0, aid: kind.1, foundAt: F.start, words: "Words.")
        }
        return CardDossier(
            card: card, applications: [application, pinned, preferred],
            loadFiles: [F.loadFile(1, bytes: 1_000), F.loadFile(2)], berths: berths, findings: findings)
    }

    @Test("all of a card goes into the store and comes back with one question", .mission(.b2))
    func roundTrip() throws {
        let store = try F.store()
        let dossier = Self.full()
        try store.place(dossier)
        #expect(try store.dossier() == dossier)
        #expect(try store.read { try $0.dossier(of: F.id("42-02")) } == nil)
    }

    @Test("a card without anything beside its name and keys comes back too")
    func roundTripOfLittle() throws {
        let store = try F.store()
        try store.place(CardDossier(card: F.card()))
        #expect(try store.dossier() == CardDossier(card: F.card()))
    }

    @Test("what footprints learned comes back", arguments: Self.parts)
    func footprints(_ part: Footprint.Part, _ text: String) throws {
        let store = try F.store()
        #expect(part.text == text)
        let footprint = Footprint(
            profile: F.model().profile, part: part, count: 100, refusedCount: 2,
            samples: [Room(nonVolatile: 1_248, volatile: 8), Room(nonVolatile: -3, volatile: 0)],
            changedAt: F.start)
        try store.write { $0.insert(footprint) }
        let parts = [part]
        #expect(
            try store.read { try $0.footprints(of: parts, on: F.model().profile) } == [footprint])
    }

    private static let parts: [(Footprint.Part, String)] = [
        (.loadFile(digest: RoomFacts.digest(0xAB)), "load-file/" + String(repeating: "AB", count: 32)),
        (
            .instance(RoomFacts.release("purse", "1.2"), RoomFacts.aid("F04265720101")),
            "instance/purse@1.2/F04265720101"
        ),
        (.report, "report"),
    ]

    @Test("lists of AIDs stand one after the other, each after its length")
    func aids() throws {
        #expect(
            StoredValue.aids([F.aid("F042657201"), F.aid("A00000000102")])
                == .bytes([5, 0xF0, 0x42, 0x65, 0x72, 0x01, 6, 0xA0, 0, 0, 0, 1, 2]))
    }

    private static func value(_ row: [StoredValue], _ table: Table, _ column: String) throws -> Int {
        try #require(table.columns.firstIndex { $0.name == column })
    }

    /// Column, what somebody wrote into it.
    private static let spoiled: [(String, StoredValue)] = [
        ("id", .text("lower-case")), ("profile", .null), ("issuer_domain", .bytes([1])),
        ("key_version", .integer(256)), ("channel", .text("scp01")), ("is_predictable", .integer(2)),
        ("next_counter", .integer(-1)), ("least_counter", .integer(1 << 32)), ("life", .text("asleep")),
        ("life_reason", .null),
        ("holder", .text("")), ("read_at", .null), ("registry_digest", .null), ("free_nv", .null),
        ("sum_v", .null), ("life_cycle", .integer(300)), ("issue_number", .integer(-1)),
        ("revision", .text("1")),
    ]

    @Test("a card's row that makes no sense is refused by its column's name", arguments: spoiled)
    func spoiledCard(_ column: String, _ value: StoredValue) throws {
        var row = Self.full().card.row
        row[try Self.value(row, Card.table, column)] = value
        #expect(throws: RowError.self) {
            var reader = try RowReader(Card.table, row)
            _ = try Card(row: &reader)
        }
    }

    private static let spoiledBerths: [(String, StoredValue)] = [
        ("reserved_nv", .null), ("quota_v", .null), ("means", .text("ledger")), ("domain", .null),
        ("state", .text("requested")), ("since", .null), ("privileges", .integer(1 << 24)),
        ("libraries", .bytes([6, 1, 2])), ("libraries", .bytes([4, 1, 2, 3, 4])),
    ]

    @Test("a berth's row that makes no sense is refused", arguments: spoiledBerths)
    func spoiledBerth(_ column: String, _ value: StoredValue) throws {
        var row = Self.full().berths[0].row
        row[try Self.value(row, Berth.table, column)] = value
        #expect(throws: RowError.self) {
            var reader = try RowReader(Berth.table, row)
            _ = try Berth(row: &reader)
        }
    }

    private static let spoiledApplications: [(String, StoredValue)] = [
        ("version", .null), ("application", .null), ("v", .null), ("stay", .text("pinned")),
        ("stay_reason", .text("why")), ("aid", .bytes([])), ("life_cycle", .integer(-1)),
    ]

    @Test("an application's row that makes no sense is refused", arguments: spoiledApplications)
    func spoiledApplication(_ column: String, _ value: StoredValue) throws {
        var row = Self.full().applications[0].row
        row[try Self.value(row, InstalledApplication.table, column)] = value
        #expect(throws: RowError.self) {
            var reader = try RowReader(InstalledApplication.table, row)
            _ = try InstalledApplication(row: &reader)
        }
    }

    private static let spoiledFootprints: [(String, StoredValue)] = [
        ("part", .text("load-file/AB")), ("part", .text("instance/purse/F04265720101")),
        ("part", .text("instance/purse@1/F0")), ("samples_nv", .text("1 2")), ("samples_v", .text("x")),
        ("samples_nv", .text(String(repeating: "1 ", count: 33))), ("count", .integer(-1)),
    ]

    @Test("a footprint's row that makes no sense is refused", arguments: spoiledFootprints)
    func spoiledFootprint(_ column: String, _ value: StoredValue) throws {
        let footprint = Footprint(
            profile: F.model().profile, part: .report, samples: [Room(nonVolatile: 1)], changedAt: F.start)
        var row = footprint.row
        row[try Self.value(row, Footprint.table, column)] = value
        #expect(throws: RowError.self) {
            var reader = try RowReader(Footprint.table, row)
            _ = try Footprint(row: &reader)
        }
    }

    @Test("only rows that differ are written, and those that are gone are removed")
    func differences() throws {
        let store = try F.store()
        let before = Self.full()
        try store.place(before)
        var after = before
        after.removeApplication(F.instance(2))
        after.put(F.application(7))
        var file = F.loadFile(2)
        file.lifeCycle = 2
        after.put(file)
        let changes = after.changes(since: before)
        #expect(
            changes == [
                .remove(InstalledApplication.table, key: [.word(F.id()), .aid(F.instance(2))]),
                .put(InstalledApplication.table, F.application(7).row),
                .update(
                    InstalledLoadFile.table, key: [.word(F.id()), .aid(file.aid)], columns: [2], [.integer(2)]
                ),
            ])
        let saved = try store.act { act in
            act.save(
                after, since: try act.dossier(of: F.id()), [Note("card.inventory-changed", .card(F.id()))])
        }
        #expect(saved.card.revision == before.card.revision + 1)
        #expect(try store.dossier() == saved)
        #expect(saved.applications.map(\.aid) == [F.instance(1), F.instance(3), F.instance(7)])
    }

    @Test("what changes with every visit leaves plans valid, and needs no note")
    func quietChanges() throws {
        let before = F.dossier()
        var after = before
        after.card.inventory?.readAt = F.start.advanced(by: .seconds(60))
        after.card.keySet.nextSequenceCounter = 7
        #expect(!after.differs(from: before))
        let store = try F.store()
        try store.place(before)
        try store.act { act in
            _ = act.save(after, since: before, [])
        }
        #expect(try store.dossier() == after)
        after.card.inventory?.free = Room.none
        #expect(after.differs(from: before))
    }
}
