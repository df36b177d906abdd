import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

/// Row A11: many cards at many terminals for several providers, their exchanges between each other's.
@Suite("Many at once", .mission(.a11))
struct ManyAtOnceTests {
    private struct Place {
        let card: VirtualCard
        let id: CardID
        let terminal: TerminalID
        let example: ExampleApplication
    }

    private static let profiles = ["javacard-80k", "javacard-80k-scp02", "small-16k", "uicc-64k"]

    /// The purse is the bank's, everything else is Berth's.
    private static func owner(_ example: ExampleApplication) -> String {
        example == .purse ? "bank" : "berth"
    }

    /// Every card was read, and has room for the provider whose application it is to get.
    private static func places(_ bench: DeskBench) throws -> [Place] {
        try (0..<12).map { number in
            let (card, id) = try bench.makeCard(profiles[number % profiles.count], seed: UInt8(number + 1))
            let example: ExampleApplication = number.isMultiple(of: 3) ? .purse : .pass
            let place = Place(
                card: card, id: id, terminal: try TerminalID("t\(number)"), example: example)
            try bench.visit(card, id, terminal: place.terminal.text)
            let room = Reservation(
                provider: try ProviderID(owner(example)), room: Room(nonVolatile: 300))
            try bench.wish("room", [.reserve(room)], on: id)
            try bench.wish("add", [.add(application: VisitBench.id(example).application)], on: id)
            return place
        }
    }

    @Test(
        "exchanges of all cards, one after another's, end each as if it were alone",
        arguments: [UInt64](1...4))
    func interleaved(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bench = try DeskBench()
        let places = try Self.places(bench)
        var open: [(place: Place, reply: Visit.Reply)] = try places.map { place in
            place.card.powerOn()
            return (place, try bench.desk.arrive(place.id, at: place.terminal))
        }
        // Nobody else gets a card that is being served.
        guard case .over = try bench.desk.arrive(places[0].id, at: TerminalID("other")) else {
            Issue.record("two terminals have one card")
            return
        }
        var exchanges = 0
        while let index = open.indices.randomElement(using: &random) {
            guard case .order(let order) = open[index].reply else {
                open.remove(at: index)
                continue
            }
            let answers = bench.carry(order, open[index].place.card)
            open[index].reply = try bench.desk.report(
                Report(visit: order.visit, number: order.number, answers: answers))
            exchanges += 1
        }
        #expect(exchanges > places.count * 2, "seed \(seed)")
        for place in places {
            #expect(try bench.operation("add", on: place.id)?.state == .ended(.done), "seed \(seed)")
            let own = place.example.module
            let other = place.example == .purse ? ExampleApplication.pass : .purse
            #expect(place.card.contents.application(own) != nil, "seed \(seed)")
            #expect(place.card.contents.application(other.module) == nil, "seed \(seed)")
            try BerthOperationTests.checkAccount(bench, place.card, place.id, "seed \(seed)")
        }
    }

    @Test("what one provider holds no other can release, or ask for in its name")
    func untouched() throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        let bank = try ProviderID("bank")
        let room = Wish.reserve(Reservation(provider: bank, room: Room(nonVolatile: 300)))
        let release = Wish.release(provider: bank)
        func request(_ wish: Wish, by actor: Act.Actor) throws {
            _ = try bench.desk.request(
                RequestID("\(bench.clock.now.milliseconds)"), bench.plan(for: [wish], on: id),
                deadline: bench.clock.now.advanced(by: .seconds(60)), by: actor)
        }
        let stranger = Act.Actor.provider(try ProviderID("berth"))
        #expect(throws: NotPermitted.self) { try request(room, by: stranger) }
        try request(room, by: .provider(bank))
        bench.clock.advance(by: .seconds(1))
        #expect(throws: NotPermitted.self) { try request(release, by: stranger) }
        #expect(try bench.record(id).berths.map(\.provider) == [bank])
        try request(release, by: .provider(bank))
        #expect(try bench.record(id).berths.isEmpty)
    }
}
