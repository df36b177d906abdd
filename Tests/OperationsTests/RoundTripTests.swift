import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Round trips")
struct RoundTripTests {
    /// Where what leaves and what comes stand.
    enum Place: String, CaseIterable {
        case issuer
        /// Room is kept for the bank by the card.
        case berth
        /// The bank has a domain with keys of its own.
        case ownDomain
        case both
    }

    private static let profiles = [
        ("javacard-80k", 6), ("javacard-80k-scp02", 6), ("uicc-64k", 6), ("javacard-80k-predictable", 4),
        (DeskBench.ownKeys, 3),
    ]

    static let situations: [(profile: String, most: Int, place: Place, isLeaving: Bool)] = profiles.flatMap {
        profile, most in
        Place.allCases.flatMap { place in
            [true, false].map { (profile, most, place, $0) }
        }
    }

    @Test(
        "adding one with one parked takes at most six, four with a predictable challenge, three where no other card has the keys",
        arguments: situations.indices)
    func oneOutOneIn(_ index: Int) throws {
        let (profile, most, place, isLeaving) = Self.situations[index]
        let bench = try DeskBench()
        let hasOwnDomain = place == .ownDomain || place == .both
        let (card, id) = try bench.makeCard(profile) { card in
            guard hasOwnDomain else { return }
            try OwnDomainTests.makeDomain(on: card, isRoot: false)
            try bench.act { act in
                try act.changeProvider(ProviderID("bank"), domains: [AID(hex: "F042616E6B")])
            }
        }
        try bench.visit(card, id)
        if place == .berth || place == .both {
            let reservation = Reservation(
                provider: try ProviderID("bank"), room: Room(nonVolatile: 9_000),
                domain: try AID([0xF0, 0x42, 0x65, 0x72, 0x74, 0x68, 0x6B, 0x01]))
            try bench.wish("reserve", [.reserve(reservation)], on: id)
            if try bench.operation("reserve", on: id)?.isOpen == true {
                try bench.visitUntilEnd(card, id, "reserve")
            }
        }
        // The purse is the bank's.
        let (leaving, coming): (ExampleApplication, ExampleApplication) =
            isLeaving ? (.purse, .loyalty) : (.loyalty, .purse)
        try bench.wish("first", [.add(application: VisitBench.id(leaving).application)], on: id)
        try bench.visitUntilEnd(card, id, "first")
        let wishes: [Wish] = [
            .park(application: VisitBench.id(leaving).application),
            .add(application: VisitBench.id(coming).application),
        ]
        let plan = try bench.plan(for: wishes, on: id)
        try bench.wish("swap", wishes, on: id)
        try bench.visit(card, id)
        let state = try bench.operation("swap", on: id)?.state
        #expect(state == .ended(.done), "\(profile), \(place)")
        #expect(bench.roundTrips <= most, "\(profile), \(place): \(bench.roundTrips)")
        #expect(bench.roundTrips <= plan.roundTrips, "\(profile), \(place)")
        // Whose the keys are a plan does not know: that is asked of the vault, when a visit begins.
        let mostPlanned = profile == DeskBench.ownKeys ? most + 1 : most
        #expect(plan.roundTrips <= mostPlanned, "\(profile), \(place): \(plan.roundTrips)")
        try BerthOperationTests.checkAccount(bench, card, id, "\(profile), \(place)")
        guard hasOwnDomain, !isLeaving else { return }
        #expect(
            card.contents.application(ExampleApplication.purse.module)?.domain == OwnDomainTests.domain)
    }
}
