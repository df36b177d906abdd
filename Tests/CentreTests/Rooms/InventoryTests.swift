import CardManagement
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing

@testable import Centre

private typealias F = RoomFacts

@Suite("Inventory and drift")
struct InventoryTests {
    static let names = F.names([("bank", "purse", 1), ("city", "pass", 2)])
    static let later = F.start.advanced(by: .seconds(3_600))
    static let domain = F.aid("A0000001515344")

    private static func entry(_ number: UInt8, domain: AID? = nil, lifeCycle: UInt8 = 0x07)
        -> RegistryEntry.Application
    {
        .init(
            aid: F.instance(number), lifeCycle: lifeCycle, privileges: [], loadFile: F.file(number),
            securityDomain: domain)
    }

    private static func file(_ number: UInt8, version: [UInt8] = [1, 0], domain: AID? = nil)
        -> RegistryEntry.LoadFile
    {
        .init(
            aid: F.file(number), lifeCycle: 1, version: version, modules: [F.instance(number)],
            securityDomain: domain)
    }

    private static func contents(
        free: Int?, _ applications: [RegistryEntry.Application], _ files: [RegistryEntry.LoadFile]
    ) -> CardContents {
        CardContents(
            issuerDomain: .init(
                aid: F.aid("A000000151000000"), lifeCycle: 0x0F, privileges: .issuerSecurityDomain),
            applications: applications, loadFiles: files,
            resources: free.map {
                CardResources(applicationCount: applications.count, freeNonVolatile: $0, freeVolatile: 2_000)
            })
    }

    /// Purse, installed by us: 1,000 and 500 bytes of 60,000.
    private static func known() -> CardDossier {
        var dossier = F.dossier(free: Room(nonVolatile: 58_500, volatile: 2_000))
        dossier.put(F.loadFile(1, bytes: 1_000))
        dossier.put(F.application(1, F.release("purse"), bytes: 500))
        dossier.card.inventory?.sum = Room(nonVolatile: 60_000, volatile: 2_000)
        return dossier
    }

    private static func read(
        _ contents: CardContents, _ known: CardDossier = known()
    ) throws -> InventoryOutcome {
        try known.reading(contents, at: later, names: names, sizes: F.sizes())
    }

    @Test("the first reading is the ground for all that follow, and releases are recognised", .mission(.b2))
    func first() throws {
        let blank = CardDossier(card: F.card())
        let outcome = try Self.read(
            Self.contents(free: 50_000, [Self.entry(2), Self.entry(1)], [Self.file(1), Self.file(2)]), blank)
        let card = outcome.dossier.card
        #expect(outcome.dossier.applications.map(\.release) == [F.release("purse"), F.release("pass")])
        #expect(outcome.dossier.findings.isEmpty && card.inventory?.drift == nil)
        #expect(card.inventory?.free == Room(nonVolatile: 50_000, volatile: 2_000))
        #expect(card.inventory?.sum == Room(nonVolatile: 50_000, volatile: 2_000))
        #expect(card.inventory?.readAt == Self.later)
        #expect(outcome.changes.count == 4)
    }

    @Test("a reading that shows what is known changes nothing but the time", .mission(.c10))
    func same() throws {
        let contents = Self.contents(free: 58_500, [Self.entry(1)], [Self.file(1)])
        let once = try Self.read(contents)
        let again = try once.dossier.reading(
            contents, at: Self.later.advanced(by: .seconds(5)), names: Self.names, sizes: F.sizes())
        #expect(again.changes.isEmpty)
        #expect(!again.dossier.differs(from: once.dossier))
        #expect(once.dossier.application(F.instance(1))?.measured == Room(nonVolatile: 500))
        #expect(once.dossier.loadFile(F.file(1))?.digest == F.digest(1))
    }

