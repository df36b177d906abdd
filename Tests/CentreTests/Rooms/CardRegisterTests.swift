import CardCrypto
import CardManagement
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing

@testable import Centre

private typealias F = RoomFacts

@Suite("Register of cards")
struct CardRegisterTests {
    private static func identity(serial: UInt8 = 1) -> CardIdentity {
        var identity = CardIdentity(
            issuerDomain: F.aid("A000000151000000"),
            keys: [
                KeyInformation(identifier: 1, version: 0x30, components: [.init(type: .aes, byteCount: 16)])
            ])
        identity.issuerIdentificationNumber = [0x42]
        identity.cardImageNumber = [0x01]
        identity.productionLifeCycle = CardProductionLifeCycle([UInt8](repeating: serial, count: 42))
        identity.capabilities = nil
        return identity
    }

    private static func registration(_ identity: CardIdentity = identity()) -> CardRegistration {
        CardRegistration(identity: identity, profile: F.model().profile, keySet: F.card().keySet)
    }

    @Test("takes a card by what it says of itself, and knows it then", .mission(.b2))
    func register() throws {
        let store = try F.store()
        let answer = try store.act { try $0.registerCard(Self.registration()) }
        #expect(answer.id == F.id())
        let card = try store.dossier().card
        #expect(card.profile == F.model().profile)
        #expect(card.life == .active)
        #expect(card.holder == nil)
        #expect(card.revision == 1)
        #expect(card.serial?.count == 12)
    }

