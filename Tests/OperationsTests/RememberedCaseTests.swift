import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import Storage
import Synchronization
import TestSupport
import Testing
import VirtualCard

/// Fails when it is told to, as stores do.
private final class FailingStore: Store {
    enum Failure: Sendable {
        /// The body runs, and nothing of it is kept.
        case undone
        /// It is kept, and nobody hears of it.
        case unheard
        /// Another was faster: the body runs once more.
        case again
    }

    private struct Undone: Error {}

    let base: SQLiteStore
    private let next = Mutex<Failure?>(nil)

    init(_ base: SQLiteStore) { self.base = base }

    func fail(_ failure: Failure) { next.withLock { $0 = failure } }

    func read<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        try base.read(body)
    }

    func write<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws -> Result {
        let failure = next.withLock { next in
            defer { next = nil }
            return next
        }
        switch failure {
        case .undone?:
            try runInVain(body)
            throw StoreFailure.contended
        case .unheard?:
            _ = try base.write(body)
            throw StoreFailure.unknownOutcome("the connection broke")
        case .again?: try runInVain(body)
        case nil: break
        }
        return try base.write(body)
    }

    private func runInVain<Result: Sendable>(_ body: (any Transaction) throws -> Result) throws {
        do {
            try base.write { transaction in
                _ = try body(transaction)
                throw Undone()
            }
        } catch is Undone {}
    }
}

/// Cards in the middle of everything that a card can be in, and one of them in a visit.
private final class Stage {
    static let purse = ExampleApplication.purse.module
    static let loyalty = ExampleApplication.loyalty.module
    static let berth = Reservation(
        provider: VisitBench.provider("berth"), room: Room(nonVolatile: 400))
    static let bank = Reservation(provider: VisitBench.provider("bank"), room: Room(nonVolatile: 300))

    enum Work: Sendable, CaseIterable {
        /// An application leaves with its data, another one comes.
        case leaving
        /// The same, on a card on which somebody else has deleted the one that leaves.
        case leavingDrifting
        /// Data come that left another card.
        case coming
    }

    let store: FailingStore
    let bench: DeskBench
    private(set) var card: VirtualCard
    private(set) var id: CardID
    private(set) var other: VirtualCard
    private(set) var otherID: CardID
    /// The card that the data in custody left.
    private let home: CardID
    let holder: HolderNumber
    /// What the desk gave, in words.
    private(set) var replies: [String] = []

    init(_ flaws: Flaws, _ work: Work) throws {
        let memory = try SQLiteStore(.memory, mode: .direct)
        try memory.migrate(to: .current)
        store = FailingStore(memory)
        bench = try DeskBench(store: store, flaws: flaws)
        (card, id) = try bench.makeCard(seed: 1)
        (other, otherID) = try bench.makeCard(seed: 2)
        home = id
        holder = try HolderNumber("10042")
        let verifier = try PasswordVerifier(
            Secret(Array("a long password".utf8)), entropy: SeededEntropy(seed: [3]),
            cost: KeyDerivation.ScryptCost(workExponent: 2, blockSize: 1, parallelism: 1))
        let number = holder
        try bench.act { act in
            try act.registerHolder(number, HolderDetails(name: "Ada Lovelace"), password: verifier)
        }
        for (card, id) in [(card, id), (other, otherID)] { try bench.visit(card, id) }
        try bench.wish("room", [.reserve(Self.berth)], on: id)
        try done("add", VisitBench.adding(.purse) + VisitBench.adding(.loyalty))
        try done("park", VisitBench.parking(.loyalty))
        switch work {
        case .leaving: break
        case .leavingDrifting:
            let host = try OutsideHost(card)
            try host.open(host.issuer)
            try host.must(.delete(Self.purse, withRelated: false))
            try bench.visit(card, id)
        case .coming: (card, id, other, otherID) = (other, otherID, card, id)
        }
        let leaving = try VisitBench.parking(.purse) + VisitBench.adding(.pass)
        try bench.request("work", work == .coming ? comeBack : leaving, on: id)
    }

