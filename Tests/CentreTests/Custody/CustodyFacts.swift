import CardManagement
import Centre
import GlobalPlatform
import SmartCard

/// A stay and what cards say about it, for the tables of these tests.
enum CustodyFacts {
    static let cardA = card("45414D-0A")
    static let cardB = card("45414D-0B")
    static let cardC = card("45414D-0C")
    static let lineage = [UInt8](repeating: 0xB9, count: 16)
    static let otherLineage = [UInt8](repeating: 0x11, count: 16)
    static let digest = [UInt8](repeating: 0xD1, count: 32)
    static let otherDigest = [UInt8](repeating: 0xD2, count: 32)
    static let zeros = [UInt8](repeating: 0, count: 32)
    static let generation: UInt32 = 8
    static let opened = Instant(milliseconds: 1_000)
    static let heldSince = Instant(milliseconds: 2_000)
    static let now = Instant(milliseconds: 3_000)

    static func card(_ text: String) -> CardID { made { try CardID(text) } }
    static func aid(_ text: String) -> AID { made { try AID(hex: text) } }
    static let purse = aid("F042657274680201")

    /// Literals of tests; one that is wrong is a mistake in the test.
    static func made<Value>(_ body: () throws -> Value) -> Value {
        do { return try body() } catch { preconditionFailure("\(error)") }
    }

    static let states: [(name: String, state: Custody.State)] = [
        ("frozen", .frozen), ("provisional", .provisional), ("surrendering", .surrendering),
        ("held", .held(since: heldSince)), ("returning", .returning(to: cardB, since: heldSince)),
        ("returned", .returned(to: cardB, at: heldSince)),
        ("discarded", .discarded(at: heldSince, reason: "thawed")),
    ]

    static func state(_ name: String) -> Custody.State {
        states.first { $0.name == name }?.state ?? .frozen
    }

    static func opening(_ parking: Release.Parking = .contract) -> CustodyOpening {
        made {
            CustodyOpening(
                card: cardA, aid: purse, ordinal: 1,
                release: ReleaseID(try ApplicationID("purse"), try ReleaseVersion("1.2")),
                provider: try ProviderID("city"), holder: try HolderNumber("U-1"), parking: parking,
                room: Room(nonVolatile: 4_096, volatile: 128))
        }
    }

    static func stay(
        _ state: Custody.State, parking: Release.Parking = .contract, generation: UInt32 = generation
    ) -> Custody {
        let opening = opening(parking)
        let hasImage = parking == .contract
        var stay = Custody(
            card: opening.card, aid: opening.aid, ordinal: 1, release: opening.release,
            provider: opening.provider, holder: opening.holder, parking: parking, state: state,
            generation: hasImage ? generation : 0, lineage: hasImage ? lineage : [],
            format: hasImage ? 0x4545_0001 : 0, imageBytes: hasImage ? 25 : 0,
            digest: hasImage ? digest : [], room: opening.room, openedAt: opened)
        switch state {
        case .held, .returning, .returned: stay.heldSince = heldSince
        case .frozen, .provisional, .surrendering, .discarded: break
        }
        return stay
    }

    static func status(
        _ state: ParkingState, _ generation: UInt32 = generation, lineage: [UInt8] = lineage,
        digest: [UInt8] = digest, received: Int = 0
    ) -> ParkingStatus {
        ParkingStatus(
            result: .done, state: state, generation: generation, lineage: lineage, format: 0x4545_0001,
            byteCount: state == .vacant ? 0 : 25, received: received, digest: digest)
    }

    static func says(
        _ state: ParkingState, _ generation: UInt32 = generation, lineage: [UInt8] = lineage,
        digest: [UInt8] = digest, received: Int = 0
    ) -> InstanceEvidence {
        .status(status(state, generation, lineage: lineage, digest: digest, received: received))
    }
}
