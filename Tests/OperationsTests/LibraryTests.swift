import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

/// Code that an application needs, and that another release brings.
@Suite("Libraries of others", .mission(.b10))
struct LibraryTests {
    private static let library = ExampleApplication.library.loadFile
    private static let loyalty = VisitBench.id(.loyalty).application
    private static let loans = VisitBench.id(.loans).application
    private static let code = VisitBench.id(.library)

    private static func bare(_ application: ApplicationID) throws -> ReleaseID {
        ReleaseID(application, try ReleaseVersion("3.0"))
    }

    /// The library is a release by itself, and those of loyalty and loans do not bring it.
    private static func bench() throws -> DeskBench {
        let bench = try DeskBench()
        try bench.act { act in
            try act.registerApplication(code.application, name: "library", provider: ProviderID("bank"))
            try act.withdraw(VisitBench.id(.loyalty), reason: "replaced")
            try act.withdraw(VisitBench.id(.loans), reason: "replaced")
        }
        try bench.publishLibrary()
        try bench.publish(.loyalty, "3.0", isBare: true)
        try bench.publish(.loans, "3.0", isBare: true)
        return bench
    }

    /// Loyalty with a thousand points.
    private static func prepared(_ profile: String) throws -> (
        bench: DeskBench, card: VirtualCard, id: CardID, member: String
    ) {
        let bench = try bench()
        let (card, id) = try bench.makeCard(profile)
        try bench.visit(card, id)
        try bench.wish("add", [.add(application: loyalty)], on: id)
        try bench.visitUntilEnd(card, id, "add")
        _ = try DeskBench.ask(card, .loyalty, "8010000004000003E8")
        return (bench, card, id, try DeskBench.ask(card, .loyalty, "8014000000"))
    }

    private static func has(_ card: VirtualCard, _ aid: AID) -> Bool { card.contents.loadFile(aid) != nil }

    private static func loads(_ plan: Plan) -> [String] {
        plan.steps.compactMap { planned in
            if case .load(let load) = planned.step { "\(load.aid) of \(load.release)" } else { nil }
        }
    }