    private func done(_ name: String, _ steps: [PlanStep]) throws {
        try bench.request(name, steps, on: id)
        try bench.visitUntilEnd(card, id, name)
    }

    /// What makes the data in custody come to a card.
    var comeBack: [PlanStep] {
        get throws {
            let held = try held
            return try VisitBench.adding(.loyalty, isVacant: true) + [
                .restore(
                    .init(
                        instance: Self.loyalty, release: VisitBench.id(.loyalty), imageBytes: held.imageBytes,
                        way: .contract,
                        source: .held(CustodyKey(card: home, aid: held.aid, ordinal: held.ordinal))))
            ]
        }
    }

    var held: Custody {
        get throws { try #require(try bench.stays(of: home).last { $0.aid == Self.loyalty }) }
    }

    /// As a transaction sees it that is underway.
    func held(_ act: Act) throws -> Custody {
        let stays = try act.transaction.all(Custody.self, key: .text(home.text))
        return try #require(stays.last { $0.aid == Self.loyalty })
    }

    var sizes: SizeBook {
        get throws {
            let profile = try ProfileName("javacard-80k")
            return SizeBook(model: try #require(DeskBench.Models().model(of: profile)))
        }
    }

    /// One visit, in which something happens before the report to this order is taken.
    func visit(_ number: Int = 0, _ meanwhile: (Stage) throws -> Void = { _ in }) throws {
        card.powerOn()
        bench.clock.advance(by: .seconds(90))
        var reply = try bench.desk.arrive(id, at: TerminalID("t1"))
        while true {
            replies.append("\(reply.words)")
            guard case .order(let order) = reply else { return }
            let answers = bench.carry(order, card)
            bench.clock.advance(by: .milliseconds(7))
            if order.number == number {
                do { try meanwhile(self) } catch { replies.append("refused: \(error)") }
            }
            let report = Report(visit: order.visit, number: order.number, answers: answers)
            do {
                reply = try bench.desk.report(report)
            } catch {
                replies.append("\(error)")
                reply = try bench.desk.report(report)
            }
        }
    }

    /// Everything that the store has, by the names of its tables.
    var rows: [String: [[StoredValue]]] {
        get throws {
            let tables = try store.base.tables()
            return try store.read { transaction in
                let rows = try transaction.ask(tables.map { Query($0) })
                return Dictionary(uniqueKeysWithValues: zip(tables.map(\.name), rows))
            }
        }
    }
}

extension Visit.Reply {
    fileprivate var words: String {
        switch self {
        case .order(let order): "\(order.number): \(order.commands.map(\.bytes.hex).joined(separator: " "))"
        case .over(let ending): "\(ending)"
        }
    }
}

extension VisitBench {
    fileprivate static func provider(_ name: String) -> ProviderID {
        guard let id = try? ProviderID(name) else { preconditionFailure("\(name) is a name") }
        return id
    }
}

/// What others do to a card, or to what it needs, between two exchanges of its visit.
private struct Meanwhile: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let work: Stage.Work
    let happen: @Sendable (Stage) throws -> Void

    init(
        _ name: String, _ work: Stage.Work = .leaving,
        _ happen: @escaping @Sendable (Stage) throws -> Void
    ) {
        testDescription = "\(name) (\(work))"
        self.work = work
        self.happen = happen
    }

    /// An act of the centre's own.
    static func act(
        _ name: String, _ work: Stage.Work = .leaving,
        _ body: @escaping @Sendable (Act, Stage) throws -> Void
    ) -> Meanwhile {
        Meanwhile(name, work) { stage in try stage.bench.act { try body($0, stage) } }
    }

    static let all =
        Stage.Work.allCases.map { Meanwhile("nothing", $0) { _ in } }
        + cards + custody(.leaving) + custody(.coming) + people + places + stores

    private static let cards: [Meanwhile] = [
        act("the card is blocked") { try $0.blockCard($1.id, reason: "a person looks") },
        act("the card is blocked and released") { act, stage in
            try act.blockCard(stage.id, reason: "a person looks")
            try act.unblockCard(stage.id)
        },
        act("the card is retired") { try $0.retireCard($1.id, reason: "lost") },
        act("the card expires") { try $0.setExpiry(of: $1.id, to: $0.now.day) },
        act("an application is pinned") {
            try $0.setStay(of: Stage.purse, on: $1.id, to: .pinned(reason: "a wish"))
        },
        act("drift is accepted", .leavingDrifting) { try $0.acceptDrift(of: $1.id, sizes: $1.sizes) },
        act("drift is repaired", .leavingDrifting) { _ = try $0.repairDrift(of: $1.id) },
        act("the card is seen elsewhere") {
            try $0.recordAddress(.terminal(TerminalID("t7")), of: $1.id)
        },
        act("room is asked for") { try $0.requestBerth(Stage.bank, on: $1.id, sizes: $1.sizes) },
        act("room is given back") {
            try $0.berth(.release, of: Stage.berth.provider, on: $1.id, sizes: $1.sizes)
        },
        act("its data are in custody from another card") { act, stage in
            // Where it has left already there is nothing to copy.
            guard let sight = stage.card.parking(of: Stage.purse) else { return }
            var copy = try stage.held(act)
            copy.card = stage.otherID
            copy.aid = Stage.purse
            copy.lineage = sight.lineage
            act.transaction.insert(copy)
        },
    ]

    private static func custody(_ work: Stage.Work) -> [Meanwhile] {
        [
            act("what is in custody is given up", work) { act, stage in
                let held = try stage.held(act)
                guard var card = try act.transaction.lock(Card.self, key: .text(held.card.text)) else {
                    return
                }
                _ = try act.dismiss(held, reason: "not wanted", on: &card)
                act.transaction.put(card)
            },
            Meanwhile("what is in custody goes to another card", work) { stage in
                try stage.bench.request("move", stage.comeBack, on: stage.otherID)
                for _ in 0..<2 { try stage.bench.visit(stage.other, stage.otherID, terminal: "t2") }
            },
            act("the other card is retired", work) { try $0.retireCard($1.otherID, reason: "lost") },
        ]
    }

    static let cancelled = Meanwhile("the operation is cancelled") {
        try $0.bench.cancel("work", on: $0.id)
    }

    private static let people: [Meanwhile] = [
        cancelled,
        Meanwhile("the operation is cancelled, and another asked for") { stage in
            try stage.bench.cancel("work", on: stage.id)
            try stage.bench.request("other", VisitBench.adding(.loans), on: stage.id)
        },
        Meanwhile("another operation is asked for") { stage in
            try stage.bench.request("other", VisitBench.adding(.loans), on: stage.id)
        },
        Meanwhile("its deadline passes") { stage in
            stage.bench.clock.advance(by: .seconds(25 * 3_600))
            try stage.bench.desk.expire()
        },
        act("a holder gets the card") { try $0.assignCard($1.id, to: $1.holder) },
        act("a holder gets the card, and another in its place") { act, stage in
            try act.assignCard(stage.id, to: stage.holder)
            try act.assignCard(stage.otherID, to: stage.holder)
        },
        act("the provider vetoes") { act, _ in
            try act.veto(VisitBench.id(.purse).application, reason: "a wish")
        },
        act("the release is withdrawn") { act, _ in
            try act.withdraw(VisitBench.id(.pass), reason: "a fault")
        },
        act("the service is stopped") { act, _ in
            try act.stopService(of: VisitBench.id(.pass).application, reason: "a fault")
        },
        act("unused code is forgotten") { act, _ in
            _ = try act.forgetLoadFiles(act.unusedLoadFiles().digests)
        },
    ]

    private static func otherNode(_ stage: Stage) -> ExchangeDesk {
        ExchangeDesk(
            store: stage.store, vault: stage.bench.vault, models: DeskBench.Models(),
            clock: stage.bench.clock, entropy: SeededEntropy(seed: [77]), flaws: stage.bench.flaws)
    }

    private static let places: [Meanwhile] = [
        Meanwhile("the lease runs out") { $0.bench.clock.advance(by: .seconds(300)) },
        Meanwhile("another terminal asks for the card") { stage in
            _ = try stage.bench.desk.arrive(stage.id, at: TerminalID("t2"))
        },
        Meanwhile("another node has the card after its lease") { stage in
            stage.bench.clock.advance(by: .seconds(61))
            _ = try otherNode(stage).arrive(stage.id, at: TerminalID("t2"))
        },
        Meanwhile("another node serves the card from end to end") { stage in
            stage.bench.clock.advance(by: .seconds(61))
            let desk = otherNode(stage)
            stage.card.powerOn()
            var reply = try desk.arrive(stage.id, at: TerminalID("t2"))
            while case .order(let order) = reply {
                let answers = stage.bench.carry(order, stage.card)
                reply = try desk.report(
                    Report(visit: order.visit, number: order.number, answers: answers))
            }
        },
    ]

    private static let stores: [Meanwhile] = [
        Meanwhile("the transaction is undone") { $0.store.fail(.undone) },
        Meanwhile("nobody hears that the transaction was kept") { $0.store.fail(.unheard) },
        Meanwhile("the transaction runs twice") { $0.store.fail(.again) },
        Meanwhile("the card is blocked, and the transaction undone") { stage in
            try stage.bench.act { try $0.blockCard(stage.id, reason: "a person looks") }
            stage.store.fail(.undone)
        },
        Meanwhile("the operation is cancelled, and the transaction kept unheard") { stage in
            try stage.bench.cancel("work", on: stage.id)
            stage.store.fail(.unheard)
        },
    ]
}

@Suite("What a visit remembers of its card")
struct RememberedCaseTests {
    /// Orders of the visit that something happens after.
    private static let ordersMax = 4

