import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

/// What happens to a card behind the centre's back is told at the next visit, and is accepted or repaired.
@Suite("A card that changed behind the centre's back", .mission(.a5))
struct DriftOperationTests {
    private static let purse = ExampleApplication.purse.module
    private static let stranger = try? AID(hex: "F04265727468FE01")

    /// Purse and loyalty were put there by the centre. Then somebody else deleted the purse, and made a second instance
    /// of loyalty.
    private static func changed(
        _ profile: String
    ) throws -> (bench: DeskBench, card: VirtualCard, id: CardID, stranger: AID) {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard(profile)
        let stranger = try #require(stranger)
        try bench.visit(card, id)
        for example in [ExampleApplication.purse, .loyalty] {
            try bench.wish(example.rawValue, [.add(application: VisitBench.id(example).application)], on: id)
            try bench.visitUntilEnd(card, id, example.rawValue)
        }
        #expect(try bench.record(id).findings.isEmpty)
        let host = try OutsideHost(card)
        try host.open(host.issuer)
        try host.must(.delete(purse, withRelated: false))
        let install = InstallCommand.Install(
            loadFile: ExampleApplication.loyalty.loadFile, module: ExampleApplication.loyalty.module,
            instance: stranger, privileges: [])
        try host.must(InstallCommand.install(install, makeSelectable: true).command())
        try bench.visit(card, id)
        return (bench, card, id, stranger)
    }

    private static let pass: [Wish] = [.add(application: VisitBench.id(.pass).application)]

    /// The card does not add up any more: it says why, and gives out nothing.
    private static func expectDrift(_ bench: DeskBench, _ id: CardID, _ stranger: AID) throws {
        let dossier = try bench.record(id)
        #expect(Set(dossier.findings.compactMap(\.aid)) == [purse, stranger], "\(dossier.findings)")
        #expect(dossier.card.inventory?.drift?.isEmpty == false)
        #expect(try bench.plan(for: pass, on: id).objections.map(\.kind).contains(.cardDrifts))
        let room = Reservation(provider: try ProviderID("bank"), room: Room(nonVolatile: 100))
        #expect(try !bench.plan(for: [.reserve(room)], on: id).isFeasible)
    }

    @Test(
        "repaired, it becomes as it was by an operation",
        arguments: ["javacard-80k", "javacard-80k-scp02", "uicc-64k"])
    func repair(profile: String) throws {
        let (bench, card, id, stranger) = try Self.changed(profile)
        try Self.expectDrift(bench, id, stranger)
        let repair = try bench.act { try $0.repairDrift(of: id) }
        #expect(Set(repair.wishes) == [.removeInstance(stranger), .addRelease(VisitBench.id(.purse))])
        try bench.wish("repair", repair.wishes, on: id)
        try bench.visitUntilEnd(card, id, "repair")
        #expect(card.contents.application(Self.purse) != nil)
        #expect(card.contents.application(stranger) == nil)
        try BerthOperationTests.checkAccount(bench, card, id, profile)
        #expect(throws: DriftRefusal.notDrifting(id)) { try bench.act { try $0.repairDrift(of: id) } }
        #expect(try bench.events().contains("card.drift-repairing"))
    }

    @Test(
        "accepted, it is as it is", arguments: ["javacard-80k", "javacard-80k-scp02", "uicc-64k"])
    func accept(profile: String) throws {
        let (bench, card, id, stranger) = try Self.changed(profile)
        try Self.expectDrift(bench, id, stranger)
        try bench.act { act in
            try act.acceptDrift(of: id, sizes: try act.ledger(of: id, DeskBench.Models()).sizes)
        }
        #expect(try bench.record(id).findings.isEmpty)
        try bench.visit(card, id)
        try BerthOperationTests.checkAccount(bench, card, id, profile)
        let known = try bench.record(id).applications.map(\.aid)
        #expect(known.contains(stranger) && !known.contains(Self.purse))
        try bench.wish("pass", Self.pass, on: id)
        try bench.visitUntilEnd(card, id, "pass")
        try BerthOperationTests.checkAccount(bench, card, id, profile)
    }

    @Test("what was undone by whoever did it is no drift any more")
    func undone() throws {
        let (bench, card, id, stranger) = try Self.changed("javacard-80k")
        let host = try OutsideHost(card)
        try host.open(host.issuer)
        try host.must(.delete(stranger, withRelated: false))
        let install = InstallCommand.Install(
            loadFile: ExampleApplication.purse.loadFile, module: Self.purse, instance: Self.purse,
            privileges: [])
        try host.must(InstallCommand.install(install, makeSelectable: true).command())
        try bench.visit(card, id)
        #expect(try bench.record(id).findings == [])
        #expect(try bench.plan(for: Self.pass, on: id).isFeasible)
    }

    @Test(
        "what an operation had done when its deadline passed unseen is no drift, torn at every command",
        arguments: ["javacard-80k", "javacard-80k-scp02"], [true, false])
    func late(profile: String, isEndedBefore: Bool) throws {
        var seen = 0
        for point in stride(from: 0, to: 400, by: 3) {
            let bench = try DeskBench()
            let (card, id) = try bench.makeCard(profile)
            try bench.visit(card, id)
            try bench.wish("add", Self.pass, on: id, hours: 1)
            bench.tear = (bench.exchanges + point, true)
            try bench.visit(card, id)
            guard bench.tear == nil, try bench.operation("add", on: id)?.isOpen == true else { break }
            bench.clock.advance(by: .seconds(7_200))
            if isEndedBefore { #expect(try bench.desk.expire() == 1) }
            try bench.visit(card, id)
            #expect(try bench.operation("add", on: id)?.isOpen == false, "\(point)")
            let findings = try bench.record(id).findings
            let isHalf = card.contents.application(ExampleApplication.pass.module) != nil
            guard isHalf else {
                #expect(findings.isEmpty, "\(point): \(findings)")
                continue
            }
            // Nobody knows whether it has its data: it is not taken for the application.
            seen += 1
            #expect(findings.count == 1, "\(point): \(findings)")
        }
        #expect(seen > 0)
    }

    @Test(
        "what an operation made and takes back, or makes anew, is never told as drift, torn at every command",
        arguments: ["javacard-80k", "javacard-80k-scp02"], [true, false])
    func ownDoing(profile: String, isCancelled: Bool) throws {
        var halves = 0
        for point in stride(from: 0, to: 400, by: 3) {
            let bench = try DeskBench()
            let (card, id) = try bench.makeCard(profile)
            try bench.visit(card, id)
            try bench.wish("add", Self.pass, on: id)
            bench.tear = (bench.exchanges + point, true)
            try bench.visit(card, id)
            guard bench.tear == nil, try bench.operation("add", on: id)?.isOpen == true else { break }
            if card.contents.application(ExampleApplication.pass.module) != nil { halves += 1 }
            if isCancelled { try bench.cancel("add", on: id) }
            for _ in 0..<4 where try bench.operation("add", on: id)?.isOpen == true {
                try bench.visit(card, id)
            }
            #expect(try bench.operation("add", on: id)?.isOpen == false, "\(point)")
            let stands = card.contents.application(ExampleApplication.pass.module) != nil
            #expect(stands == !isCancelled, "\(point)")
            try bench.visit(card, id)
            let told = try bench.events().filter { $0.hasPrefix("card.drift") }
            #expect(told.isEmpty, "\(point): \(told)")
            #expect(try bench.record(id).findings.isEmpty, "\(point)")
        }
        #expect(halves > 0)
    }
}
