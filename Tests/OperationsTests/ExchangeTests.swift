import CardCrypto
import Centre
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing
import VirtualCard

@Suite("Exchanges with the store behind them")
struct ExchangeTests {
    private static let profiles = [
        "javacard-80k", "javacard-80k-predictable", DeskBench.ownKeys, "javacard-80k-scp02", "small-16k",
    ]

    /// A card with a purse that has money in it.
    static func prepared(
        _ profile: String = "javacard-80k"
    ) throws -> (bench: DeskBench, card: VirtualCard, id: CardID, balance: String) {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard(profile)
        try bench.visit(card, id)
        try bench.request("add", VisitBench.adding(.purse), on: id)
        try bench.visit(card, id)
        #expect(try bench.operation("add", on: id)?.state == .ended(.done))
        _ = try DeskBench.ask(card, .purse, "803200000400002710")
        return (bench, card, id, try DeskBench.ask(card, .purse, "8030000000"))
    }

    @Test(
        "one leaves with its data, another comes, and the first comes back; registers, custody and vault follow",
        .mission(.b5), .mission(.b6), .mission(.b7), .mission(.b8), .mission(.b10), .mission(.a8),
        arguments: profiles)
    func wholeStory(profile: String) throws {
        let (bench, card, id, balance) = try Self.prepared(profile)
        try bench.request("swap", VisitBench.parking(.purse) + VisitBench.adding(.loyalty), on: id)
        try bench.visit(card, id)
        #expect(
            bench.roundTrips <= (profile == DeskBench.ownKeys ? 2 : profile.hasSuffix("predictable") ? 4 : 6))
        #expect(try bench.operation("swap", on: id)?.state == .ended(.done))
        var dossier = try bench.record(id)
        #expect(dossier.application(ExampleApplication.purse.module) == nil)
        #expect(dossier.application(ExampleApplication.loyalty.module)?.release == VisitBench.id(.loyalty))
        #expect(dossier.card.inventory?.drift == nil, "\(dossier.findings)")
        let stay = try #require(try bench.stays(of: id).last)
        guard case .held = stay.state else {
            Issue.record("\(stay.state)")
            return
        }
        let restoring =
            try VisitBench.adding(.purse, isVacant: true) + [
                .restore(
                    .init(
                        instance: ExampleApplication.purse.module, release: VisitBench.id(.purse),
                        imageBytes: stay.imageBytes, way: .contract, source: .held(stay.key)))
            ]
        // Small cards have no room for both.
        let leaving: [PlanStep] =
            profile == "small-16k"
            ? [
                .removeInstance(.init(instance: ExampleApplication.loyalty.module, purpose: .forGood)),
                .removeLoadFile(aid: ExampleApplication.loyalty.loadFile),
            ] : []
        try bench.request("back", leaving + restoring, on: id)
        try bench.visit(card, id)
        #expect(try bench.operation("back", on: id)?.state == .ended(.done))
        #expect(try DeskBench.ask(card, .purse, "8030000000") == balance)
        dossier = try bench.record(id)
        #expect(dossier.application(ExampleApplication.purse.module) != nil)
        #expect(dossier.card.inventory?.drift == nil, "\(dossier.findings)")
        // Returned: the vault's copy is history.
        let records = try bench.store.read { try $0.all(VaultRecord.self, key: .text(id.text)) }
        #expect(records.isEmpty)
    }

    @Test("an update with data kept comes to its end the second time too")
    func updates() throws {
        let (bench, card, id, balance) = try Self.prepared()
        let instance = ExampleApplication.purse.module
        let steps =
            try VisitBench.parking(.purse) + VisitBench.adding(.purse, isVacant: true) + [
                .restore(
                    .init(
                        instance: instance, release: VisitBench.id(.purse), imageBytes: 64, way: .contract,
                        source: .parkedByThisPlan(instance: instance)))
            ]
        for name in ["first", "second"] {
            try bench.request(name, steps, on: id)
            try bench.visit(card, id)
            #expect(try bench.operation(name, on: id)?.state == .ended(.done))
            #expect(try DeskBench.ask(card, .purse, "8030000000") == balance)
            #expect(try bench.stays(of: id).allSatisfy { !$0.isOpen })
        }
    }

    @Test("intents are written before results, and every line of the journal stays")
    func journal() throws {
        let (bench, card, id, _) = try Self.prepared()
        try bench.request("park", VisitBench.parking(.purse), on: id)
        try bench.visit(card, id)
        let lines = try bench.journal("park", on: id)
        #expect(lines.map(\.number) == Array(lines.indices))
        for step in 0..<3 {
            let intent = lines.firstIndex { $0.kind == .intent && $0.step == step }
            let result = lines.lastIndex { $0.kind == .result && $0.step == step }
            #expect(try #require(intent) < #require(result), "step \(step): \(lines)")
        }
    }

    @Test("the same request is the same operation; another one waits its turn; an old plan is refused")
    func requests() throws {
        let (bench, card, id, _) = try Self.prepared()
        let plan = try bench.plan(VisitBench.parking(.purse), for: id)
        let deadline = bench.clock.now.advanced(by: .seconds(3_600))
        let first = try bench.desk.request(try RequestID("p"), plan, deadline: deadline, by: .centre)
        #expect(try bench.desk.request(try RequestID("p"), plan, deadline: deadline, by: .centre) == first)
        #expect(throws: OperationRefusal.otherIsOpen(first.id)) {
            try bench.desk.request(RequestID("q"), plan, deadline: deadline, by: .centre)
        }
        try bench.visit(card, id)
        #expect(throws: OperationRefusal.planOutdated(id)) {
            try bench.desk.request(RequestID("q"), plan, deadline: deadline, by: .centre)
        }
        let again = try bench.desk.request(try RequestID("p"), plan, deadline: deadline, by: .centre)
        #expect(again.state == .ended(.done))
        #expect(throws: OperationRefusal.deadlinePassed) {
            try bench.desk.request(
                RequestID("r"), bench.plan([], for: id), deadline: bench.clock.now, by: .centre)
        }
    }

    @Test("a report that comes twice, late, or from nobody has no second effect")
    func doubledReports() throws {
        let (bench, card, id, _) = try Self.prepared()
        try bench.request("park", VisitBench.parking(.purse), on: id)
        card.powerOn()
        bench.clock.advance(by: .seconds(90))
        var reply = try bench.desk.arrive(id, at: TerminalID("t1"))
        var old: [Report] = []
        while case .order(let order) = reply {
            let report = Report(visit: order.visit, number: order.number, answers: bench.carry(order, card))
            for earlier in old {
                guard case .over = try bench.desk.report(earlier) else {
                    Issue.record("an old report got an order")
                    return
                }
            }
            reply = try bench.desk.report(report)
            old.append(report)
        }
        #expect(try bench.operation("park", on: id)?.state == .ended(.done))
        for report in old {
            guard case .over = try bench.desk.report(report) else {
                Issue.record("an old report got an order")
                return
            }
        }
    }

    @Test("while one terminal has the card no other gets an order; when it falls silent the next goes on")
    func leases() throws {
        let (bench, card, id, _) = try Self.prepared()
        try bench.request("park", VisitBench.parking(.purse), on: id)
        card.powerOn()
        bench.clock.advance(by: .seconds(90))
        guard case .order(let first) = try bench.desk.arrive(id, at: TerminalID("t1")) else {
            Issue.record("no order")
            return
        }
        guard case .over(.interrupted) = try bench.desk.arrive(id, at: TerminalID("t2")) else {
            Issue.record("two terminals have one card")
            return
        }
        bench.clock.advance(by: .seconds(Int64(ExchangeDesk.leaseSeconds) + 1))
        #expect(try bench.visit(card, id, terminal: "t2") == .finished)
        // Whatever the first one still says is too late.
        guard case .over = try bench.desk.report(Report(visit: first.visit, number: 1, answers: [])) else {
            Issue.record("the first terminal got an order")
            return
        }
        #expect(try bench.operation("park", on: id)?.state == .ended(.done))
    }

    @Test("the node dies after every exchange: the next one needs nothing but the store", arguments: profiles)
    func nodeDies(profile: String) throws {
        for dying in 0..<6 {
            let (bench, card, id, balance) = try Self.prepared(profile)
            try bench.request("park", VisitBench.parking(.purse), on: id)
            card.powerOn()
            bench.clock.advance(by: .seconds(90))
            var reply = try bench.desk.arrive(id, at: TerminalID("t1"))
            var count = 0
            while case .order(let order) = reply {
                let report = Report(
                    visit: order.visit, number: order.number, answers: bench.carry(order, card))
                if count == dying { bench.restart() }
                reply = try bench.desk.report(report)
                count += 1
            }
            for _ in 0..<3 { try bench.visit(card, id) }
            #expect(try bench.operation("park", on: id)?.state == .ended(.done), "died at \(dying)")
            let stay = try #require(try bench.stays(of: id).last)
            guard case .held = stay.state else {
                Issue.record("\(stay.state)")
                return
            }
            _ = balance
        }
    }

    @Test("an operation whose card stays away ends at its deadline, and says what to do")
    func deadline() throws {
        let (bench, card, id, balance) = try Self.prepared()
        try bench.request("park", VisitBench.parking(.purse), on: id, hours: 1)
        bench.clock.advance(by: .seconds(3_700))
        #expect(try bench.desk.expire() == 1)
        guard case .ended(.failed(let reason, let next))? = try bench.operation("park", on: id)?.state else {
            Issue.record("still open")
            return
        }
        #expect(reason.text.contains("deadline"))
        #expect(next.contains("ask again"))
        try bench.visit(card, id)
        #expect(try DeskBench.ask(card, .purse, "8030000000") == balance)
    }

    @Test("frozen when its operation ended, an application is thawed at the next visit")
    func thaw() throws {
        let (bench, card, id, balance) = try Self.prepared()
        try bench.request("park", VisitBench.parking(.purse), on: id, hours: 1)
        // The opening has 5 commands and the survey 10; the next is FREEZE, behind its INSTALL.
        bench.tear = (bench.exchanges + 17, true)
        try bench.visit(card, id)
        #expect(try DeskBench.ask(card, .purse, "8030000000") != balance)
        bench.clock.advance(by: .seconds(3_700))
        try bench.desk.expire()
        try bench.visit(card, id)
        #expect(try DeskBench.ask(card, .purse, "8030000000") == balance)
        guard case .discarded? = try bench.stays(of: id).last?.state else {
            Issue.record("\(try bench.stays(of: id))")
            return
        }
    }

    @Test("nothing that is kept or told has a key, a PIN or data of an application in it")
    func secrets() throws {
        let (bench, card, id, _) = try Self.prepared()
        try bench.request("park", VisitBench.parking(.purse), on: id)
        try bench.visit(card, id)
        let lines = try bench.journal("park", on: id) + bench.journal("add", on: id)
        let text = lines.map(\.text).joined(separator: "\n")
        for secret in ["404142434445464748494A4B4C4D4E4F", "31323334", "1234", "2710"] {
            #expect(!text.contains(secret))
        }
    }

    @Test(
        "a wish becomes a plan from the registers, and the plan is carried out: a full card gets one more",
        .mission(.b3), .mission(.b4), .mission(.b9), arguments: ["small-16k", "javacard-80k"])
    func plannedWish(profile: String) throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard(profile)
        try bench.visit(card, id)
        // Whatever fits is added, in this order, by plans; on the small card something has to leave for the last ones.
        var left = 0
        for example in [ExampleApplication.purse, .pass, .loyalty, .loans] {
            let wish = Wish.add(application: VisitBench.id(example).application)
            let plan = try bench.act { try $0.plan([wish], on: id, DeskBench.Models()) }
            #expect(plan.isFeasible, "\(plan.objections)")
            left += plan.leaving.count
            let deadline = bench.clock.now.advanced(by: .seconds(3_600))
            let name = try RequestID("add-" + example.rawValue)
            _ = try bench.desk.request(name, plan, deadline: deadline, by: .centre)
            try bench.visit(card, id)
            #expect(bench.roundTrips <= 6)
            let state = try bench.operation(name.text, on: id)?.state
            #expect(state == .ended(.done), "\(String(describing: state))")
            #expect(card.contents.application(example.module) != nil)
        }
        let held = try bench.stays(of: id).filter { if case .held = $0.state { true } else { false } }
        #expect(held.count == left)
        #expect((left > 0) == (profile == "small-16k"))
        #expect(try bench.record(id).card.inventory?.drift == nil)
        // What left comes back when it is wished for, and something else leaves for it.
        guard let stay = held.first else { return }
        let back = try bench.act { try $0.plan([.restore(stay.key)], on: id, DeskBench.Models()) }
        #expect(back.isFeasible, "\(back.objections)")
        _ = try bench.desk.request(
            RequestID("back"), back, deadline: bench.clock.now.advanced(by: .seconds(3_600)), by: .centre)
        for _ in 0..<2 { try bench.visit(card, id) }
        #expect(try bench.operation("back", on: id)?.state == .ended(.done))
        #expect(card.contents.application(stay.aid) != nil)
    }
}
