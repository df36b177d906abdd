import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing

private typealias F = RoomFacts

@Suite("States of a berth")
struct BerthTransitionTests {
    enum Start: CaseIterable, Sendable { case gone, requested, ready, releasing }
    enum Event: CaseIterable, Sendable {
        case request, otherRequest, made, notMade, change, release, released, notReleased
    }
    enum End: Hashable, Sendable {
        case becomes(Start)
        case refused(String)
    }

    /// Every event in every state, where the ledger keeps the room.
    static let table: [Start: [Event: End]] = [
        .gone: [
            .request: .becomes(.requested), .otherRequest: .becomes(.requested),
            .made: .refused("berth-missing"), .notMade: .refused("berth-missing"),
            .change: .refused("berth-missing"), .release: .refused("berth-missing"),
            .released: .becomes(.gone), .notReleased: .refused("berth-missing"),
        ],
        .requested: [
            .request: .becomes(.requested), .otherRequest: .refused("berth-pending"),
            .made: .becomes(.ready), .notMade: .becomes(.gone), .change: .refused("berth-pending"),
            .release: .becomes(.releasing), .released: .refused("berth-not-releasing"),
            .notReleased: .refused("berth-not-releasing"),
        ],
        .ready: [
            .request: .refused("berth-ready"), .otherRequest: .refused("berth-ready"),
            .made: .becomes(.ready), .notMade: .refused("berth-ready"), .change: .becomes(.ready),
            .release: .becomes(.releasing), .released: .refused("berth-not-releasing"),
            .notReleased: .becomes(.ready),
        ],
        .releasing: [
            .request: .refused("berth-releasing"), .otherRequest: .refused("berth-releasing"),
            .made: .refused("berth-releasing"), .notMade: .refused("berth-releasing"),
            .change: .refused("berth-releasing"), .release: .becomes(.releasing),
            .released: .becomes(.gone), .notReleased: .becomes(.ready),
        ],
    ]

    static let domain = "A0000001515344"

    private static func state(_ berth: Berth?) -> Start {
        switch berth?.state {
        case nil: .gone
        case .requested: .requested
        case .ready: .ready
        case .releasing: .releasing
        }
    }

    private static func reservation(_ event: Event, quotas: Bool) -> Reservation {
        F.reservation(
            "bank", event == .request ? 2_048 : 4_096, domain: quotas ? domain : nil)
    }

    private static func event(_ event: Event, quotas: Bool) -> BerthEvent {
        let evidence: BerthEvidence = quotas ? .registry : .ledger
        switch event {
        case .request, .otherRequest:
            return .request(
                reservation(event, quotas: quotas), of: F.owner("bank"), cardCount: 0,
                software: CardSoftware())
        case .change:
            return .change(reservation(event, quotas: quotas), of: F.owner("bank"), software: CardSoftware())
        case .made: return .made(evidence)
        case .notMade: return .notMade
        case .release: return .release
        case .released: return .released(evidence)
        case .notReleased: return .notReleased
        }
    }

    private static func dossier(_ start: Start, quotas: Bool) -> CardDossier {
        var dossier = F.dossier()
        var berth = Berth(
            card: F.id(), provider: F.provider("bank"), reserved: Room(nonVolatile: 2_048),
            means: quotas ? .domain(F.aid(domain)) : .ledger, state: .requested)
        switch start {
        case .gone: return dossier
        case .requested: break
        case .ready: berth.state = .ready(since: F.start)
        case .releasing: berth.state = .releasing
        }
        dossier.put(berth)
        return dossier
    }

    private static func apply(
        _ event: BerthEvent, to dossier: CardDossier, quotas: Bool
    ) -> Result<CardDossier, BerthRefusal> {
        let ledger = BerthLedger(dossier, names: CatalogueNames(), sizes: F.sizes(quotas: quotas))
        return Result { () throws(BerthRefusal) in
            try ledger.after(event, of: F.provider("bank"), at: F.start)
        }
    }

    @Test(
        "every event in every state, where the ledger keeps the room", .mission(.a3), .mission(.a5),
        arguments: Start.allCases, Event.allCases)
    func ledger(_ start: Start, _ event: Event) throws {
        let dossier = Self.dossier(start, quotas: false)
        let expected = try #require(Self.table[start]?[event])
        switch Self.apply(Self.event(event, quotas: false), to: dossier, quotas: false) {
        case .success(let next):
            #expect(.becomes(Self.state(next.berth(of: F.provider("bank")))) == expected)
        case .failure(let refusal):
            #expect(.refused(refusal.code) == expected)
            #expect(refusal.reason.hasSuffix(".") && refusal.remedy.hasSuffix("."))
        }
    }

