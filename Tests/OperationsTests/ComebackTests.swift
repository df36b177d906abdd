import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("What a failed operation brings back")
struct ComebackTests {
    private static let loyalty = VisitBench.id(.loyalty).application

    /// A release like the first of an example, with a script that no card takes.
    private static func publishBad(
        _ example: ExampleApplication, _ bench: DeskBench, parking: Release.Parking
    ) throws -> ReleaseID {
        let id = ReleaseID(VisitBench.id(example).application, try ReleaseVersion("6.6"))
        try bench.act { act in
            var release = try #require(
                try act.transaction.find(Release.self, key: .text(example.rawValue), .text("1.0")))
            release.id = id
            release.life = .draft
            release.parking = parking
            release.personalisation = [[0xE2, 0x03, 0xC1, 0x01, 0x11]]
            try act.draft(release)
            try act.publish(id)
        }
        return id
    }

    /// What the personalisation wrote into an instance: the member's number.
    private static func member(_ card: VirtualCard, _ aid: AID) throws -> String {
        card.powerOn()
        _ = card.process(CommandAPDU.select(aid).bytes)
        return try TestChannel(card).exchange(CommandAPDU(parsing: try Hex.decode("8014000000"))).bytes.hex
    }

    private static func expectFailure(_ bench: DeskBench, _ card: VirtualCard, _ id: CardID) throws {
        for _ in 0..<4 where try bench.operation("bad", on: id)?.isOpen == true { try bench.visit(card, id) }
        guard case .ended(.failed(let reason, let next))? = try bench.operation("bad", on: id)?.state else {
            Issue.record("\(String(describing: try bench.operation("bad", on: id)?.state))")
            return
        }
        #expect(reason.code == .cardRefused)
        #expect(next == "The card is as it was before. Mend what the reason says, and ask again.")
        #expect(try bench.stays(of: id).allSatisfy { !$0.isOpen })
        #expect(try bench.record(id).card.inventory?.drift == nil)
    }

    @Test(
        "what was parked beside a refused script is personalised as it was",
        arguments: [Release.Parking.stateless, .rePersonalised])
    func personalised(parking: Release.Parking) throws {
        let bench = try DeskBench(parkings: [.loyalty: parking])
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        try bench.wish("add", [.add(application: Self.loyalty)], on: id)
        try bench.visitUntilEnd(card, id, "add")
        let made = try Self.member(card, ExampleApplication.loyalty.module)
        let bad = try Self.publishBad(.pass, bench, parking: .contract)
        try bench.wish("bad", [.park(application: Self.loyalty), .addRelease(bad)], on: id)
        try Self.expectFailure(bench, card, id)
        #expect(try Self.member(card, ExampleApplication.loyalty.module) == made)
        #expect(card.contents.application(ExampleApplication.pass.module) == nil)
    }

    @Test(
        "the script of a release goes to its first instance only",
        arguments: [Release.Parking.stateless, .rePersonalised])
    func instances(parking: Release.Parking) throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        let both = ReleaseID(Self.loyalty, try ReleaseVersion("2.0"))
        let second = try AID(hex: "F04265727468FE07")
        try bench.act { act in
            var release = try #require(
                try act.transaction.find(Release.self, key: .text("loyalty"), .text("1.0")))
            release.id = both
            release.life = .draft
            release.parking = parking
            release.instances.append(
                .init(
                    aid: second, module: ExampleApplication.loyalty.module,
                    loadFile: ExampleApplication.loyalty.loadFile, declared: Room(nonVolatile: 300)))
            try act.draft(release)
            try act.publish(both)
        }
        try bench.wish("add", [.addRelease(both)], on: id)
        try bench.visitUntilEnd(card, id, "add")
        let aids = [ExampleApplication.loyalty.module, second]
        let made = try aids.map { try Self.member(card, $0) }
        #expect(made[0] != made[1])
        let bad = try Self.publishBad(.pass, bench, parking: .contract)
        try bench.wish("bad", [.park(application: Self.loyalty), .addRelease(bad)], on: id)
        try Self.expectFailure(bench, card, id)
        #expect(try aids.map { try Self.member(card, $0) } == made)
    }

    /// How a release and the next one leave a card.
    static let means: [(Release.Parking, Release.Parking)] = [
        (.stateless, .contract), (.rePersonalised, .contract), (.stateless, .rePersonalised),
        (.rePersonalised, .stateless), (.stateless, .stateless), (.rePersonalised, .rePersonalised),
    ]

    @Test("a new release that the card refuses leaves the old one as it was", arguments: means)
    func update(old: Release.Parking, new: Release.Parking) throws {
        let bench = try DeskBench(parkings: [.loyalty: old])
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        try bench.wish("add", [.add(application: Self.loyalty)], on: id)
        try bench.visitUntilEnd(card, id, "add")
        let module = ExampleApplication.loyalty.module
        let made = try Self.member(card, module)
        let bad = try Self.publishBad(.loyalty, bench, parking: new)
        let plan = try bench.plan(for: [.update(to: bad)], on: id)
        #expect(plan.custodyPerDay.isEmpty)
        try bench.wish("bad", [.update(to: bad)], on: id)
        try Self.expectFailure(bench, card, id)
        #expect(try Self.member(card, module) == made)
        #expect(try bench.record(id).application(module)?.release == VisitBench.id(.loyalty))
    }

    @Test("a new release that leaves by other means takes the old one's place, and nothing stays in custody")
    func otherMeans() throws {
        for point in [-1] + Array(stride(from: 0, to: 240, by: 12)) {
            let bench = try DeskBench(parkings: [.loyalty: .rePersonalised])
            let (card, id) = try bench.makeCard()
            try bench.visit(card, id)
            try bench.wish("add", [.add(application: Self.loyalty)], on: id)
            try bench.visitUntilEnd(card, id, "add")
            let module = ExampleApplication.loyalty.module
            let made = try Self.member(card, module)
            try bench.publish(.loyalty, "1.1", parking: .contract)
            let release = ReleaseID(Self.loyalty, try ReleaseVersion("1.1"))
            if point >= 0 { bench.tear = (bench.exchanges + point, point.isMultiple(of: 24)) }
            try bench.wish("update", [.update(to: release)], on: id)
            try bench.visitUntilEnd(card, id, "update", "\(point)")
            #expect(try Self.member(card, module) == made, "\(point)")
            #expect(try bench.record(id).application(module)?.release == release, "\(point)")
            #expect(try bench.stays(of: id).map(\.isOpen) == [false], "\(point)")
            #expect(try bench.record(id).card.inventory?.drift == nil, "\(point)")
            if point >= 0, bench.tear != nil { break }
        }
    }

    @Test("of a removal for good that came too late nobody says that it is in custody")
    func lateRemoval() throws {
        for point in 0..<60 {
            let bench = try DeskBench()
            let (card, id) = try bench.makeCard()
            try bench.visit(card, id)
            let purse = VisitBench.id(.purse).application
            try bench.wish("add", [.add(application: purse)], on: id)
            try bench.visitUntilEnd(card, id, "add")
            try bench.wish("remove", [.remove(application: purse)], on: id, hours: 1)
            bench.tear = (bench.exchanges + point, true)
            try bench.visit(card, id)
            guard let torn = try bench.operation("remove", on: id), torn.isPastReturn else { continue }
            #expect(torn.isOpen, "\(point)")
            bench.clock.advance(by: .seconds(3_700))
            #expect(try bench.desk.expire() == 1)
            guard case .ended(.failed(_, let next))? = try bench.operation("remove", on: id)?.state else {
                Issue.record("\(String(describing: try bench.operation("remove", on: id)?.state))")
                return
            }
            #expect(
                next == "What of it was carried out shows when the card is at a terminal; ask again then.")
            return
        }
        Issue.record("the removal was never sent")
    }
}
