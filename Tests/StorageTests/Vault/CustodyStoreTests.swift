import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("Custody in the store", .mission(.b6), .mission(.b7), .mission(.b10))
struct CustodyStoreTests {
    static let image = Secret([UInt8](0..<60))
    static let lineage = [UInt8](repeating: 0xB9, count: 16)

    static func status(_ state: ParkingState, _ generation: UInt32 = 8, digest: [UInt8]? = nil)
        -> ParkingStatus
    {
        var header = ParkingImage(
            generation: 8, lineage: lineage, format: 1, byteCount: image.count, digest: [])
        header.digest = header.digest(of: image)
        return ParkingStatus(
            result: .done, state: state, generation: generation, lineage: lineage, format: 1,
            byteCount: image.count, received: 0, digest: digest ?? header.digest)
    }

    static func opening(
        _ card: CardID, parking: Release.Parking = .contract
    ) throws -> CustodyOpening {
        CustodyOpening(
            card: card, aid: try AID(hex: "F042657274680201"), ordinal: 0,
            release: ReleaseID(try ApplicationID("purse"), try ReleaseVersion("1.2")),
            provider: try ProviderID("city"), parking: parking, room: Room(nonVolatile: 4_096))
    }

    private let store: SQLiteStore
    private let vault: SoftwareVault

    init() throws {
        store = try SQLiteStore.inMemory()
        vault = try VaultBench.inMemory()
    }

    /// As an exchange begins one: written down with the next number.
    static func open(
        _ card: CardID, ordinal: Int = 1, generation: UInt32 = 8, in transaction: any Transaction
    ) throws -> Custody {
        var opening = try opening(card)
        opening.ordinal = ordinal
        let stay = try Custody.open(opening, frozen: status(.frozen, generation), at: VaultBench.now)
        transaction.insert(stay)
        return stay
    }

    private func openStay(_ card: CardID) throws -> Custody {
        try store.write { try Self.open(card, in: $0) }
    }

    /// As an exchange keeps an image: what counts is what is read back.
    static func confirm(
        _ stay: Custody, in vault: SoftwareVault, _ transaction: any Transaction
    ) throws -> Custody {
        let image = try transaction.image(of: stay, in: vault)
        let event = CustodyEvent.imageKept(digest: stay.image.digest(of: image), byteCount: image.count)
        let next = try stay.after(event, at: VaultBench.now)
        transaction.put(next)
        return next
    }

    /// A card's row, whose chain of entries goes on from one transition to the next.
    static func card(_ id: CardID) throws -> Card {
        Card(
            id: id, profile: try ProfileName("test"), issuerDomain: try AID(hex: "A000000151000000"),
            keySet: .init(masterKey: try MasterKeyName("issuer"), version: 0x30, channel: .scp03),
            registeredAt: VaultBench.now)
    }

    static func go(
        _ event: CustodyEvent, _ stay: Custody, on card: inout Card, in transaction: any Transaction
    ) throws -> Custody {
        let act = Act(transaction, now: VaultBench.now, actor: .centre, entropy: SeededEntropy(seed: [1]))
        return try act.carryOn(stay, after: event, on: &card)
    }

    @Test("every state is stored and read again")
    func rows() throws {
        let card = try VaultBench.card(1)
        let other = try VaultBench.card(2)
        let at = VaultBench.now
        let states: [Custody.State] = [
            .frozen, .provisional, .surrendering, .held(since: at), .returning(to: other, since: at),
            .returned(to: other, at: at), .discarded(at: at, reason: "thawed"),
        ]
        let parkings: [Release.Parking] = [
            .contract, .stateless, .rePersonalised, .never(reason: "it is a key"),
        ]
        for state in states {
            for parking in parkings {
                var stay = try Custody.open(
                    try Self.opening(card), frozen: Self.status(.frozen), at: at)
                stay.ordinal = 1
                stay.state = state
                stay.parking = parking
                stay.holder = state == .frozen ? nil : try HolderNumber("U-1")
                try store.write { $0.put(stay) }
                #expect(try store.read { try $0.stay(card, stay.aid, 1) } == stay)
            }
        }
    }

