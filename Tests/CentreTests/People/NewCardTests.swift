import CardCrypto
import Centre
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("A new card for a holder", .mission(.c4))
struct NewCardTests {
    /// One holder with a card and a permission, another holder, and a blank card.
    private func bench(now: String = "2026-03-10T12:00:00Z") throws -> PeopleBench {
        let bench = try PeopleBench(now: now)
        try bench.addHolder("4711")
        try bench.addHolder("4712")
        for card in ["0A", "0B", "0C"] { try bench.addCard(card) }
        try bench.addCard("0D", life: .blocked(reason: "Found."))
        try bench.addCard("0E", life: .retired(reason: "Broken."))
        try bench.addCard("0F", expiry: nil)
        try bench.act {
            try $0.assignCard(name("0A"), to: name("4711"))
            try $0.assignCard(name("0C"), to: name("4712"))
            try $0.permitIssue(for: name("4711"), from: day("2026-03-10"), through: day("2026-03-12"))
        }
        return bench
    }

    private struct Wish {
        var holder = "4711"
        var card = "0B"
        var expiry = "2028-12-31"
        var password = "correct horse"
    }

    private func ask(_ bench: PeopleBench, _ wish: Wish, request: String? = nil) throws -> NewCardAnswer {
        let asked = NewCardWish(holder: name(wish.holder), card: name(wish.card), expiry: day(wish.expiry))
        let question = try bench.store.read { try PasswordQuestion(asked.holder, $0) }
        let answer = try question.answer(Secret(Array(wish.password.utf8)))
        return try bench.act(as: .terminal(name("kiosk-1")), request: request) { act in
            try act.once(asked.canonicalBytes) { try act.recordNewCard(asked, answer) }
        }
    }