    @Test(
        "an event that comes twice changes nothing the second time", arguments: Start.allCases, Event.allCases
    )
    func twice(_ start: Start, _ event: Event) throws {
        guard event != .otherRequest, event != .notMade else { return }
        let change = Self.event(event, quotas: false)
        guard
            case .success(let once) = Self.apply(
                change, to: Self.dossier(start, quotas: false), quotas: false)
        else { return }
        let again = Self.apply(change, to: once, quotas: false)
        #expect(again == .success(once))
    }

    /// What only the card can confirm: state, whether it shows the domain, the event, what comes of it.
    static let proofs: [(Start, Bool, BerthEvent, End)] = [
        (.requested, true, .made(.registry), .becomes(.ready)),
        (.requested, false, .made(.registry), .refused("not-proven")),
        (.requested, false, .made(.ledger), .refused("not-proven")),
        (.requested, false, .made(.receipt(digest: F.digest(1))), .becomes(.ready)),
        (.requested, true, .notMade, .refused("not-proven")),
        (.requested, false, .notMade, .becomes(.gone)),
        (.releasing, false, .released(.registry), .becomes(.gone)),
        (.releasing, true, .released(.registry), .refused("not-proven")),
        (.releasing, true, .released(.ledger), .refused("not-proven")),
        (.releasing, true, .released(.receipt(digest: F.digest(1))), .becomes(.gone)),
        (.releasing, true, .notReleased, .becomes(.ready)),
        (.releasing, false, .notReleased, .refused("not-proven")),
    ]

    @Test("where the card keeps the room, only the card confirms", .mission(.a4), arguments: 0..<12)
    func proof(_ index: Int) {
        let (start, isThere, event, expected) = Self.proofs[index]
        var dossier = Self.dossier(start, quotas: true)
        if isThere {
            dossier.put(
                InstalledApplication(
                    card: F.id(), aid: F.aid(Self.domain), lifeCycle: 0x07, privileges: .securityDomain,
                    measured: Room(nonVolatile: 2_048)))
        }
        switch Self.apply(event, to: dossier, quotas: true) {
        case .success(let next):
            #expect(.becomes(Self.state(next.berth(of: F.provider("bank")))) == expected)
        case .failure(let refusal): #expect(.refused(refusal.code) == expected)
        }
    }

    @Test("a reserve on the card is not changed but made anew")
    func domainsDoNotChange() {
        let result = Self.apply(
            Self.event(.change, quotas: true), to: Self.dossier(.ready, quotas: true), quotas: true)
        #expect(result == .failure(.notChangeableOnCard(F.aid(Self.domain))))
    }

    private static func request(
        _ reservation: Reservation, of owner: Provider = F.owner("bank"), cardCount: Int = 0,
        software: CardSoftware = CardSoftware()
    ) -> BerthEvent {
        .request(reservation, of: owner, cardCount: cardCount, software: software)
    }

    private static let many = (0..<17).map { "s\($0)" }

    /// What is wrong with a request, and its refusal; the card has 60,000 bytes free.
    static let refusedRequests: [(String, BerthEvent, quotas: Bool)] = [
        ("room-senseless", request(F.reservation("bank", -1)), false),
        ("room-senseless", request(F.reservation("bank", (1 << 30) + 1)), false),
        ("room-senseless", request(F.reservation("bank", 1, quota: Int.max)), false),
        ("quota-below-reserve", request(F.reservation("bank", 10, quota: 9)), false),
        ("domain-name-missing", request(F.reservation("bank", 1_000)), true),
        ("domain-name-taken", request(F.reservation("bank", 1_000, domain: "A000000151000000")), true),
        ("domain-name-taken", request(F.reservation("bank", 1_000, domain: "F04265721009")), true),
        ("provider-limit", request(F.reservation("bank", 40_001)), false),
        ("provider-limit", request(F.reservation("bank", 10, quota: 40_001)), false),
        ("provider-limit", request(F.reservation("bank", 10, volatile: 2_049)), false),
        ("provider-card-limit", request(F.reservation("bank", 10), cardCount: 1_000), false),
        ("provider-suspended", request(F.reservation("bank", 10), of: suspended), false),
        ("not-enough-room", request(F.reservation("bank", 30_001)), false),
        ("not-enough-room", request(F.reservation("bank", 10, volatile: 2_000)), false),
        ("privileges-not-grantable", request(F.reservation("bank", 10, privileges: .globalDelete)), false),
        ("privilege-taken", request(F.reservation("bank", 10, privileges: .cardReset)), false),
        ("channels-short", request(F.reservation("bank", 10, channels: 3)), false),
        ("channels-short", request(F.reservation("bank", 10, channels: -1)), false),
        ("service-taken", request(F.reservation("bank", 10, services: ["pin"])), false),
        ("service-name", request(F.reservation("bank", 10, services: ["p i n"])), false),
        ("too-many", request(F.reservation("bank", 10, services: many)), false),
        ("library-missing", request(F.reservation("bank", 10, libraries: [F.file(8)])), false),
    ]

    private static let suspended = RoomFacts.owner("bank", life: .suspended(reason: "It did not pay."))