    /// A visit in which something happens after this order, and the next visit.
    private static func stage(_ flaws: Flaws, _ event: Meanwhile, _ number: Int) throws -> Stage {
        let stage = try Stage(flaws, event.work)
        try stage.visit(number, event.happen)
        try stage.visit()
        return stage
    }

    @Test(
        "whatever others do between two exchanges, the visit goes on as if it remembered nothing",
        arguments: Meanwhile.all)
    fileprivate func meanwhile(event: Meanwhile) throws {
        for number in 1...Self.ordersMax {
            let asking = try Self.stage(.remembersNothing, event, number)
            let remembering = try Self.stage([], event, number)
            #expect(asking.replies == remembering.replies, "order \(number)")
            let (expected, rows) = (try asking.rows, try remembering.rows)
            for (name, content) in expected where rows[name] != content {
                Issue.record("order \(number): the table \(name) differs")
            }
            #expect(expected.keys == rows.keys && expected["operations"]?.isEmpty == false)
        }
    }

    @Test("a desk that believed what it remembers without a look would be noticed")
    func believed() throws {
        let asking = try Self.stage(.remembersNothing, .cancelled, 1)
        let believing = try Self.stage(.believesMemory, .cancelled, 1)
        #expect(asking.replies != believing.replies)
        #expect(try asking.rows["operations"] != believing.rows["operations"])
    }

    @Test("a visit that ended is known no more")
    func ended() throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard()
        var reply = try bench.desk.arrive(id, at: TerminalID("t1"))
        var last: Report?
        while case .order(let order) = reply {
            let report = Report(visit: order.visit, number: order.number, answers: bench.carry(order, card))
            last = report
            reply = try bench.desk.report(report)
        }
        guard case .over(.interrupted(let reason)) = try bench.desk.report(#require(last)) else {
            Issue.record("the last report was taken twice")
            return
        }
        #expect(reason.code == .reportLate)
    }
}