    @Test("gives a repeated request its first answer, and refuses another for the same card")
    func twice() throws {
        let store = try F.store()
        let first = try store.act(request: "r1") { try $0.registerCard(Self.registration()) }
        let again = try store.act(request: "r1", at: F.start.advanced(by: .seconds(9))) {
            try $0.registerCard(Self.registration())
        }
        #expect(first == again)
        #expect(throws: CardRefusal.alreadyRegistered(F.id(), at: F.start)) {
            try store.act(request: "r2") { _ = try $0.registerCard(Self.registration()) }
        }
        var other = Self.registration()
        other.keySet.version = 0x31
        other.identity.keys = []
        #expect(throws: RequestReused.self) {
            try store.act(request: "r1") { _ = try $0.registerCard(other) }
        }
    }

    @Test("tells two cards with one name apart, and says what to do")
    func sameName() throws {
        let store = try F.store()
        try store.act { _ = try $0.registerCard(Self.registration()) }
        do {
            try store.act { _ = try $0.registerCard(Self.registration(Self.identity(serial: 2))) }
            Issue.record("taken twice")
        } catch let refusal as CardRefusal {
            #expect(refusal.code == "card-id-taken")
            #expect(refusal.reason.contains("010101010101010101010101"))
            #expect(refusal.remedy.contains("register it by another name"))
        }
        var named = Self.registration(Self.identity(serial: 2))
        named.name = F.id("8949")
        #expect(try store.act { try $0.registerCard(named) }.id == F.id("8949"))
    }

    private static let refused: [(String, @Sendable (inout CardRegistration) -> Void)] = [
        (
            "card-nameless",
            {
                $0.identity.cardImageNumber = nil
                $0.identity.productionLifeCycle = nil
            }
        ),
        ("issuer-domain-unknown", { $0.identity.issuerDomain = nil }),
        ("key-version-not-on-card", { $0.keySet.version = 0x20 }),
        (
            "channel-not-offered",
            {
                $0.identity.fileControl = nil
                $0.identity.recognition = try? RecognitionData(
                    try Hex.decode("6618731606072A864886FC6B01640B06092A864886FC6B040215"))
                $0.keySet.channel = .scp03
            }
        ),
        ("expiry-passed", { $0.expiry = RoomFacts.start.advanced(by: .seconds(-86_400)).day }),
    ]

    @Test("refuses what cannot be so", arguments: refused.map(\.0))
    func refusals(_ code: String) throws {
        var registration = Self.registration()
        try #require(Self.refused.first { $0.0 == code }).1(&registration)
        let store = try F.store()
        do {
            try store.act { _ = try $0.registerCard(registration) }
            Issue.record("registered")
        } catch let refusal as CardRefusal {
            #expect(refusal.code == code)
            #expect(refusal.reason.hasSuffix(".") && refusal.remedy.hasSuffix("."))
        }
        #expect(try store.read { try $0.dossier(of: F.id()) } == nil)
    }

    @Test("is changed by operators only", arguments: 0..<5)
    func permissions(_ index: Int) throws {
        let store = try F.store()
        try store.place(F.dossier())
        let acts: [(Act) throws -> Void] = [
            { _ = try $0.registerCard(Self.registration()) }, { try $0.blockCard(F.id(), reason: "x") },
            { try $0.unblockCard(F.id()) }, { try $0.retireCard(F.id(), reason: "x") },
            { try $0.setExpiry(of: F.id(), to: nil) },
        ]
        #expect(throws: NotPermitted.self) {
            try store.act(.provider(F.provider("bank"))) { try acts[index]($0) }
        }
    }

    enum Event: CaseIterable, Sendable { case block, unblock, retire, expire }
    static let lives: [Card.Life] = [.active, .blocked(reason: "a"), .retired(reason: "b")]

    /// Every event in every state: the life after it, or the refusal.
    private static func expected(_ event: Event, _ life: Card.Life) -> Result<Card.Life, CardRefusal> {
        switch (event, life) {
        case (.block, .active), (.block, .blocked): .success(.blocked(reason: "c"))
        case (.unblock, .blocked): .success(.active)
        case (.unblock, .active): .failure(.notBlocked(F.id()))
        case (.retire, .active), (.retire, .blocked): .success(.retired(reason: "c"))
        case (.retire, .retired): .success(life)
        case (.expire, .active), (.expire, .blocked): .success(life)
        case (_, .retired(let reason)): .failure(.retired(F.id(), reason: reason))
        }
    }

    @Test("every event in every state", arguments: Event.allCases, lives)
    func transitions(_ event: Event, _ life: Card.Life) throws {
        let store = try F.store()
        var dossier = F.dossier()
        dossier.card.life = life
        try store.place(dossier)
        let later = CalendarDay(daysSinceEpoch: F.start.day.daysSinceEpoch + 1)
        let result: Result<Card.Life, CardRefusal>
        do {
            try store.act { act in
                switch event {
                case .block: try act.blockCard(F.id(), reason: "c")
                case .unblock: try act.unblockCard(F.id())
                case .retire: try act.retireCard(F.id(), reason: "c")
                case .expire: try act.setExpiry(of: F.id(), to: later)
                }
            }
            result = .success(try store.dossier().card.life)
        } catch let refusal as CardRefusal {
            result = .failure(refusal)
            #expect(try store.dossier() == dossier)
        }
        #expect(result == Self.expected(event, life))
        if event == .expire, case .success = result { #expect(try store.dossier().card.expiry == later) }
    }

    @Test(
        "says why a card may not be worked on",
        arguments: [
            (Card.Life.active, nil, 0x0F, nil), (.active, 0, 0x0F, nil), (.active, -1, 0x0F, "card-expired"),
            (.active, nil, 0xFF, "card-terminated"), (.blocked(reason: "x"), nil, 0x0F, "card-blocked"),
            (.retired(reason: "x"), 5, 0xFF, "card-retired"),
        ] as [(Card.Life, Int?, UInt8, String?)])
    func serviceable(_ life: Card.Life, _ daysLeft: Int?, _ lifeCycle: UInt8, _ code: String?) {
        var card = F.dossier().card
        card.life = life
        card.inventory?.lifeCycle = lifeCycle
        let today = F.start.day
        card.expiry = daysLeft.map { CalendarDay(daysSinceEpoch: today.daysSinceEpoch + $0) }
        let result = Result { () throws(CardRefusal) in try Act.check(card, today: today) }
        switch result {
        case .success: #expect(code == nil)
        case .failure(let refusal): #expect(refusal.code == code)
        }
    }

    @Test(
        "keeps no reason that cannot be shown",
        arguments: ["", "two\nlines", String(repeating: "x", count: 501)])
    func reasons(_ reason: String) throws {
        let store = try F.store()
        try store.place(F.dossier())
        #expect(throws: CardRefusal.self) { try store.act { try $0.blockCard(F.id(), reason: reason) } }
    }

    @Test("keeps what its holder wants to stay, and pins for operators only")
    func stay() throws {
        let store = try F.store()
        var dossier = F.dossier()
        dossier.put(F.application(1))
        dossier.card.holder = F.must { try HolderNumber("4711") }
        try store.place(dossier)
        let holder = Act.Actor.holder(F.must { try HolderNumber("4711") })
        let stranger = Act.Actor.holder(F.must { try HolderNumber("4712") })
        try store.act(holder) { try $0.setStay(of: F.instance(1), on: F.id(), to: .preferred) }
        #expect(try store.dossier().application(F.instance(1))?.stay == .preferred)
        #expect(throws: NotPermitted.self) {
            try store.act(stranger) { try $0.setStay(of: F.instance(1), on: F.id(), to: .mayLeave) }
        }
        #expect(throws: NotPermitted.self) {
            try store.act(holder) { try $0.setStay(of: F.instance(1), on: F.id(), to: .pinned(reason: "x")) }
        }
        try store.act { try $0.setStay(of: F.instance(1), on: F.id(), to: .pinned(reason: "x")) }
        #expect(try store.dossier().application(F.instance(1))?.stay == .pinned(reason: "x"))
        #expect(throws: CardRefusal.applicationUnknown(F.id(), F.instance(2))) {
            try store.act { try $0.setStay(of: F.instance(2), on: F.id(), to: .mayLeave) }
        }
    }
}