    @Test("room that cannot be had is refused with the reason", .mission(.a10), arguments: 0..<22)
    func refusals(_ index: Int) {
        let (code, event, quotas) = Self.refusedRequests[index]
        var dossier = F.dossier(free: Room(nonVolatile: 60_000, volatile: 1_500))
        // Another provider holds half of the room, a service, a channel; an application holds Card Reset.
        var other = Berth(
            card: F.id(), provider: F.provider("city"), reserved: Room(nonVolatile: 30_000), means: .ledger,
            state: .ready(since: F.start))
        other.resources.services = ["pin"]
        other.resources.logicalChannels = 1
        dossier.put(other)
        dossier.put(
            InstalledApplication(
                card: F.id(), aid: F.aid("F04265721009"), lifeCycle: 0x07, privileges: .cardReset,
                measured: Room(nonVolatile: 100)))
        switch Self.apply(event, to: dossier, quotas: quotas) {
        case .success: Issue.record("\(code) was not found")
        case .failure(let refusal):
            #expect(refusal.code == code)
            #expect(refusal.reason.hasSuffix(".") && refusal.remedy.hasSuffix("."))
        }
    }

    @Test("a refusal names how much is missing")
    func shortage() {
        let dossier = F.dossier(free: Room(nonVolatile: 1_000, volatile: 100))
        let event = Self.request(F.reservation("bank", 1_500, volatile: 120))
        guard case .failure(let refusal) = Self.apply(event, to: dossier, quotas: false) else {
            Issue.record("given out twice")
            return
        }
        #expect(
            refusal.reason
                == "1500 bytes of non-volatile memory and 120 bytes of volatile memory are asked for and "
                + "1000 bytes of non-volatile memory and 100 bytes of volatile memory are free and nobody's: "
                + "500 bytes of non-volatile memory and 20 bytes of volatile memory are missing.")
    }

    @Test("software resources are counted, and there again after release", .mission(.a10))
    func software() throws {
        var dossier = F.dossier()
        dossier.put(F.loadFile(8, bytes: 100))
        let wish = F.reservation(
            "bank", 100, privileges: [.cardReset, .trustedPath], channels: 2, services: ["pin"],
            libraries: [F.file(8)])
        let asked = try Self.apply(Self.request(wish), to: dossier, quotas: false).get()
        let ready = try Self.apply(.made(.ledger), to: asked, quotas: false).get()
        let account = SoftwareAccount(ready, software: CardSoftware())
        #expect(account.channelsLeft == 1)
        #expect(account.holder(of: .cardReset) == "provider bank")
        #expect(account.provider(of: "pin") == F.provider("bank"))
        let ledger = BerthLedger(ready, names: CatalogueNames(), sizes: F.sizes())
        #expect(throws: BerthRefusal.libraryNeeded(F.file(8), by: [F.provider("bank")])) {
            try ledger.checkRemoval(ofLoadFile: F.file(8))
        }
        let leaving = try Self.apply(.release, to: ready, quotas: false).get()
        let gone = try Self.apply(.released(.ledger), to: leaving, quotas: false).get()
        #expect(gone == dossier)
        try BerthLedger(gone, names: CatalogueNames(), sizes: F.sizes()).checkRemoval(ofLoadFile: F.file(8))
    }

    @Test("room that is used is not released, nor made smaller than its use", .mission(.a11))
    func inUse() throws {
        var dossier = Self.dossier(.ready, quotas: false)
        dossier.put(F.loadFile(1, bytes: 1_000))
        dossier.put(F.application(1, F.release("purse"), bytes: 200))
        let names = F.names([("bank", "purse", 1)])
        let ledger = BerthLedger(dossier, names: names, sizes: F.sizes())
        #expect(ledger.used(by: F.provider("bank")) == Room(nonVolatile: 1_200))
        #expect(throws: BerthRefusal.inUse(F.provider("bank"), used: Room(nonVolatile: 1_200))) {
            try ledger.after(.release, of: F.provider("bank"), at: F.start)
        }
        let smaller = BerthEvent.change(
            F.reservation("bank", 1_199), of: F.owner("bank"), software: CardSoftware())
        #expect(throws: BerthRefusal.belowUse(F.provider("bank"), used: Room(nonVolatile: 1_200))) {
            try ledger.after(smaller, of: F.provider("bank"), at: F.start)
        }
        let just = BerthEvent.change(
            F.reservation("bank", 1_200), of: F.owner("bank"), software: CardSoftware())
        _ = try ledger.after(just, of: F.provider("bank"), at: F.start)
    }

    @Test("a drifting card gives out no room")
    func drifting() {
        var dossier = F.dossier()
        dossier.card.inventory?.drift = "Something went."
        #expect(
            Self.apply(Self.request(F.reservation("bank", 10)), to: dossier, quotas: false)
                == .failure(.drifting("Something went.")))
    }
}