    @Test("a row that makes no state is refused, not guessed")
    func malformedRows() throws {
        var stay = try Custody.open(
            try Self.opening(try VaultBench.card(1)), frozen: Self.status(.frozen), at: VaultBench.now)
        stay.ordinal = 1
        let index = try #require(Custody.table.columns.firstIndex { $0.name == "state" })
        for (offset, value) in [
            (0, StoredValue.text("lost")), (0, .text("held")), (1, .integer(1)), (3, .text("why")),
        ] {
            var row = stay.row
            row[index + offset] = value
            #expect(throws: RowError.self) {
                var reader = try RowReader(Custody.table, row)
                _ = try Custody(row: &reader)
            }
        }
    }

    @Test("an image comes piece by piece, is read back, and counts when the digests agree")
    func pieces() throws {
        let stay = try openStay(try VaultBench.card(1))
        let bytes = Self.image.withBytes { Array($0) }
        try store.write { transaction in
            #expect(throws: CustodyRefusal.incomplete(byteCount: 0, wanted: 60)) {
                try Self.confirm(stay, in: vault, transaction)
            }
            for offset in [0, 20, 0, 40] {
                _ = try transaction.keep(
                    Secret(bytes[offset..<offset + 20]), from: offset, of: stay, in: vault,
                    now: VaultBench.now)
            }
            #expect(throws: CustodyRefusal.self) {
                try transaction.keep(Secret([1]), from: 60, of: stay, in: vault, now: VaultBench.now)
            }
        }
        let kept = try store.write { try Self.confirm(stay, in: vault, $0) }
        #expect(kept.state == .provisional)
        #expect(try store.read { try $0.image(of: kept, in: vault) }.matches(Self.image))
        #expect(try store.read { try $0.stay(stay.card, stay.aid, 1) } == kept)
    }

    @Test("other bytes than the card froze never count")
    func wrongBytes() throws {
        let stay = try openStay(try VaultBench.card(1))
        #expect(throws: CustodyRefusal.otherDigest) {
            try store.write { transaction in
                _ = try transaction.keep(
                    Secret([UInt8](repeating: 0, count: 60)), from: 0, of: stay, in: vault,
                    now: VaultBench.now)
                _ = try Self.confirm(stay, in: vault, transaction)
            }
        }
        // The transaction that was refused left nothing.
        #expect(try store.read { try $0.all(VaultRecord.self, Query(VaultRecord.table)) }.isEmpty)
        #expect(try store.read { try $0.stay(stay.card, stay.aid, 1) }.state == .frozen)
    }

    @Test("one open stay per instance; the next stay has the next number")
    func oneAtATime() throws {
        let id = try VaultBench.card(1)
        let stay = try openStay(id)
        #expect(throws: StoreFailure.duplicate(table: "custody")) {
            try store.write { _ = try Self.open(id, ordinal: 2, generation: 10, in: $0) }
        }
        var card = try Self.card(id)
        try store.write { transaction in
            _ = try Self.go(.thawed(.status(Self.status(.active, 9))), stay, on: &card, in: transaction)
        }
        let next = try store.write { try Self.open(id, ordinal: 2, generation: 10, in: $0) }
        #expect(next.ordinal == 2 && next.generation == 10)
    }

    @Test("a stay that has ended leaves nothing in the vault", .mission(.point1))
    func ended() throws {
        let (home, away) = (try VaultBench.card(1), try VaultBench.card(2))
        var stay = try openStay(home)
        stay = try store.write { transaction in
            _ = try transaction.keep(Self.image, from: 0, of: stay, in: vault, now: VaultBench.now)
            return try Self.confirm(stay, in: vault, transaction)
        }
        var card = try Self.card(home)
        func look(_ card: CardID, _ evidence: InstanceEvidence) -> Judgement {
            Judgement(Sighting(card: card, aid: stay.aid, evidence: evidence), stay: stay)
        }
        func go(_ event: CustodyEvent?) throws {
            guard let event else {
                Issue.record("nothing was proved")
                return
            }
            try store.write { transaction in
                stay = try Self.go(event, stay, on: &card, in: transaction)
            }
        }
        #expect(look(home, .status(Self.status(.frozen))).next == .surrenderOrThaw)
        try go(.surrenderIntended)
        #expect(stay.state == .surrendering)
        try go(look(home, .status(Self.status(.vacant))).proves)
        #expect(look(home, .status(Self.status(.vacant))).next == .deleteOrImport)
        try go(.returnIntended(to: away))
        #expect(stay.state == .returning(to: away, since: VaultBench.now))
        #expect(look(away, .absent).next == .beginImport)
        #expect(try store.read { try $0.all(VaultRecord.self, Query(VaultRecord.table)) }.count == 1)
        try go(look(away, .status(Self.status(.active, 9))).proves)
        #expect(try store.read { try $0.all(VaultRecord.self, Query(VaultRecord.table)) }.isEmpty)
        #expect(
            try store.read { try $0.stay(home, stay.aid, 1) }.state
                == .returned(to: away, at: VaultBench.now))
        // What is left on the first card is never thawed.
        #expect(look(home, .status(Self.status(.frozen))).next == .surrenderAndDelete)
    }
}