    @Test(
        "a library comes with what needs it, leaves with the last that does, and comes back for what was parked",
        arguments: ["javacard-80k", "javacard-80k-scp02", "javacard-80k-predictable"])
    func story(profile: String) throws {
        let (bench, card, id, member) = try Self.prepared(profile)
        #expect(Self.has(card, Self.library))
        let second = try bench.plan(for: [.add(application: Self.loans)], on: id)
        #expect(Self.loads(second) == ["\(ExampleApplication.loans.loadFile) of loans@3.0"])
        try bench.wish("second", [.add(application: Self.loans)], on: id)
        try bench.visitUntilEnd(card, id, "second")

        try bench.wish("park", [.park(application: Self.loyalty)], on: id)
        try bench.visitUntilEnd(card, id, "park")
        #expect(!Self.has(card, ExampleApplication.loyalty.loadFile) && Self.has(card, Self.library))
        try bench.wish("remove", [.remove(application: Self.loans)], on: id)
        try bench.visitUntilEnd(card, id, "remove")
        #expect(card.contents.loadFiles.allSatisfy { $0.aid != Self.library })

        let stay = try #require(try bench.stays(of: id).last)
        let back = try bench.plan(for: [.restore(stay.key)], on: id)
        #expect(
            Self.loads(back) == [
                "\(Self.library) of \(Self.code)", "\(ExampleApplication.loyalty.loadFile) of loyalty@3.0",
            ])
        try bench.wish("back", [.restore(stay.key)], on: id)
        try bench.visitUntilEnd(card, id, "back")
        #expect(try DeskBench.ask(card, .loyalty, "8014000000") == member)
        let record = try bench.record(id)
        #expect(record.loadFile(Self.library)?.digest != nil && record.card.inventory?.drift == nil)
        try BerthOperationTests.checkAccount(bench, card, id, profile)
    }

    @Test("what left with its library for something that cannot come is back with it, torn at every command")
    func undone() throws {
        let purse = VisitBench.id(.purse).application
        var backs = 0
        for point in stride(from: 0, to: 200, by: 2) {
            let (bench, card, id, member) = try Self.prepared("javacard-80k")
            bench.tear = (bench.exchanges + point, true)
            try bench.wish("swap", [.park(application: Self.loyalty), .add(application: purse)], on: id)
            try bench.visit(card, id)
            guard bench.tear == nil, try bench.operation("swap", on: id)?.isOpen == true else { break }
            let isGone = !Self.has(card, Self.library)
            try bench.act { try $0.stopService(of: purse, reason: "a fault") }
            for _ in 0..<4 where try bench.operation("swap", on: id)?.isOpen == true {
                try bench.visit(card, id)
            }
            let state = try bench.operation("swap", on: id)?.state
            if case .ended(.failed) = state {
                backs += isGone ? 1 : 0
                #expect(try DeskBench.ask(card, .loyalty, "8014000000") == member, "\(point)")
                #expect(Self.has(card, Self.library), "\(point)")
            } else {
                #expect(state == .ended(.done), "\(point)")
            }
            #expect(try bench.record(id).card.inventory?.drift == nil, "\(point)")
        }
        #expect(backs > 0)
    }

    @Test("what nobody publishes any more stays on the card as long as something in custody needs it")
    func withdrawn() throws {
        let (bench, card, id, member) = try Self.prepared("javacard-80k")
        try bench.act { try $0.withdraw(Self.code, reason: "replaced") }
        try bench.wish("park", [.park(application: Self.loyalty)], on: id)
        try bench.visitUntilEnd(card, id, "park")
        #expect(Self.has(card, Self.library))
        try bench.wish("second", [.add(application: Self.loans)], on: id)
        try bench.visitUntilEnd(card, id, "second")
        try bench.wish("remove", [.remove(application: Self.loans)], on: id)
        try bench.visitUntilEnd(card, id, "remove")
        #expect(Self.has(card, Self.library))
        let stay = try #require(try bench.stays(of: id).last)
        try bench.wish("back", [.restore(stay.key)], on: id)
        try bench.visitUntilEnd(card, id, "back")
        #expect(try DeskBench.ask(card, .loyalty, "8014000000") == member)
        // With the last that could want it, it goes for good.
        try bench.wish("gone", [.remove(application: Self.loyalty)], on: id)
        try bench.visitUntilEnd(card, id, "gone")
        #expect(!Self.has(card, Self.library))
    }

    @Test("where nobody publishes the library, a plan says so, and one who has it byte for byte will do")
    func missing() throws {
        let bench = try Self.bench()
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        try bench.act { try $0.withdraw(Self.code, reason: "replaced") }
        let plan = try bench.plan(for: [.add(application: Self.loyalty)], on: id)
        #expect(plan.objections.contains { $0.kind == .importMissing && $0.reason.contains("published") })
        try bench.publish(.loans, "3.1")
        let other = try bench.plan(for: [.add(application: Self.loyalty)], on: id)
        #expect(other.isFeasible && Self.loads(other).first == "\(Self.library) of loans@3.1")
    }

    @Test("code that has nothing to install can be added by itself")
    func alone() throws {
        let bench = try Self.bench()
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        try bench.wish("library", [.add(application: Self.code.application)], on: id)
        try bench.visitUntilEnd(card, id, "library")
        #expect(Self.has(card, Self.library))
    }
}

extension DeskBench {
    /// Code and nothing else.
    fileprivate func publishLibrary() throws {
        let cap = try CAPImport(ExampleApplication.library.capFile)
        try act { act in
            try act.keep(cap, for: ProviderID("bank"))
            let id = VisitBench.id(.library)
            try act.draft(Release(id: id, loadFiles: [cap.loadFile], instances: [], parking: .stateless))
            try act.publish(id)
        }
    }
}