    /// What a card shows instead, the kinds of findings, and wishes that would repair it.
    static let drifts: [(String, CardContents, [String], [Wish])] = [
        ("nothing", contents(free: 58_500, [entry(1)], [file(1)]), [], []),
        ("personalised", contents(free: 58_500, [entry(1, lifeCycle: 0x0F)], [file(1)]), [], []),
        ("one block less per thing", contents(free: 58_500 - 64, [entry(1)], [file(1)]), [], []),
        (
            "more used than a block", contents(free: 58_500 - 65, [entry(1)], [file(1)]),
            ["room-changed"], []
        ),
        ("more free", contents(free: 58_500 + 65, [entry(1)], [file(1)]), ["room-changed"], []),
        (
            "instance gone", contents(free: 59_000, [], [file(1)]), ["application-vanished"],
            [.addRelease(F.release("purse"))]
        ),
        (
            "all gone", contents(free: 60_000, [], []), ["application-vanished", "load-file-vanished"],
            [.addRelease(F.release("purse"))]
        ),
        (
            "another came", contents(free: 50_000, [entry(1), entry(2)], [file(1), file(2)]),
            ["load-file-appeared", "application-appeared"], [.removeInstance(F.instance(2))]
        ),
        (
            "other code under the name", contents(free: 58_500, [entry(1)], [file(1, version: [1, 1])]),
            ["load-file-changed"], []
        ),
        (
            "other domain", contents(free: 58_500, [entry(1, domain: domain)], [file(1)]), [], []
        ),
        ("no report", contents(free: nil, [entry(1)], [file(1)]), [], []),
    ]

    @Test("what happened behind our back is told, with what can be done", .mission(.a5), arguments: 0..<11)
    func drift(_ index: Int) throws {
        let (name, contents, kinds, wishes) = Self.drifts[index]
        let outcome = try Self.read(contents)
        #expect(outcome.dossier.findings.map(\.kind.word) == kinds, "\(name)")
        #expect((outcome.dossier.card.inventory?.drift == nil) == kinds.isEmpty, "\(name)")
        let repair = outcome.dossier.driftRepair
        #expect(repair.wishes == wishes, "\(name)")
        #expect(repair.wishes.count + repair.byHand.count == kinds.count, "\(name)")
        guard !kinds.isEmpty else { return }
        let accepted = try outcome.dossier.acceptingDrift(names: Self.names, sizes: F.sizes())
        #expect(accepted.findings.isEmpty && accepted.card.inventory?.drift == nil)
        let after = try accepted.reading(
            contents, at: Self.later.advanced(by: .seconds(1)), names: Self.names, sizes: F.sizes())
        #expect(after.dossier.findings.isEmpty, "\(name)")
    }

    @Test(
        "room that is taken for data on their way is no drift, and is counted to the instance",
        .mission(.point5))
    func arriving() throws {
        let arriving = [F.instance(1): 300]
        let torn = try Self.known().reading(
            Self.contents(free: 58_180, [Self.entry(1)], [Self.file(1)]), at: Self.later, names: Self.names,
            sizes: F.sizes(), arriving: arriving
        ).dossier
        #expect(torn.findings.isEmpty)
        #expect(torn.application(F.instance(1))?.measured == Room(nonVolatile: 820))
        // They arrived: what they took on the way is free again, and the step that brought them was measured so.
        var home = torn
        home.grown(
            F.instance(1),
            FootprintMeasurement(
                before: Room(nonVolatile: 58_180, volatile: 2_000),
                after: Room(nonVolatile: 58_500, volatile: 2_000), least: .none), on: F.sizes().model)
        let after = try home.reading(
            Self.contents(free: 58_500, [Self.entry(1)], [Self.file(1)]),
            at: Self.later.advanced(by: .seconds(1)), names: Self.names, sizes: F.sizes()
        ).dossier
        #expect(after.findings.isEmpty)
        #expect(after.application(F.instance(1))?.measured == Room(nonVolatile: 500))
        // More than they can take is somebody else's doing.
        let more = try Self.known().reading(
            Self.contents(free: 58_000, [Self.entry(1)], [Self.file(1)]), at: Self.later, names: Self.names,
            sizes: F.sizes(), arriving: arriving)
        #expect(more.dossier.findings.map(\.kind.word) == ["room-changed"])
    }

