import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import Storage

/// What the tests of cards and room are made of.
enum RoomFacts {
    static let start = Instant(milliseconds: 1_795_261_043_000)

    static func id(_ text: String = "42-01") -> CardID { must { try CardID(text) } }
    static func provider(_ text: String) -> ProviderID { must { try ProviderID(text) } }
    static func application(_ text: String) -> ApplicationID { must { try ApplicationID(text) } }
    static func release(_ text: String, _ version: String = "1.0") -> ReleaseID {
        ReleaseID(application(text), must { try ReleaseVersion(version) })
    }
    static func aid(_ hex: String) -> AID { must { try AID(hex: hex) } }
    /// A package's, and its instance's below it.
    static func file(_ number: UInt8) -> AID { aid("F0426572" + [0x10, number].hex) }
    static func instance(_ number: UInt8) -> AID { aid("F0426572" + [0x10, number, 1].hex) }

    static func must<Value>(_ make: () throws -> Value) -> Value {
        do { return try make() } catch { preconditionFailure("a fact of the tests is wrong: \(error)") }
    }

    static func model(
        quotas: Bool = false, block: Int = 32, total: Room = Room(nonVolatile: 65_536, volatile: 2_048)
    ) -> CardModel {
        CardModel(
            profile: must { try ProfileName("test-64k") }, total: total, blockBytes: block,
            loadFileOverheadBytes: 64, instanceBytes: 160, domainBytes: 480, hasQuotas: quotas)
    }

    static func sizes(quotas: Bool = false) -> SizeBook { SizeBook(model: model(quotas: quotas)) }

    static func card(_ id: CardID = id(), life: Card.Life = .active) -> Card {
        Card(
            id: id, profile: must { try ProfileName("test-64k") }, issuerDomain: aid("A000000151000000"),
            keySet: .init(
                masterKey: must { try MasterKeyName("fleet") }, version: 0x30, channel: .scp03,
                diversificationData: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
            life: life, issueNumber: 0, registeredAt: start)
    }

    /// A card that was read once, with nothing on it.
    static func dossier(free: Room? = Room(nonVolatile: 65_536, volatile: 2_048)) -> CardDossier {
        var card = card()
        card.inventory = .init(
            readAt: start, lifeCycle: 0x0F, free: free, sum: free, digest: CardContents().registryDigest)
        return CardDossier(card: card)
    }

    static func owner(
        _ id: String, roomPerCard: Room = Room(nonVolatile: 40_000, volatile: 2_048), cardsMax: Int = 1_000,
        life: Provider.Life = .active
    ) -> Provider {
        Provider(
            id: provider(id), name: id, life: life,
            limits: .init(roomPerCard: roomPerCard, cardsMax: cardsMax))
    }

    static func reservation(
        _ id: String, _ nonVolatile: Int, volatile: Int = 0, quota: Int? = nil, domain: String? = nil,
        privileges: Privileges = [], channels: Int = 0, services: [String] = [], libraries: [AID] = []
    ) -> Reservation {
        Reservation(
            provider: provider(id), room: Room(nonVolatile: nonVolatile, volatile: volatile),
            quota: quota.map { Room(nonVolatile: $0, volatile: volatile) }, domain: domain.map { aid($0) },
            privileges: privileges.rawValue, logicalChannels: channels, services: services,
            libraries: libraries)
    }

    /// The catalogue of a few releases: application `purse` of provider `bank` is release `purse@1.0`, and so on.
    static func names(_ parts: [(owner: String, application: String, number: UInt8)]) -> CatalogueNames {
        var names = CatalogueNames()
        for part in parts {
            names.add(application(part.application), of: provider(part.owner))
            names.add(
                instance(part.number),
                CatalogueNames.Instance(release: release(part.application), loadFile: file(part.number)))
            names.add(
                file(part.number),
                CatalogueNames.LoadFile(release: release(part.application), digest: digest(part.number)))
        }
        return names
    }

    static func digest(_ number: UInt8) -> [UInt8] { [UInt8](repeating: number, count: 32) }

    static func application(
        _ number: UInt8, _ release: ReleaseID? = nil, bytes: Int? = nil, domain: AID? = nil
    ) -> InstalledApplication {
        InstalledApplication(
            card: id(), aid: instance(number), lifeCycle: 0x07, loadFile: file(number), domain: domain,
            release: release, measured: bytes.map { Room(nonVolatile: $0) })
    }

    static func loadFile(_ number: UInt8, bytes: Int? = nil, domain: AID? = nil) -> InstalledLoadFile {
        InstalledLoadFile(
            card: id(), aid: file(number), lifeCycle: 0x01, version: [1, 0], modules: [instance(number)],
            domain: domain, digest: digest(number), measured: bytes.map { Room(nonVolatile: $0) })
    }

    // MARK: A store

    static func store() throws -> SQLiteStore {
        let store = try SQLiteStore(.memory, mode: .direct)
        try store.migrate(to: .current)
        return store
    }

    static let anOperator = Act.Actor.operator(must { try OperatorID("op") })
}

extension Store {
    /// One act in one transaction.
    @discardableResult
    func act<Result: Sendable>(
        _ actor: Act.Actor = RoomFacts.anOperator, request: String? = nil,
        at now: Instant = RoomFacts.start, _ body: (Act) throws -> Result
    ) throws -> Result {
        try write { transaction in
            try body(
                Act(
                    transaction, now: now, actor: actor,
                    request: request.map { text in RoomFacts.must { try RequestID(text) } },
                    entropy: SeededEntropy(seed: [1])))
        }
    }

    func dossier(_ id: CardID = RoomFacts.id()) throws -> CardDossier {
        let dossier = try read { try $0.dossier(of: id) }
        guard let dossier else { throw CardRefusal.unknown(id) }
        return dossier
    }

    /// Puts a card there as it is, without a note.
    func place(_ dossier: CardDossier) throws {
        try write { transaction in
            transaction.insert(dossier.card)
            for row in dossier.applications { transaction.insert(row) }
            for row in dossier.loadFiles { transaction.insert(row) }
            for row in dossier.berths { transaction.insert(row) }
            for row in dossier.findings { transaction.insert(row) }
        }
    }
}
