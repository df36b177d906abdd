import Centre
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("Events on their way out")
struct OutboxTests {
    @Test("every announced note becomes one event, once, in the order of its chain", arguments: 0..<8)
    func order(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bench = try PeopleBench()
        let cards = ["0A", "0B", "0C", "0D"]
        for card in cards { try bench.addCard(card) }
        var noted = 0
        for step in 0..<200 {
            // Clocks jump, also backwards.
            bench.clock.advance(by: .milliseconds(Int.random(in: -5_000...9_000, using: &random)))
            if Int.random(in: 0..<10, using: &random) == 0 {
                _ = try bench.store.write {
                    try Outbox.order($0, limit: Int.random(in: 1...7, using: &random))
                }
            }
            let card = cards[Int.random(in: 0..<cards.count, using: &random)]
            try bench.act { act in
                let note = Note("test.happened", .centre, facts: [.number("step", step)])
                if Bool.random(using: &random) {
                    try act.note(note)
                } else {
                    var found = try #require(try act.transaction.lock(Card.self, key: .text(card)))
                    act.note(note, on: &found)
                    act.transaction.put(found)
                }
            }
            noted += 1
        }
        while try bench.store.write({ try Outbox.order($0, limit: 50) }) > 0 {}
        let events = try bench.all(Event.self)
        #expect(events.map(\.position) == Array(1...Int64(noted)), "seed \(seed)")
        #expect(Set(events.map(\.id)).count == noted, "seed \(seed)")
        #expect(try bench.all(PendingEvent.self).isEmpty)
        for (stream, chain) in Dictionary(grouping: events, by: \.stream) {
            #expect(chain.map(\.number) == Array(1...Int64(chain.count)), "\(stream), seed \(seed)")
        }
    }

    @Test("no chain waits for ever behind one that never stops")
    func fairness() throws {
        let bench = try PeopleBench()
        func happen(_ card: String, count: Int) throws {
            try bench.act { act in
                var found = try #require(try act.transaction.lock(Card.self, key: .text(card)))
                for _ in 0..<count { act.note(Note("test.happened", .card(found.id)), on: &found) }
                act.transaction.put(found)
            }
        }
        for card in ["0A", "0B"] { try bench.addCard(card) }
        try happen("0B", count: 1)
        for _ in 0..<3 {
            try happen("0A", count: 10)
            _ = try bench.store.write { try Outbox.order($0, limit: 10) }
        }
        #expect(try bench.all(Event.self).contains { $0.stream == .card(name("0B")) })
    }

    @Test("what is only for the audit is not announced")
    func silent() throws {
        let bench = try PeopleBench()
        try bench.act { try $0.note(Note("test.noted", .centre, isAnnounced: false)) }
        #expect(try bench.all(AuditEntry.self).count == 1)
        #expect(try bench.all(PendingEvent.self).isEmpty)
    }

    @Test("an act that is refused announces nothing")
    func refused() throws {
        let bench = try PeopleBench()
        #expect(throws: NotPermitted.self) {
            try bench.act { act in
                try act.note(Note("test.noted", .centre))
                throw NotPermitted(actor: act.actor, what: "go on")
            }
        }
        #expect(try bench.all(AuditEntry.self).isEmpty)
        #expect(try bench.all(PendingEvent.self).isEmpty)
    }

    @Test("a receiver's place only goes forward, and what all have is forgotten")
    func cursors() throws {
        let bench = try PeopleBench()
        try bench.act { act in for _ in 0..<5 { try act.note(Note("test.noted", .centre)) } }
        _ = try bench.store.write { try Outbox.order($0) }
        for (place, expected) in [(Int64(3), Int64(3)), (2, 3), (5, 5)] {
            try bench.store.write { try Outbox.acknowledge(place, by: "hook", $0) }
            #expect(try bench.store.read { try Outbox.position(of: "hook", $0) } == expected)
        }
        #expect(try bench.store.read { try Outbox.position(of: "other", $0) } == 0)
        #expect(try bench.store.read { try Outbox.events(after: 3, $0).map(\.position) } == [4, 5])
        #expect(try bench.store.read { try Outbox.events(after: 0, limit: 2, $0).map(\.position) } == [1, 2])
        #expect(try bench.store.write { try Outbox.forget(through: 4, $0) } == 4)
        #expect(try bench.all(Event.self).map(\.position) == [5])
    }

    @Test(
        "names, addresses, birth dates, passwords, numbers and reasons get into no chain, event or kept request"
    )
    func nothingPersonal() throws {
        let bench = try PeopleBench()
        try bench.addProvider("city")
        try bench.addApplication("purse", of: "city")
        try bench.addCard("0A")
        let verifier = try PeopleBench.verifier("Tr0ub4dor&3", bench.entropy)
        let details = HolderDetails(
            name: "Ada Lovelace", birthDate: day("1815-12-10"), address: "12 St James's Square, London")
        try bench.act {
            #expect(throws: HolderRefusal.birthDate(day("1815-12-10"))) {
                try details.check(today: day("2026-01-01"))
            }
            var living = details
            living.birthDate = day("1985-12-10")
            try $0.registerHolder(name("4711"), living, password: verifier)
            try $0.changeHolder(name("4711"), living)
            try $0.changePassword(of: name("4711"), to: verifier)
            try $0.setUse(of: name("purse"), by: name("4711"), isUsed: true)
            try $0.recordAddress(.sms(try #require(SubscriberNumber("+4915112345678"))), of: name("0A"))
            try $0.recordAddress(.https(try #require(AgentAddress("https://ada.example/x"))), of: name("0A"))
            try $0.assignCard(name("0A"), to: name("4711"))
            try $0.suspendProvider(name("city"), reason: "Ada Lovelace asked for it.")
        }
        let dump = try bench.dump()
        let texts = ["Ada", "Lovelace", "James", "1985", "Tr0ub", "+49151", "4915112345678", "ada.example"]
        let forbidden =
            texts.map { Array($0.utf8) } + [
                verifier.bytes, Int64(day("1985-12-10").daysSinceEpoch).bigEndianBytes,
                day("1985-12-10").start.milliseconds.bigEndianBytes,
            ]
        #expect(try bench.holder("4711").name == "Ada Lovelace")
        for table in ["audit_entries", "events_pending", "events", "requests"] {
            for row in try #require(dump[table]) {
                for value in row {
                    let bytes: [UInt8] =
                        switch value {
                        case .null, .integer: []
                        case .text(let text): Array(text.utf8)
                        case .bytes(let bytes): bytes
                        }
                    for needle in forbidden { #expect(!contains(bytes, needle), "\(table): \(row)") }
                }
            }
        }
        #expect(try #require(dump["events_pending"]).count >= 8)
    }

    private func contains(_ bytes: [UInt8], _ needle: [UInt8]) -> Bool {
        guard bytes.count >= needle.count else { return false }
        return (0...(bytes.count - needle.count)).contains { bytes[$0...].starts(with: needle) }
    }
}
