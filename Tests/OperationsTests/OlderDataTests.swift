import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

/// An application that was added anew while its data were in custody.
@Suite("Beside older data in custody")
struct OlderDataTests {
    private static let purse = VisitBench.id(.purse).application
    private static let profiles = [
        "javacard-80k", "javacard-80k-scp02", "javacard-80k-predictable", "small-16k",
    ]

    /// A purse with 100.00 is in custody, and a new one with other data stands on the card.
    private static func prepared(_ profile: String) throws -> (
        bench: DeskBench, card: VirtualCard, id: CardID
    ) {
        let bench = try DeskBench(copyable: [.purse])
        let (card, id) = try bench.makeCard(profile)
        try bench.visit(card, id)
        try bench.wish("add", [.add(application: purse)], on: id)
        try bench.visitUntilEnd(card, id, "add")
        _ = try DeskBench.ask(card, .purse, "803200000400002710")
        try bench.wish("park", [.park(application: purse)], on: id)
        try bench.visitUntilEnd(card, id, "park")
        try bench.wish("anew", [.add(application: purse)], on: id)
        try bench.visitUntilEnd(card, id, "anew")
        return (bench, card, id)
    }

    @Test("no plan takes what is on the card away", arguments: profiles)
    func plans(profile: String) throws {
        let (bench, card, id) = try Self.prepared(profile)
        let balance = try DeskBench.ask(card, .purse, "8030000000")
        try bench.publish(.purse, "1.1")
        let update = ReleaseID(Self.purse, try ReleaseVersion("1.1"))
        let wishes: [Wish] = [
            .park(application: Self.purse), .snapshot(application: Self.purse), .update(to: update),
        ]
        for wish in wishes {
            let plan = try bench.plan(for: [wish], on: id)
            #expect(plan.objections.contains { $0.kind == .cannotPark }, "\(wish)")
            #expect(throws: OperationRefusal.self) {
                try bench.desk.request(
                    RequestID("refused"), plan, deadline: bench.clock.now.advanced(by: .seconds(60)),
                    by: .centre)
            }
        }
        // Room for more than there is: whoever leaves, the purse does not.
        let more = try bench.plan(
            for: [
                .add(application: VisitBench.id(.pass).application),
                .add(application: VisitBench.id(.loans).application),
            ],
            on: id)
        #expect(!more.leaving.contains { $0.application == Self.purse })
        #expect(try DeskBench.ask(card, .purse, "8030000000") == balance)
    }

    @Test("nor do steps that were planned before", arguments: profiles)
    func steps(profile: String) throws {
        let (bench, card, id) = try Self.prepared(profile)
        let balance = try DeskBench.ask(card, .purse, "8030000000")
        let held = try #require(try bench.stays(of: id).last)
        try bench.request("again", VisitBench.parking(.purse), on: id)
        for _ in 0..<6 where try bench.operation("again", on: id)?.isOpen == true {
            try bench.visit(card, id)
        }
        guard case .ended(.failed(let reason, _))? = try bench.operation("again", on: id)?.state else {
            Issue.record("\(String(describing: try bench.operation("again", on: id)?.state))")
            return
        }
        #expect(reason.code == .imageNotKept)
        #expect(try DeskBench.ask(card, .purse, "8030000000") == balance)
        #expect(try bench.stays(of: id).last == held)
    }

    @Test(
        "once the older data are given up it can be parked and comes back with its own", arguments: profiles)
    func dismissed(profile: String) throws {
        let (bench, card, id) = try Self.prepared(profile)
        _ = try DeskBench.ask(card, .purse, "803200000400000064")
        let balance = try DeskBench.ask(card, .purse, "8030000000")
        let held = try #require(try bench.stays(of: id).last)
        try bench.act { act in
            var record = try act.dossier(of: id).card
            _ = try act.dismiss(held, reason: "not wanted", on: &record)
            act.transaction.put(record)
        }
        try bench.wish("park-new", [.park(application: Self.purse)], on: id)
        try bench.visitUntilEnd(card, id, "park-new")
        let stay = try #require(try bench.stays(of: id).last)
        #expect(stay.ordinal == held.ordinal + 1 && stay.lineage != held.lineage)
        try bench.wish("back", [.restore(stay.key)], on: id)
        try bench.visitUntilEnd(card, id, "back")
        #expect(try DeskBench.ask(card, .purse, "8030000000") == balance)
    }

    /// The deadline of a return passes while its card is away: nobody knows what of it stands there.
    @Test(
        "nothing is added in the place of data that are on their way to the card, and they come back whole",
        arguments: ["javacard-80k", "small-16k"])
    func promised(profile: String) throws {
        var promised = 0
        for point in stride(from: 4, to: 84, by: 8) {
            let bench = try DeskBench()
            let (card, id) = try bench.makeCard(profile)
            try bench.visit(card, id)
            try bench.wish("add", [.add(application: Self.purse)], on: id)
            try bench.visitUntilEnd(card, id, "add")
            _ = try DeskBench.ask(card, .purse, "803200000400002710")
            let balance = try DeskBench.ask(card, .purse, "8030000000")
            try bench.wish("park", [.park(application: Self.purse)], on: id)
            try bench.visitUntilEnd(card, id, "park")
            let key = try #require(try bench.stays(of: id).first).key
            try bench.wish("restore", [.restore(key)], on: id, hours: 1)
            bench.tear = (bench.exchanges + point, true)
            try bench.visit(card, id)
            guard bench.tear == nil else { break }
            bench.clock.advance(by: .seconds(3_700))
            // Torn behind its end there is nothing to expire, and before the return nothing is on its way.
            guard try bench.desk.expire() == 1,
                case .returning(id, _)? = try bench.stays(of: id).first?.state
            else { continue }
            promised += 1
            for wish in [Wish.add(application: Self.purse), .addRelease(VisitBench.id(.purse))] {
                let plan = try bench.plan(for: [wish], on: id)
                #expect(plan.objections.map(\.kind) == [.nameTaken], "\(point)")
                #expect(throws: OperationRefusal.self, "\(point)") {
                    try bench.desk.request(
                        RequestID("anew"), plan, deadline: bench.clock.now.advanced(by: .seconds(60)),
                        by: .centre)
                }
            }
            #expect(try bench.operation("anew", on: id) == nil, "\(point)")
            try bench.wish("again", [.restore(key)], on: id)
            try bench.visitUntilEnd(card, id, "again", "\(point)")
            #expect(try DeskBench.ask(card, .purse, "8030000000") == balance, "\(point)")
            #expect(try bench.record(id).card.life == .active, "\(point)")
        }
        #expect(promised > 0)
    }

    @Test(
        "a release that cannot take them over stays on the card, whose old data stay in custody",
        arguments: profiles)
    func takenOver(profile: String) throws {
        let (bench, card, id) = try Self.prepared(profile)
        try bench.publish(.loyalty, "2.0", parking: .never(reason: "it has nothing to keep"))
        let loyalty = VisitBench.id(.loyalty).application
        try bench.wish("first", [.addRelease(VisitBench.id(.loyalty))], on: id)
        try bench.visitUntilEnd(card, id, "first")
        let release = ReleaseID(loyalty, try ReleaseVersion("2.0"))
        try bench.wish("update", [.update(to: release)], on: id)
        try bench.visitUntilEnd(card, id, "update")
        try bench.visit(card, id)
        let record = try bench.record(id)
        #expect(record.application(ExampleApplication.loyalty.module)?.release == release)
        #expect(card.contents.application(ExampleApplication.loyalty.module) != nil)
        #expect(record.card.inventory?.drift == nil)
    }
}
