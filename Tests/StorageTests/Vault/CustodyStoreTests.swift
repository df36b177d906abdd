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

    private func openStay(_ card: CardID) throws -> Custody {
        try store.write {
            try $0.openCustody(
                of: try Self.opening(card), frozen: Self.status(.frozen), now: VaultBench.now)
        }
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
                try transaction.confirmKept(stay, in: vault, now: VaultBench.now)
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
        let kept = try store.write { try $0.confirmKept(stay, in: vault, now: VaultBench.now) }
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
                _ = try transaction.confirmKept(stay, in: vault, now: VaultBench.now)
            }
        }
        // The transaction that was refused left nothing.
        #expect(try store.read { try $0.all(VaultRecord.self, Query(VaultRecord.table)) }.isEmpty)
        #expect(try store.read { try $0.stay(stay.card, stay.aid, 1) }.state == .frozen)
    }

    @Test("one open stay per instance, one home per lineage; the next stay has the next number")
    func oneAtATime() throws {
        let card = try VaultBench.card(1)
        let stay = try openStay(card)
        // The same freeze again is the same stay.
        #expect(try openStay(card) == stay)
        #expect(throws: CustodyRefusal.alreadyOpen(ordinal: 1)) {
            try store.write {
                try $0.openCustody(
                    of: try Self.opening(card), frozen: Self.status(.frozen, 10), now: VaultBench.now)
            }
        }
        #expect(throws: CustodyRefusal.lineageElsewhere(card)) { try openStay(try VaultBench.card(2)) }
        var second = stay
        second.ordinal = 2
        let copy = second
        #expect(throws: StoreFailure.duplicate(table: "custody")) { try store.write { $0.insert(copy) } }
        _ = try store.write {
            try $0.apply(
                .thawed(.status(Self.status(.active, 9))), to: stay, now: VaultBench.now)
        }
        let next = try store.write {
            try $0.openCustody(
                of: try Self.opening(card), frozen: Self.status(.frozen, 10), now: VaultBench.now)
        }
        #expect(next.ordinal == 2 && next.generation == 10)
    }

    @Test("a stay that has ended leaves nothing in the vault", .mission(.point1))
    func ended() throws {
        let (home, away) = (try VaultBench.card(1), try VaultBench.card(2))
        let stay = try openStay(home)
        try store.write { transaction in
            _ = try transaction.keep(Self.image, from: 0, of: stay, in: vault, now: VaultBench.now)
            _ = try transaction.confirmKept(stay, in: vault, now: VaultBench.now)
        }
        func look(_ card: CardID, _ evidence: InstanceEvidence) throws -> Judgement.Next {
            try store.write {
                try $0.judge(
                    Sighting(card: card, aid: stay.aid, evidence: evidence), now: VaultBench.now
                ).judgement.next
            }
        }
        func go(_ event: CustodyEvent) throws -> Custody.State {
            try store.write {
                try $0.apply(event, to: try $0.stay(home, stay.aid, 1), now: VaultBench.now)
            }.state
        }
        #expect(try look(home, .status(Self.status(.frozen))) == .surrenderOrThaw)
        #expect(try go(.surrenderIntended) == .surrendering)
        #expect(try look(home, .status(Self.status(.vacant))) == .deleteOrImport)
        #expect(try go(.returnIntended(to: away)) == .returning(to: away, since: VaultBench.now))
        #expect(try look(away, .absent) == .beginImport)
        #expect(try store.read { try $0.all(VaultRecord.self, Query(VaultRecord.table)) }.count == 1)
        #expect(try look(away, .status(Self.status(.active, 9))) == .nothing)
        #expect(try store.read { try $0.all(VaultRecord.self, Query(VaultRecord.table)) }.isEmpty)
        #expect(
            try store.read { try $0.stay(home, stay.aid, 1) }.state
                == .returned(to: away, at: VaultBench.now))
        // What is left on the first card is never thawed.
        #expect(try look(home, .status(Self.status(.frozen))) == .surrenderAndDelete)
    }
}