    @Test(
        "room that data took on their way into an instance that nobody measured is no drift",
        .mission(.point5))
    func arrivingUnmeasured() throws {
        var known = Self.known()
        var instance = try #require(known.application(F.instance(1)))
        instance.measured = nil
        known.put(instance)
        known.card.inventory?.sum = Room(nonVolatile: 59_500, volatile: 2_000)
        func reading(of dossier: CardDossier, after seconds: Int, arriving: [AID: Int]) throws -> CardDossier
        {
            try dossier.reading(
                Self.contents(free: 58_180, [Self.entry(1)], [Self.file(1)]),
                at: Self.later.advanced(by: .seconds(seconds)), names: Self.names, sizes: F.sizes(),
                arriving: arriving
            ).dossier
        }
        let torn = try reading(of: known, after: 0, arriving: [F.instance(1): 300])
        #expect(torn.findings.isEmpty)
        #expect(torn.card.inventory?.sum == Room(nonVolatile: 59_180, volatile: 2_000))
        // They are there, and nothing is on its way any more.
        #expect(try reading(of: torn, after: 1, arriving: [:]).findings.isEmpty)
        #expect(try reading(of: known, after: 0, arriving: [:]).findings.map(\.kind.word) == ["room-changed"])
    }

    @Test("a room that changed is told in bytes")
    func words() throws {
        let outcome = try Self.read(Self.contents(free: 58_000, [Self.entry(1)], [Self.file(1)]))
        #expect(
            outcome.dossier.card.inventory?.drift
                == "Reserved, used and free add up to 500 bytes of non-volatile memory less than before, and "
                + "nothing in the registry says why: an application made or gave up room for its own data.")
    }

    @Test("drift stays until it is accepted, and ends when the card is as it was again")
    func stays() throws {
        let gone = Self.contents(free: 59_000, [], [Self.file(1)])
        let first = try Self.read(gone).dossier
        let second = try first.reading(
            gone, at: Self.later.advanced(by: .seconds(1)), names: Self.names, sizes: F.sizes()
        ).dossier
        #expect(second.findings.map(\.kind) == [.applicationVanished(F.release("purse"))])
        let back = try second.reading(
            Self.contents(free: 58_500, [Self.entry(1)], [Self.file(1)]),
            at: Self.later.advanced(by: .seconds(2)), names: Self.names, sizes: F.sizes()
        ).dossier
        #expect(back.findings.isEmpty)
        #expect(back.card.inventory?.drift == nil)
        // What came back takes what it took: the one thing that is new explains what is missing.
        #expect(back.application(F.instance(1))?.measured == Room(nonVolatile: 500))
        #expect(back.card.inventory?.sum == Room(nonVolatile: 60_000, volatile: 2_000))
    }

    @Test("what a provider's unit does in its berth is its right and no drift", .mission(.c10))
    func berths() throws {
        var known = Self.known()
        known.put(
            Berth(
                card: F.id(), provider: F.provider("city"), reserved: Room(nonVolatile: 4_000),
                means: .domain(Self.domain), state: .ready(since: F.start)))
        known.put(
            InstalledApplication(
                card: F.id(), aid: Self.domain, lifeCycle: 0x07, privileges: .securityDomain,
                measured: Room(nonVolatile: 4_000)))
        known.card.inventory?.free = Room(nonVolatile: 54_500, volatile: 2_000)
        let domain = RegistryEntry.Application(
            aid: Self.domain, lifeCycle: 0x0F, privileges: .securityDomain)
        let outcome = try known.reading(
            Self.contents(
                free: 52_000, [Self.entry(1), Self.entry(2, domain: Self.domain), domain],
                [Self.file(1), Self.file(2, domain: Self.domain)]),
            at: Self.later, names: Self.names, sizes: F.sizes(quotas: true))
        #expect(outcome.dossier.findings.isEmpty)
        #expect(outcome.changes.contains(.applicationCame(F.instance(2), F.release("pass"))))
        #expect(outcome.dossier.card.inventory?.sum == Room(nonVolatile: 57_500, volatile: 2_000))
    }

    @Test("room that was promised and is taken is told, and cannot be accepted away", .mission(.a11))
    func promisedTwice() throws {
        var known = Self.known()
        known.put(
            Berth(
                card: F.id(), provider: F.provider("city"), reserved: Room(nonVolatile: 50_000),
                means: .ledger, state: .ready(since: F.start)))
        let outcome = try Self.read(
            Self.contents(free: 49_000, [Self.entry(1), Self.entry(9)], [Self.file(1)]), known)
        #expect(outcome.dossier.findings.map(\.kind.word) == ["application-appeared", "room-promised-twice"])
        #expect(
            throws: DriftRefusal.promisesStand(
                Room(nonVolatile: 1_000), providers: [F.provider("city")])
        ) {
            try outcome.dossier.acceptingDrift(names: Self.names, sizes: F.sizes())
        }
    }

    @Test("what the vault holds comes back from there")
    func repairFromVault() throws {
        var known = try Self.read(Self.contents(free: 59_000, [], [Self.file(1)])).dossier
        known.custody = [
            Custody(
                card: F.id(), aid: F.instance(1), ordinal: 2, release: F.release("purse"),
                provider: F.provider("bank"), parking: .contract, state: .held(since: F.start),
                room: .none, openedAt: F.start)
        ]
        #expect(
            known.driftRepair.wishes
                == [.restore(CustodyKey(card: F.id(), aid: F.instance(1), ordinal: 2))])
    }

    @Test("a hostile card's picture is refused", arguments: 0..<4)
    func hostile(_ index: Int) throws {
        let many = (0..<257).map { number in
            RegistryEntry.Application(
                aid: F.aid("F042657210" + UInt16(number).hex), lifeCycle: 7, privileges: [])
        }
        var wide = Self.file(1)
        wide.modules = many.prefix(65).map(\.aid)
        let cases: [(CardContents, String)] = [
            (Self.contents(free: 1, many, []), "inventory-too-long"),
            (Self.contents(free: 1, [Self.entry(1), Self.entry(1)], []), "inventory-ambiguous"),
            (Self.contents(free: 1, [], [wide]), "inventory-too-long"),
            (
                Self.contents(
                    free: 1, [], many.map { .init(aid: $0.aid, lifeCycle: 1, securityDomain: nil) }),
                "inventory-too-long"
            ),
        ]
        do {
            _ = try Self.read(cases[index].0)
            Issue.record("taken")
        } catch let refusal as InventoryRefusal {
            #expect(refusal.code == cases[index].1)
        }
    }

    @Test("an older reading does not undo a newer one")
    func outdated() throws {
        let contents = Self.contents(free: 58_500, [Self.entry(1)], [Self.file(1)])
        let dossier = try Self.read(contents).dossier
        #expect(throws: InventoryRefusal.outdated(read: F.start, known: Self.later)) {
            try dossier.reading(contents, at: F.start, names: Self.names, sizes: F.sizes())
        }
    }

    @Test("the same contents in another order have the same digest, other contents another")
    func digest() {
        let one = Self.contents(free: 1, [Self.entry(1), Self.entry(2)], [Self.file(1), Self.file(2)])
        let other = Self.contents(free: 2, [Self.entry(2), Self.entry(1)], [Self.file(2), Self.file(1)])
        #expect(one.registryDigest == other.registryDigest)
        var digests: Set<[UInt8]> = [one.registryDigest]
        let variants = [
            Self.contents(free: 1, [Self.entry(1)], [Self.file(1), Self.file(2)]),
            Self.contents(
                free: 1, [Self.entry(1), Self.entry(2, lifeCycle: 0x87)], [Self.file(1), Self.file(2)]),
            Self.contents(
                free: 1, [Self.entry(1), Self.entry(2, domain: Self.domain)], [Self.file(1), Self.file(2)]),
            Self.contents(
                free: 1, [Self.entry(1), Self.entry(2)], [Self.file(1), Self.file(2, version: [2, 0])]),
            Self.contents(free: 1, [Self.entry(1), Self.entry(2)], [Self.file(1)]),
        ]
        for variant in variants { digests.insert(variant.registryDigest) }
        #expect(digests.count == variants.count + 1)
    }

    /// What a name may be: the release it is recognised as.
    @Test("two releases with the same names are told apart by their code, or not at all")
    func ambiguous() {
        var names = CatalogueNames()
        for (version, number) in [("1.0", UInt8(1)), ("2.0", 2)] {
            let release = F.release("purse", version)
            names.add(F.instance(1), CatalogueNames.Instance(release: release, loadFile: F.file(1)))
            names.add(F.file(1), CatalogueNames.LoadFile(release: release, digest: F.digest(number)))
        }
        var file = F.loadFile(1)
        #expect(names.release(ofInstance: F.instance(1), from: file) == F.release("purse", "1.0"))
        file.digest = F.digest(2)
        #expect(names.release(ofInstance: F.instance(1), from: file) == F.release("purse", "2.0"))
        file.digest = nil
        #expect(names.release(ofInstance: F.instance(1), from: file) == nil)
        #expect(names.release(ofInstance: F.instance(1), from: nil) == nil)
        file.digest = F.digest(3)
        #expect(names.release(ofInstance: F.instance(1), from: file) == nil)
    }

    /// Purse in the catalogue.
    private static func publish(_ store: any Store) throws {
        let file = Release.LoadFile(
            aid: F.file(1), digest: F.digest(1), byteCount: 900, declared: Room(nonVolatile: 900))
        let instance = Release.Instance(
            aid: F.instance(1), module: F.instance(1), loadFile: F.file(1), declared: Room(nonVolatile: 400))
        let id = F.release("purse")
        try store.write { transaction in
            transaction.insert(F.owner("bank"))
            transaction.insert(
                Application(id: id.application, name: "Purse", provider: F.provider("bank")))
            transaction.insert(
                Release(
                    id: id, life: .published(at: F.start), loadFiles: [file], instances: [instance],
                    parking: .stateless))
            transaction.insert(PublishedAID(aid: F.instance(1), release: id, role: .instance))
            transaction.insert(
                PublishedAID(aid: F.file(1), release: id, role: .loadFile, digest: F.digest(1)))
        }
    }

    @Test("the register follows a reading, and notes drift and its end", .mission(.c10))
    func register() throws {
        let store = try F.store()
        try Self.publish(store)
        try store.place(Self.known())
        let sizes = F.sizes()
        let same = Self.contents(free: 58_500, [Self.entry(1)], [Self.file(1)])
        let gone = Self.contents(free: 59_000, [], [Self.file(1)])
        for (seconds, contents) in [same, same, gone, same].enumerated() {
            try store.act(.centre, at: F.start.advanced(by: .seconds(seconds))) {
                _ = try $0.takeInventory(of: F.id(), contents, sizes: sizes)
            }
        }
        var entries = try store.read { try $0.all(AuditEntry.self, key: .word(F.id())) }
        #expect(
            entries.map(\.kind) == [
                "card.inventory-changed", "card.inventory-changed", "card.drifts", "card.inventory-changed",
                "card.drift-ended",
            ])
        try store.act(.centre, at: F.start.advanced(by: .seconds(9))) {
            _ = try $0.takeInventory(of: F.id(), gone, sizes: sizes)
        }
        #expect(throws: NotPermitted.self) {
            try store.act(.provider(F.provider("bank"))) { try $0.acceptDrift(of: F.id(), sizes: sizes) }
        }
        let repair = try store.act { try $0.repairDrift(of: F.id()) }
        #expect(repair == DriftRepair(wishes: [.addRelease(F.release("purse"))], byHand: []))
        #expect(try store.dossier().findings.isEmpty)
        #expect(throws: DriftRefusal.notDrifting(F.id())) {
            try store.act { try $0.acceptDrift(of: F.id(), sizes: sizes) }
        }
        entries = try store.read { try $0.all(AuditEntry.self, key: .word(F.id())) }
        #expect(entries.last?.kind == "card.drift-repairing")
    }
}
