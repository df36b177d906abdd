import CardCrypto
import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Room made ready and released, on real cards")
struct BerthOperationTests {
    private static let keeper = (try? AID(hex: "F042657274686B01")) ?? ExampleApplication.purse.loadFile

    private static func reservation(_ bytes: Int, provider: String = "berth") throws -> Reservation {
        Reservation(
            provider: try ProviderID(provider), room: Room(nonVolatile: bytes, volatile: 64),
            quota: Room(nonVolatile: bytes + 4_000, volatile: 256), domain: keeper)
    }

    private static func fresh(_ profile: String) throws -> (bench: DeskBench, card: VirtualCard, id: CardID) {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard(profile)
        try bench.visit(card, id)
        return (bench, card, id)
    }

    /// Used, reserved and free are what the card measured, and nothing drifts.
    static func checkAccount(
        _ bench: DeskBench, _ card: VirtualCard, _ id: CardID, _ point: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let (dossier, account) = try bench.account(id)
        #expect(
            dossier.card.inventory?.drift == nil, "\(point): \(dossier.findings)",
            sourceLocation: sourceLocation)
        #expect(account.shortage.isNone, "\(point)", sourceLocation: sourceLocation)
        #expect(
            account.sum == account.used + account.reserved + account.free, "\(point)",
            sourceLocation: sourceLocation)
        guard card.profile.memory.hasReport, card.profile.memory.reportPercent == 100 else { return }
        let free = card.freeMemory
        #expect(
            account.free + account.reservedInLedger
                == Room(nonVolatile: free.nonVolatile, volatile: free.volatile),
            "\(point)", sourceLocation: sourceLocation)
    }

    @Test(
        "room is made ready by the card where it can, and the register says so when the card has confirmed it",
        .mission(.a3), .mission(.a4), .mission(.a5),
        arguments: ["javacard-80k", "javacard-80k-scp02", "javacard-80k-predictable", "small-16k"])
    func onCard(profile: String) throws {
        let (bench, card, id) = try Self.fresh(profile)
        let before = card.freeMemory
        let operation = try bench.wish("reserve", [.reserve(Self.reservation(4_000))], on: id)
        #expect(operation.isOpen)
        let berth = try #require(try bench.record(id).berths.first)
        #expect(berth.state == .requested)
        #expect(card.freeMemory.nonVolatile == before.nonVolatile)
        try bench.visit(card, id)
        #expect(try bench.operation("reserve", on: id)?.state == .ended(.done))
        let ready = try #require(try bench.record(id).berths.first)
        guard case .ready(let since) = ready.state else {
            Issue.record("\(ready)")
            return
        }
        #expect(since == bench.clock.now)
        // D7 and D8 are charged at once (GPCS 2.3.1 §9.7), and the ledger counts them as the card's.
        #expect(before.nonVolatile - card.freeMemory.nonVolatile == 4_000)
        #expect(before.volatile - card.freeMemory.volatile == 64)
        let account = try bench.account(id).account
        #expect(account.reservedOnCard == Room(nonVolatile: 4_000, volatile: 64))
        #expect(account.reservedInLedger.isNone)
        try Self.checkAccount(bench, card, id, "reserved")

        try bench.wish("release", [.release(provider: ready.provider)], on: id)
        #expect(try bench.record(id).berths.first?.state == .releasing)
        try bench.visit(card, id)
        #expect(try bench.record(id).berths.isEmpty)
        #expect(card.freeMemory.nonVolatile == before.nonVolatile)
        try Self.checkAccount(bench, card, id, "released")
        let events = try bench.events()
        #expect(
            events.filter { $0.hasPrefix("berth.") } == [
                "berth.requested", "berth.ready", "berth.releasing", "berth.released",
            ])
    }

    @Test(
        "where a card keeps no room the ledger does, without a visit", .mission(.a3), .mission(.a5),
        arguments: ["uicc-64k", "javacard-80k"])
    func inLedger(profile: String) throws {
        let (bench, card, id) = try Self.fresh(profile)
        // Less than a domain takes itself is kept by the ledger everywhere.
        let bytes = profile == "uicc-64k" ? 4_000 : 400
        let operation = try bench.wish("reserve", [.reserve(Self.reservation(bytes))], on: id)
        #expect(operation.state == .ended(.done))
        let berth = try #require(try bench.record(id).berths.first)
        guard case .ready = berth.state, berth.means == .ledger else {
            Issue.record("\(berth)")
            return
        }
        #expect(try bench.journal("reserve", on: id).map(\.kind) == [.intent, .result])
        #expect(try bench.account(id).account.reservedInLedger.nonVolatile == bytes)
        try bench.visit(card, id)
        try Self.checkAccount(bench, card, id, "reserved")
        #expect(
            try bench.wish("release", [.release(provider: berth.provider)], on: id).state == .ended(.done))
        #expect(try bench.record(id).berths.isEmpty)
    }

    @Test(
        "reserve and release, torn at every command, before and after it was carried out",
        arguments: ["javacard-80k", "javacard-80k-scp02", "javacard-80k-predictable"])
    func tears(profile: String) throws {
        var points = 0
        for isCarriedOut in [false, true] {
            for point in 0..<200 {
                let (bench, card, id) = try Self.fresh(profile)
                let free = card.freeMemory
                bench.tear = (bench.exchanges + point, isCarriedOut)
                try bench.wish("reserve", [.reserve(Self.reservation(4_000))], on: id)
                try bench.visitUntilEnd(card, id, "reserve")
                let name = "\(point), \(isCarriedOut)"
                guard case .ready? = try bench.record(id).berths.first?.state else {
                    Issue.record("reserve, \(name): \(try bench.record(id).berths)")
                    return
                }
                try Self.checkAccount(bench, card, id, "reserve, \(name)")
                try bench.wish("release", [.release(provider: ProviderID("berth"))], on: id)
                try bench.visitUntilEnd(card, id, "release")
                #expect(try bench.record(id).berths.isEmpty, "release, \(name)")
                #expect(card.freeMemory == free, "release, \(name)")
                try Self.checkAccount(bench, card, id, "release, \(name)")
                points += 1
                if bench.tear != nil { break }
            }
        }
        #expect(points > 60)
    }

    @Test("asked for and cancelled, or never carried out in time, no room is kept")
    func calledOff() throws {
        let (bench, card, id) = try Self.fresh("javacard-80k")
        try bench.wish("reserve", [.reserve(Self.reservation(4_000))], on: id)
        try bench.desk.cancel(RequestID("reserve"), on: id)
        #expect(try bench.record(id).berths.isEmpty)
        try bench.wish("again", [.reserve(Self.reservation(4_000))], on: id, hours: 1)
        bench.clock.advance(by: .seconds(3_700))
        #expect(try bench.desk.expire() == 1)
        #expect(try bench.record(id).berths.isEmpty)
        try bench.visit(card, id)
        try Self.checkAccount(bench, card, id, "called off")
    }

    /// A small card with a loyalty programme of the shop's, on which the bank has room for its purse and no more.
    private static func crowded() throws -> (bench: DeskBench, card: VirtualCard, id: CardID) {
        let (bench, card, id) = try fresh("small-16k")
        try bench.wish("shop", [.add(application: VisitBench.id(.loyalty).application)], on: id)
        try bench.visitUntilEnd(card, id, "shop")
        try bench.wish("reserve", [.reserve(reservation(7_000, provider: "bank"))], on: id)
        try bench.visitUntilEnd(card, id, "reserve")
        return (bench, card, id)
    }

    @Test(
        "what is kept for one serves its applications and nobody else's; the rest stays kept",
        .mission(.a3), .mission(.a11))
    func use() throws {
        let (bench, card, id) = try Self.crowded()
        try Self.checkAccount(bench, card, id, "crowded")
        let free = try bench.account(id).account.free.nonVolatile
        // Somebody else's does not fit although the card would have had room: one of its own would have to leave.
        let other = try bench.plan(for: [.add(application: VisitBench.id(.loans).application)], on: id)
        #expect(!other.isFeasible || !other.leaving.isEmpty)
        let plan = try bench.plan(for: [.add(application: VisitBench.id(.purse).application)], on: id)
        #expect(plan.isFeasible && plan.leaving.isEmpty && plan.shortage.isNone, "\(plan.objections)")
        try bench.wish("purse", [.add(application: VisitBench.id(.purse).application)], on: id)
        try bench.visit(card, id)
        #expect(try bench.operation("purse", on: id)?.state == .ended(.done))
        #expect(card.contents.application(ExampleApplication.purse.module) != nil)
        #expect(bench.roundTrips <= 6)
        try Self.checkAccount(bench, card, id, "used")
        // Nobody else has less than before, and what the bank has not used is still kept for it.
        let account = try bench.account(id).account
        #expect(account.free.nonVolatile >= free)
        let held = try #require(try bench.held(id).first)
        #expect(account.reserved.covers(held.remainder))
        // Gone for good, its room is its owner's again, on the card.
        try bench.wish("gone", [.remove(application: VisitBench.id(.purse).application)], on: id)
        try bench.visitUntilEnd(card, id, "gone")
        try Self.checkAccount(bench, card, id, "gone")
        #expect(try bench.account(id).account.reserved.nonVolatile == 7_000)
    }

    @Test("using room that is kept, torn at every command: it stays its owner's, and the sum holds")
    func useTorn() throws {
        for isCarriedOut in [false, true] {
            for point in stride(from: 0, to: 200, by: 3) {
                let (bench, card, id) = try Self.crowded()
                bench.tear = (bench.exchanges + point, isCarriedOut)
                try bench.wish("purse", [.add(application: VisitBench.id(.purse).application)], on: id)
                for _ in 0..<4 {
                    // What a visit that broke off did, the next one sees.
                    guard try bench.visit(card, id) == .finished else { continue }
                    try Self.checkAccount(bench, card, id, "\(point), \(isCarriedOut)")
                }
                #expect(
                    try bench.operation("purse", on: id)?.state == .ended(.done), "\(point), \(isCarriedOut)")
                let held = try #require(try bench.held(id).first)
                #expect(try bench.account(id).account.reserved.covers(held.remainder), "\(point)")
                if bench.tear != nil { break }
            }
        }
    }

    @Test(
        "what its owner has on the card already is a part of the room that is made ready", .mission(.a3),
        .mission(.a5), arguments: [5_600, 7_000, 12_000])
    func usedAlready(bytes: Int) throws {
        let (bench, card, id) = try Self.fresh("javacard-80k")
        try bench.wish("purse", [.add(application: VisitBench.id(.purse).application)], on: id)
        try bench.visitUntilEnd(card, id, "purse")
        let before = card.freeMemory.nonVolatile
        let reserve = try bench.wish("reserve", [.reserve(Self.reservation(bytes, provider: "bank"))], on: id)
        if reserve.isOpen { try bench.visitUntilEnd(card, id, "reserve") }
        let held = try #require(try bench.held(id).first)
        guard case .ready = held.berth.state else {
            Issue.record("\(held)")
            return
        }
        #expect(held.used.nonVolatile > 4_000)
        #expect(held.remainder.nonVolatile == max(0, bytes - held.used.nonVolatile))
        // Neither card nor ledger keeps more than is not used yet.
        #expect(before - card.freeMemory.nonVolatile <= held.remainder.nonVolatile)
        #expect(try bench.account(id).account.reserved == held.remainder)
        try Self.checkAccount(bench, card, id, "reserved")
        try bench.visit(card, id)
        try Self.checkAccount(bench, card, id, "seen again")
        // Gone, its room is kept for it whole.
        try bench.wish("gone", [.remove(application: VisitBench.id(.purse).application)], on: id)
        try bench.visitUntilEnd(card, id, "gone")
        #expect(try bench.account(id).account.reserved.nonVolatile == bytes)
        try Self.checkAccount(bench, card, id, "gone")
    }

    @Test("what the ledger keeps for one is taken once from what others can have", .mission(.a11))
    func keptOnce() throws {
        let (bench, card, id) = try Self.fresh("uicc-64k")
        let free = card.freeMemory.nonVolatile
        try bench.wish("reserve", [.reserve(Self.reservation(free * 2 / 3, provider: "bank"))], on: id)
        let plan = try bench.plan(for: [.add(application: VisitBench.id(.loyalty).application)], on: id)
        #expect(plan.isFeasible && plan.shortage.isNone, "\(plan.objections)")
        #expect(plan.freeBefore.nonVolatile == free)
        let more = try Self.reservation(free / 2, provider: "berth")
        let second = try bench.plan(for: [.reserve(more)], on: id)
        #expect(second.objections.map(\.kind) == [.notEnoughRoom])
    }
}
