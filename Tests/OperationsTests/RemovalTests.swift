import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import Testing
import VirtualCard

@Suite("Removals of what was about to leave")
struct RemovalTests {
    private static let profiles = ["javacard-80k", "javacard-80k-scp02", DeskBench.ownKeys, "small-16k"]
    private static let purse = VisitBench.id(.purse).application
    private static let instance = ExampleApplication.purse.module

    /// A purse was to leave, the card was gone at this exchange, and the deadline passed; `nil` behind the last one.
    private static func leftOver(
        _ profile: String, at point: Int
    ) throws -> (bench: DeskBench, card: VirtualCard, id: CardID)? {
        let (bench, card, id, _) = try ExchangeTests.prepared(profile)
        try bench.wish("park", [.park(application: purse)], on: id, hours: 1)
        bench.tear = (bench.exchanges + point, false)
        try bench.visit(card, id)
        guard bench.tear == nil else { return nil }
        bench.clock.advance(by: .seconds(7_200))
        #expect(try bench.desk.expire() == 1, "\(profile), \(point)")
        return (bench, card, id)
    }

    @Test(
        "what froze in vain is removed for good, its name is free, and what takes it keeps its data",
        arguments: profiles)
    func forGood(profile: String) throws {
        var frozen = 0
        var surrendering = 0
        for point in 0..<100 {
            guard let (bench, card, id) = try Self.leftOver(profile, at: point) else { break }
            let name = "\(profile), \(point)"
            switch card.parking(of: Self.instance)?.state {
            case .active: break
            case .frozen: frozen += 1
            // It had left before it was wished gone.
            case .vacant, .importing, .verified, nil: continue
            }
            if try bench.stays(of: id).last?.state == .surrendering { surrendering += 1 }
            try bench.wish("remove", [.remove(application: Self.purse)], on: id)
            try bench.visitUntilEnd(card, id, "remove", name)
            #expect(card.contents.application(Self.instance) == nil, "\(name)")
            let stays = try bench.stays(of: id)
            #expect(stays.allSatisfy { !$0.isOpen && $0.heldSince == nil }, "\(name): \(stays)")
            try bench.wish("anew", [.add(application: Self.purse)], on: id)
            try bench.visitUntilEnd(card, id, "anew", name)
            _ = try DeskBench.ask(card, .purse, "803200000400000064")
            let balance = try DeskBench.ask(card, .purse, "8030000000")
            try bench.wish("park-new", [.park(application: Self.purse)], on: id)
            try bench.visitUntilEnd(card, id, "park-new", name)
            let stay = try #require(try bench.stays(of: id).last)
            try bench.wish("back", [.restore(stay.key)], on: id)
            try bench.visitUntilEnd(card, id, "back", name)
            #expect(try DeskBench.ask(card, .purse, "8030000000") == balance, "\(name)")
        }
        #expect(frozen > 0 && surrendering > 0)
    }

    @Test(
        "what somebody else put in the place of what was about to leave is not taken for it",
        arguments: ["javacard-80k", "javacard-80k-scp02"])
    func replaced(profile: String) throws {
        var replaced = 0
        for point in 0..<100 {
            guard let (bench, card, id) = try Self.leftOver(profile, at: point) else { break }
            guard card.parking(of: Self.instance)?.state == .frozen else { continue }
            replaced += 1
            let name = "\(profile), \(point)"
            try Self.replace(card)
            _ = try DeskBench.ask(card, .purse, "803200000400000064")
            let balance = try DeskBench.ask(card, .purse, "8030000000")
            try bench.request("again", VisitBench.parking(.purse), on: id)
            for _ in 0..<6 where try bench.operation("again", on: id)?.isOpen == true {
                try bench.visit(card, id)
            }
            // Beside older data in custody it stays; else it left, and comes back.
            if try bench.operation("again", on: id)?.state == .ended(.done) {
                let stay = try #require(try bench.stays(of: id).last)
                let restoring = PlanStep.restore(
                    .init(
                        instance: Self.instance, release: VisitBench.id(.purse),
                        imageBytes: stay.imageBytes, way: .contract, source: .held(stay.key)))
                try bench.request("back", VisitBench.adding(.purse, isVacant: true) + [restoring], on: id)
                try bench.visitUntilEnd(card, id, "back", name)
            }
            #expect(try DeskBench.ask(card, .purse, "8030000000") == balance, "\(name)")
        }
        #expect(replaced > 0)
    }

    /// Another purse under the same name, with data of its own.
    private static func replace(_ card: VirtualCard) throws {
        let host = try OutsideHost(card)
        try host.open(host.issuer, [.commandMAC, .commandEncryption])
        try host.must(.delete(instance, withRelated: false))
        let install = InstallCommand.Install(
            loadFile: ExampleApplication.purse.loadFile, module: instance, instance: instance, privileges: [])
        try host.must(InstallCommand.install(install, makeSelectable: true).command())
        try host.must(InstallCommand.personalize(instance).command())
        for command in StoreData(format: .berTLV).commands(
            blocks: try VisitBench.personalisation(.purse))
        {
            try host.must(command)
        }
    }
}
