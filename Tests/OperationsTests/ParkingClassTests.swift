import CardCrypto
import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Parking by class")
struct ParkingClassTests {
    private static func prepared(
        _ parking: Release.Parking, _ profile: String = "javacard-80k"
    ) throws -> (bench: DeskBench, card: VirtualCard, id: CardID) {
        let bench = try DeskBench(parkings: [.loyalty: parking])
        let (card, id) = try bench.makeCard(profile)
        try bench.visit(card, id)
        try bench.wish("add", [.add(application: VisitBench.id(.loyalty).application)], on: id)
        try bench.visitUntilEnd(card, id, "add")
        return (bench, card, id)
    }

    private static let loyalty = VisitBench.id(.loyalty).application

    /// What its personalisation wrote: the member's number.
    private static func member(_ card: VirtualCard) throws -> String {
        try DeskBench.ask(card, .loyalty, "8014000000")
    }

    @Test(
        "without data of its own it leaves and comes back as it was made, torn at every command",
        arguments: [Release.Parking.stateless, .rePersonalised])
    func tears(parking: Release.Parking) throws {
        for isCarriedOut in [false, true] {
            for point in stride(from: 0, to: 200, by: 2) {
                let (bench, card, id) = try Self.prepared(parking)
                let name = "\(parking), \(point), \(isCarriedOut)"
                let made = try Self.member(card)
                bench.tear = (bench.exchanges + point, isCarriedOut)
                try bench.wish("park", [.park(application: Self.loyalty)], on: id)
                try bench.visitUntilEnd(card, id, "park", name)
                #expect(card.contents.application(ExampleApplication.loyalty.module) == nil)
                let stay = try #require(try bench.stays(of: id).last)
                guard case .held = stay.state else {
                    Issue.record("\(name): \(stay.state)")
                    return
                }
                #expect(stay.imageBytes == 0)
                try bench.wish("back", [.restore(stay.key)], on: id)
                try bench.visitUntilEnd(card, id, "back", name)
                #expect(try Self.member(card) == made, "\(name)")
                guard case .returned? = try bench.stays(of: id).last?.state else {
                    Issue.record("\(name): \(try bench.stays(of: id))")
                    return
                }
                #expect(try bench.record(id).card.inventory?.drift == nil, "\(name)")
                if bench.tear != nil { break }
            }
        }
    }

    @Test(
        "a new release takes the place of the old one, and nothing is left in custody",
        arguments: [Release.Parking.contract, .stateless, .rePersonalised])
    func update(parking: Release.Parking) throws {
        for point in [-1] + Array(stride(from: 0, to: 240, by: 5)) {
            let (bench, card, id) = try Self.prepared(parking)
            let made = try Self.member(card)
            if parking == .contract { _ = try DeskBench.ask(card, .loyalty, "8010000004000003E8") }
            let before = try Self.member(card)
            try bench.publish(.loyalty, "1.1", parking: parking)
            let release = ReleaseID(Self.loyalty, try ReleaseVersion("1.1"))
            if point >= 0 { bench.tear = (bench.exchanges + point, point.isMultiple(of: 2)) }
            let plan = try bench.plan(for: [.update(to: release)], on: id)
            try bench.wish("update", [.update(to: release)], on: id)
            try bench.visitUntilEnd(card, id, "update", "\(parking), \(point)")
            #expect(try Self.member(card) == (parking == .contract ? before : made), "\(parking), \(point)")
            #expect(try bench.record(id).application(ExampleApplication.loyalty.module)?.release == release)
            #expect(try bench.stays(of: id).allSatisfy { !$0.isOpen }, "\(parking), \(point)")
            #expect(try bench.record(id).card.inventory?.drift == nil, "\(parking), \(point)")
            if point < 0 { #expect(bench.roundTrips <= plan.roundTrips, "\(parking)") }
            if point >= 0, bench.tear != nil { break }
        }
    }

    @Test("what must not be parked is refused with its reason, for an update as well")
    func never() throws {
        let (bench, _, id) = try Self.prepared(.never(reason: "its keys are this card's"))
        try bench.publish(.loyalty, "1.1", parking: .never(reason: "its keys are this card's"))
        let release = ReleaseID(Self.loyalty, try ReleaseVersion("1.1"))
        for wish in [Wish.park(application: Self.loyalty), .update(to: release)] {
            let plan = try bench.plan(for: [wish], on: id)
            #expect(plan.objections.map(\.kind) == [.cannotPark])
            #expect(plan.objections.first?.reason.contains("its keys are this card's") == true)
        }
    }
}
