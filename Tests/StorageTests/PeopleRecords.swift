import Centre
import GlobalPlatform
import SmartCard

/// One of every record of people and money, with every case of its enums: what a store must give back as it was.
enum PeopleRecords {
    private static let at = Instant(milliseconds: 1_795_261_043_123)
    private static let file = aid("A00000032101")
    private static let instance = aid("A0000003210101")

    private static func name<Kind>(_ text: String) -> Identifier<Kind> {
        guard let name = try? Identifier<Kind>(text) else { preconditionFailure("'\(text)' is no name") }
        return name
    }

    private static func aid(_ hex: String) -> AID {
        guard let aid = try? AID(hex: hex) else { preconditionFailure("'\(hex)' is no AID") }
        return aid
    }

    private static let facts: [Fact] = [
        .number("count", -5), .instant("at", at), .word("bearer", "sms"), .aid("aid", file), .digest([1, 2]),
    ]

    /// In an order in which nothing refers to what comes later.
    static var all: [any Record] { providers + holders + catalogue + trail + addresses + money }

    private static var providers: [any Record] {
        let limits = Provider.Limits(
            roomPerCard: Room(nonVolatile: 1 << 30, volatile: 7), cardsMax: 1_000_000_000)
        return [
            Provider(id: name("city"), name: "Stadt Zürich, 東京", limits: limits, domains: [file, instance]),
            Provider(
                id: name("rail"), name: "O'Rail; DROP", life: .suspended(reason: "Unpaid."), limits: limits,
                sight: .also([name("city")])),
            Provider(id: name("post"), name: "P", limits: limits, sight: .also([])),
        ]
    }

    private static var holders: [any Record] {
        let days = CalendarDay("1985-12-10")
        var full = Holder(
            number: name("4711"), name: "Ada \"A\" Lovelace", birthDate: days, address: "1 Main St",
            passwordVerifier: [1, 0, 255], issueCount: 3, card: name("0A"),
            cardExpiry: CalendarDay("2028-12-31"),
            throttle: .init(wrongCount: 6, closedUntil: at))
        if let days { full.issuePermission = .from(days, through: days) }
        return [
            full, Holder(number: name("+1"), name: "B", passwordVerifier: []),
            Holder(number: name("2"), name: "C", passwordVerifier: [0]),
        ]
    }

    private static var catalogue: [any Record] {
        let application = Application(id: name("purse"), name: "Purse", provider: name("city"))
        let stopped = Application(
            id: name("pass"), name: "Pass", provider: name("rail"), service: .stopped(reason: "Recalled."))
        let loadFile = Release.LoadFile(
            aid: file, digest: [1, 2, 3], byteCount: 2_097_152, imports: [instance],
            declared: Room(nonVolatile: 4_000, volatile: 12))
        let made = Release.Instance(
            aid: instance, module: instance, loadFile: file, privileges: [.cardReset, .globalService],
            parameters: [0xC9, 0], declared: Room(nonVolatile: 300))
        let version: ReleaseVersion = name("1.0")
        let release = Release(
            id: ReleaseID(application.id, version), loadFiles: [loadFile], instances: [made],
            personalisation: [[1], [], [2, 3]], parking: .contract)
        let lives: [Release.Life] = [
            .draft, .published(at: at), .withdrawn(at: at, reason: "A fault."),
        ]
        let parkings: [Release.Parking] = [.stateless, .rePersonalised, .never(reason: "It holds keys.")]
        let others = zip(lives, parkings).enumerated().map { index, pair -> any Record in
            Release(
                id: ReleaseID(stopped.id, name("\(index)")), life: pair.0, loadFiles: [], instances: [],
                parking: pair.1, compatibility: index == 0 ? .only([]) : .only([name("jcop"), name("sim")]),
                permitsSnapshots: true)
        }
        let package = CAPPackage(aid: file, version: CAPVersion(1, 3))
        let first: [any Record] = [application, stopped, release]
        let rest: [any Record] = [
            KeptLoadFile(
                digest: [1, 2, 3], package: package, byteCount: 5, modules: [instance],
                imports: [CAPPackage(aid: instance, version: CAPVersion(255, 0))]),
            LoadFileBlob(digest: [1, 2, 3], dataBlock: [UInt8](repeating: 0xA5, count: 70_000)),
            BroughtLoadFile(digest: [1, 2, 3], provider: name("city"), since: at),
            PublishedAID(aid: file, release: release.id, role: .loadFile, digest: [1, 2, 3]),
            PublishedAID(
                aid: file, release: ReleaseID(stopped.id, name("1")), role: .sharedLoadFile, digest: []),
            PublishedAID(aid: instance, release: release.id, role: .instance),
            UseFlag(holder: name("4711"), application: application.id, isUsed: true, changedAt: at),
            UseFlag(holder: name("4711"), application: stopped.id, isUsed: false, changedAt: at),
        ]
        return first + others + rest
    }

    private static var trail: [any Record] {
        let card = AuditStream.card(name("45414D-0102"))
        let head = AuditHead(number: .max, digest: [UInt8](repeating: 7, count: 32))
        return [
            AuditStreamHead(stream: card, head: head),
            AuditEntry(
                stream: card, number: 1, at: at, actor: "operator/root", request: name("r-1"),
                kind: "card.seen",
                subject: "card/45414D-0102", provider: name("city"), facts: facts, digest: head.digest),
            AuditEntry(
                stream: .registers, number: 2, at: at, actor: "centre", request: nil, kind: "k", subject: "s",
                provider: nil, facts: [], digest: []),
            KeptRequest(
                actor: "centre", request: name("r-1"), day: at.day, asked: [1], answer: []),
            PendingEvent(
                stream: card, number: 1, at: at, kind: "card.seen", subject: "card/45414D-0102",
                provider: name("city"), facts: facts),
            Event(
                position: 9, stream: .registers, number: 1, at: at, kind: "k", subject: "s", provider: nil,
                facts: []),
            EventCursor(consumer: "https://hook.example/", position: 8),
        ]
    }

    private static var addresses: [any Record] {
        [
            ("reader", "Virtual PCD 00 00"), ("terminal", "kiosk-1"), ("sms", "+4915112345678"),
            ("https", "https://agent.example/cards"),
        ].enumerated().compactMap { index, address -> (any Record)? in
            Bearer(kind: address.0, address: address.1).map { bearer in
                CardAddress(
                    card: name("0A"), ordinal: Int64(index), bearer: bearer, since: at,
                    until: index == 0 ? nil : at)
            }
        }
    }

    private static var money: [any Record] {
        guard let euro = Currency("EUR"), let yen = Currency("JPY") else { return [] }
        return [
            Tariff(
                provider: name("city"), validFrom: at, basis: .day, rate: Bounds.tariffRateMax,
                terms: .init(currency: euro), recordedAt: at),
            Tariff(
                provider: name("city"), application: name("purse"), validFrom: at, basis: .kilobyteDay,
                rate: 0,
                terms: .init(currency: yen, freeDays: 3, minimum: 5, cap: 5), recordedAt: at),
            Stay(
                id: StayID(card: name("0A"), aid: instance, ordinal: 1), provider: name("city"),
                application: name("purse"), holder: name("4711"), since: at, until: at, byteCount: 804,
                digest: [9]),
            Stay(
                id: StayID(card: name("0A"), aid: instance, ordinal: 2), provider: name("city"),
                application: name("purse"), since: at, byteCount: 0),
        ]
    }
}