    @Test("the new card is recorded, the old one is retired, the permission is used up")
    func recorded() throws {
        let bench = try bench()
        #expect(try ask(bench, Wish()) == .recorded(issueNumber: 2))
        let holder = try bench.holder("4711")
        #expect(holder.card == name("0B") && holder.cardExpiry == day("2028-12-31"))
        #expect(holder.issueCount == 2 && holder.issuePermission == .none)
        let card = try bench.card("0B")
        #expect(card.holder == name("4711") && card.issueNumber == 2)
        #expect(try bench.card("0A").life == .retired(reason: "Card 0B took its place."))
        #expect(
            try bench.all(AuditEntry.self).filter { $0.actor == "terminal/kiosk-1" }.map(\.kind).sorted() == [
                "card.issued", "card.retired",
            ])
        for stream in ["0A", "0B"] {
            guard case .whole = try bench.verdict(.card(name(stream))) else {
                Issue.record("the chain of \(stream) is broken")
                return
            }
        }
    }

    @Test("a card whose expiry nobody had written down gets the one that it told")
    func expiryIsLearned() throws {
        let bench = try bench()
        #expect(try ask(bench, Wish(card: "0F", expiry: "2029-01-31")) == .recorded(issueNumber: 2))
        #expect(try bench.card("0F").expiry == day("2029-01-31"))
    }

    @Test("a request that comes again has the same answer, and no second effect")
    func doubled() throws {
        let bench = try bench()
        #expect(try ask(bench, Wish(), request: "r-1") == .recorded(issueNumber: 2))
        let before = try bench.dump()
        #expect(try ask(bench, Wish(), request: "r-1") == .recorded(issueNumber: 2))
        #expect(try bench.dump() == before)
        #expect(try ask(bench, Wish(), request: "r-2") == .mismatch)
        #expect(try bench.dump(except: ["requests"]) == before.filter { $0.key != "requests" })
    }

    struct Mismatch: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var holder = "4711"
        var card = "0B"
        var expiry = "2028-12-31"
        var password = "correct horse"
        var now = "2026-03-10T12:00:00Z"
        var isCounted = false
    }

    static let mismatches = [
        Mismatch(testDescription: "a wrong password", password: "correct horsf", isCounted: true),
        Mismatch(testDescription: "an empty password", password: "", isCounted: true),
        Mismatch(testDescription: "a user number that nobody has", holder: "4713"),
        Mismatch(testDescription: "a holder without permission", holder: "4712"),
        Mismatch(testDescription: "the day before the permission", now: "2026-03-09T23:59:59.999Z"),
        Mismatch(testDescription: "the day after the permission", now: "2026-03-13T00:00:00Z"),
        Mismatch(testDescription: "a card that expired", card: "0F", expiry: "2026-03-09"),
        Mismatch(testDescription: "a card that says another expiry", expiry: "2028-12-30"),
        Mismatch(testDescription: "a card that nobody knows", card: "99"),
        Mismatch(testDescription: "another holder's card", card: "0C"),
        Mismatch(testDescription: "the holder's own card", card: "0A"),
        Mismatch(testDescription: "a blocked card", card: "0D"),
        Mismatch(testDescription: "a retired card", card: "0E"),
    ]

    @Test("any mismatch gives the one error and changes nothing but the count", arguments: mismatches)
    func mismatch(_ example: Mismatch) throws {
        let bench = try bench()
        bench.clock.advance(by: bench.clock.now.duration(to: instant(example.now)))
        let before = try bench.dump()
        let wish = Wish(
            holder: example.holder, card: example.card, expiry: example.expiry, password: example.password)
        #expect(try ask(bench, wish) == .mismatch)
        #expect(try bench.dump(except: ["holders"]) == before.filter { $0.key != "holders" })
        var holder = try bench.holder("4711")
        #expect(holder.throttle.wrongCount == (example.isCounted ? 1 : 0))
        holder.throttle = Holder.Throttle()
        try bench.store.write { $0.put(holder) }
        #expect(try bench.dump() == before)
    }

    @Test(
        "the days of the permission are both included",
        arguments: ["2026-03-10T00:00:00Z", "2026-03-12T23:59:59.999Z"])
    func window(_ now: String) throws {
        let bench = try bench()
        bench.clock.advance(by: bench.clock.now.duration(to: instant(now)))
        #expect(try ask(bench, Wish()) == .recorded(issueNumber: 2))
    }

    @Test("a card can be used through its last day")
    func lastDay() throws {
        let bench = try bench()
        #expect(try ask(bench, Wish(card: "0F", expiry: "2026-03-10")) == .recorded(issueNumber: 2))
    }

    @Test("every wrong password after the fourth closes the door, for longer each time, to a day")
    func throttle() throws {
        let bench = try bench()
        for count in 1...4 {
            #expect(try ask(bench, Wish(password: "wrong wrong")) == .mismatch)
            #expect(try bench.holder("4711").throttle == Holder.Throttle(wrongCount: count))
        }
        var expected = Duration.seconds(60)
        for count in 5...20 {
            #expect(try ask(bench, Wish(password: "wrong wrong")) == .mismatch)
            let until = bench.clock.now.advanced(by: expected)
            #expect(
                try bench.holder("4711").throttle == Holder.Throttle(wrongCount: count, closedUntil: until))
            // Neither the right password nor a wrong one is looked at while the door is closed.
            bench.clock.advance(by: expected - .milliseconds(1))
            let before = try bench.dump()
            for password in ["correct horse", "wrong wrong"] {
                #expect(try ask(bench, Wish(password: password)) == .mismatch)
            }
            #expect(try bench.dump() == before)
            bench.clock.advance(by: .milliseconds(1))
            expected = min(expected * 2, .seconds(86_400))
        }
    }

    @Test("the right password forgets the wrong ones, also when something else does not fit")
    func forgiven() throws {
        let bench = try bench()
        for _ in 0..<4 { _ = try ask(bench, Wish(password: "wrong wrong")) }
        #expect(try ask(bench, Wish(card: "0C")) == .mismatch)
        #expect(try bench.holder("4711").throttle == Holder.Throttle())
    }

    @Test("a clock that was set back keeps nobody out for longer than a day")
    func clockBack() throws {
        let bench = try bench()
        for _ in 0..<5 { _ = try ask(bench, Wish(password: "wrong wrong")) }
        bench.clock.advance(by: .seconds(-2 * 86_400))
        try bench.act {
            try $0.permitIssue(for: name("4711"), from: day("2026-03-01"), through: day("2026-03-31"))
        }
        #expect(try ask(bench, Wish()) == .recorded(issueNumber: 2))
    }

    @Test(
        "a new password opens the door that wrong ones closed, and an answer to the old one counts for nothing"
    )
    func changedBetween() throws {
        let bench = try bench()
        for _ in 0..<5 { _ = try ask(bench, Wish(password: "wrong wrong")) }
        let wish = NewCardWish(holder: name("4711"), card: name("0B"), expiry: day("2028-12-31"))
        let old = try bench.store.read { try PasswordQuestion(wish.holder, $0) }
            .answer(Secret(Array("correct horse".utf8)))
        let verifier = try PeopleBench.verifier("a new password", bench.entropy)
        try bench.act { try $0.changePassword(of: name("4711"), to: verifier) }
        let before = try bench.dump()
        #expect(try bench.act { try $0.recordNewCard(wish, old) } == .mismatch)
        #expect(try bench.dump() == before)
        #expect(try ask(bench, Wish(password: "a new password")) == .recorded(issueNumber: 2))
    }

    @Test("an answer for one holder is none for another")
    func otherHolder() throws {
        let bench = try bench()
        let answer = try bench.store.read { try PasswordQuestion(name("4712"), $0) }
            .answer(Secret(Array("correct horse".utf8)))
        let wish = NewCardWish(holder: name("4711"), card: name("0B"), expiry: day("2028-12-31"))
        #expect(try bench.act { try $0.recordNewCard(wish, answer) } == .mismatch)
        #expect(try bench.holder("4711").throttle == Holder.Throttle())
    }

    @Test("the one error says what to do, and not what was wrong")
    func words() throws {
        let reason = try #require(NewCardAnswer.mismatch.reason)
        #expect(reason.hasSuffix(".") && NewCardAnswer.mismatch.remedy?.hasSuffix(".") == true)
        #expect(NewCardAnswer.recorded(issueNumber: 1).reason == nil)
        for answer in [NewCardAnswer.mismatch, .recorded(issueNumber: 3)] {
            #expect(NewCardAnswer(keptBytes: answer.keptBytes) == answer)
        }
        #expect(NewCardAnswer(keptBytes: [1]) == nil)
    }
}
