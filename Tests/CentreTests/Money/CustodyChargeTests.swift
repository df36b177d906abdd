import Centre
import SmartCard
import Storage
import TestSupport
import Testing

/// From the first command to the bill: custody goes on, the store follows, the statement says what is owed.
@Suite("The fee follows custody", .mission(.b11))
struct CustodyChargeTests {
    private func bench() throws -> PeopleBench {
        let bench = try PeopleBench(now: "2026-03-01T00:00:00Z")
        try bench.addProvider("city")
        try bench.addApplication("purse", of: "city")
        try bench.addCard("0A")
        try bench.act {
            try $0.setTariff(
                for: name("city"), basis: .day, rate: 50_000_000,
                terms: .init(currency: try #require(Currency("EUR"))))
        }
        return bench
    }

    private static let opening = CustodyOpening(
        card: name("0A"), aid: aid("A000000321"), ordinal: 1, release: release("purse@1"),
        provider: name("city"),
        holder: name("4711"), parking: .stateless, room: Room(nonVolatile: 1))

    /// Carries the newest stay on, a day after what was before.
    private func go(_ bench: PeopleBench, _ event: CustodyEvent) throws {
        bench.clock.advance(by: .seconds(86_400))
        let stay = try #require(try bench.all(Custody.self).last)
        try bench.act { act in
            var card = try #require(try act.transaction.lock(Card.self, key: .text("0A")))
            _ = try act.carryOn(stay, after: event, on: &card)
            act.transaction.put(card)
        }
    }

    private func owed(_ bench: PeopleBench) throws -> [String] {
        try bench.act { act in
            let march = try #require(Period(year: 2026, month: 3))
            return try act.statement(for: .provider(name("city")), march, viewer: .everything).lines.map {
                "\($0.amount?.description ?? "")\($0.isOpen ? " and more" : "")"
            }
        }
    }

    @Test("it runs from held to returned, and not while a card has the live copy")
    func returned() throws {
        let bench = try bench()
        try bench.act {
            $0.transaction.insert(try Custody.open(withoutData: Self.opening, at: $0.now))
        }
        #expect(try owed(bench) == [])
        let steps: [(CustodyEvent, [String])] = [
            // At the moment at which it begins there is nothing to show.
            (.surrenderIntended, []), (.surrendered(.absent), []),
            (.returnIntended(to: name("0A")), ["0.50 EUR and more"]),
            (.returnAbandoned(.absent, on: name("0A")), ["1.00 EUR and more"]),
            (.returnIntended(to: name("0A")), ["1.50 EUR and more"]),
            (.committed(.installed, on: name("0A")), ["2.00 EUR"]),
            (.committed(.installed, on: name("0A")), ["2.00 EUR"]),
        ]
        for (event, expected) in steps {
            try go(bench, event)
            #expect(try owed(bench) == expected, "\(event)")
        }
        #expect(try bench.all(Stay.self).count == 1)
        if case .broken = try bench.verdict(.card(name("0A"))) { Issue.record("the chain is broken") }
    }

    @Test("it ends when the copy is given up")
    func dismissed() throws {
        let bench = try bench()
        try bench.act {
            $0.transaction.insert(try Custody.open(withoutData: Self.opening, at: $0.now))
        }
        for event in [
            CustodyEvent.surrenderIntended, .surrendered(.absent), .dismissed(reason: "Not wanted."),
        ] {
            try go(bench, event)
        }
        bench.clock.advance(by: .seconds(10 * 86_400))
        #expect(try owed(bench) == ["0.50 EUR"])
    }
}
