import Centre
import Foundation
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("Tariffs, stays and statements in the store", .mission(.b11))
struct MoneyRegisterTests {
    private static let euro = Tariff.Terms(currency: Currency("EUR").unsafelyUnwrapped)

    private func bench() throws -> PeopleBench {
        let bench = try PeopleBench()
        for provider in ["city", "rail"] { try bench.addProvider(provider) }
        try bench.addApplication("purse", of: "city")
        try bench.addApplication("pass", of: "rail")
        return bench
    }

    private func set(
        _ act: Act, _ provider: String = "city", application: String? = nil, rate: Int64 = 50_000_000,
        terms: Tariff.Terms = euro, from: String? = nil
    ) throws {
        try act.setTariff(
            for: name(provider), application: application.map { name($0) }, basis: .day, rate: rate,
            terms: terms, validFrom: from.map(instant))
    }

    @Test("a tariff begins now or later, and never changes what was owed before")
    func tariffs() throws {
        let bench = try bench()
        try bench.act { try set($0) }
        try bench.act { try set($0, from: "2026-06-01T00:00:00Z") }
        // Before one that was planned is still later than now.
        bench.clock.advance(by: .seconds(60))
        try bench.act { try set($0, from: "2026-05-01T00:00:00Z") }
        try bench.act { try set($0, application: "purse") }
        #expect(try bench.act { try $0.tariffs(of: name("city")).count } == 4)
        let attempts: [(String, (Act) throws -> Void)] = [
            ("tariff-past", { try set($0, from: "2026-03-10T12:00:59.999Z") }),
            ("tariff-exists", { try set($0, from: "2026-06-01T00:00:00Z") }),
            ("tariff-exists", { try set($0, application: "purse") }),
            ("tariff-terms", { try set($0, rate: -1) }),
            ("tariff-terms", { try set($0, rate: 100_000_000_000_001) }),
            ("provider-unknown", { try set($0, "bank") }),
            ("application-unknown", { try set($0, application: "pass") }),
            ("application-unknown", { try set($0, application: "nothing") }),
        ]
        for (code, body) in attempts { #expect(try bench.refusal(body) == code) }
        for actor in [Act.Actor.provider(name("city")), .holder(name("1")), .terminal(name("t"))] {
            #expect(try bench.refusal(as: actor) { try set($0) } == "not-permitted")
        }
    }

    @Test("after a clock was set back, a tariff still begins after the newest that was written down")
    func clockBack() throws {
        let bench = try bench()
        try bench.act { try set($0) }
        bench.clock.advance(by: .seconds(-3_600))
        #expect(try bench.refusal { try set($0) } == "tariff-past")
        try bench.act { try set($0, from: "2026-03-10T12:00:01Z") }
    }

    @Test("what is in force elsewhere is taken over with its past, where nothing was ever kept for it")
    func takenOver() throws {
        let bench = try bench()
        try bench.addApplication("loyalty", of: "city")
        func take(_ act: Act, application: String? = nil, from: String) throws {
            try act.takeOverTariff(
                Tariff(
                    provider: name("city"), application: application.map { name($0) },
                    validFrom: instant(from), basis: .day, rate: 1, terms: Self.euro,
                    recordedAt: instant(from)))
        }
        try bench.act { try take($0, from: "2020-01-01T00:00:00Z") }
        let recorded = try bench.act { try $0.tariffs(of: name("city")).map(\.recordedAt) }
        #expect(recorded == [bench.clock.now])
        #expect(try bench.refusal { try take($0, from: "2020-01-01T00:00:00Z") } == "tariff-exists")
        let provider = Act.Actor.provider(name("city"))
        #expect(
            try bench.refusal(as: provider) { try take($0, from: "2020-02-01T00:00:00Z") } == "not-permitted")
        try bench.store.write { transaction in
            transaction.insert(
                Stay(
                    id: StayID(card: name("0A"), aid: aid("A000000321"), ordinal: 1), provider: name("city"),
                    application: name("purse"), since: bench.clock.now, until: bench.clock.now, byteCount: 1))
        }
        for application in [nil, "purse"] {
            let code = try bench.refusal {
                try take($0, application: application, from: "2020-02-01T00:00:00Z")
            }
            #expect(code == "tariff-past")
        }
        try bench.act { try take($0, application: "loyalty", from: "2020-02-01T00:00:00Z") }
        try bench.act { try take($0, application: "purse", from: "2027-01-01T00:00:00Z") }
    }

    @Test(
        "terms that make no sense are refused",
        arguments: [
            (-1, 0, nil, false), (3_661, 0, nil, false), (0, -1, nil, false), (0, 5, 4, false),
            (0, 0, -1, false),
            (0, 1_000_000_000_001, nil, false), (3_660, 5, 5, true), (0, 0, 0, true),
        ] as [(Int, Int64, Int64?, Bool)])
    func terms(_ freeDays: Int, _ minimum: Int64, _ cap: Int64?, _ isTaken: Bool) throws {
        var terms = Self.euro
        (terms.freeDays, terms.minimum, terms.cap) = (freeDays, minimum, cap)
        let code = try bench().refusal { try set($0, terms: terms) }
        #expect(code == (isTaken ? nil : "tariff-terms"))
    }

    private func custody(_ state: Custody.State, heldSince: String?) -> Custody {
        Custody(
            card: name("0A"), aid: aid("A000000321"), ordinal: 3, release: release("purse@1"),
            provider: name("city"), holder: name("4711"), parking: .stateless, state: state, imageBytes: 804,
            digest: [1, 2], room: .none, openedAt: instant("2026-01-01T00:00:00Z"),
            heldSince: heldSince.map(instant))
    }

    @Test("the fee runs from held to returned or discarded, through every state")
    func states() throws {
        let held = instant("2026-01-02T00:00:00Z")
        let end = instant("2026-01-05T00:00:00Z")
        let states: [(Custody.State, String?, Instant??)] = [
            (.frozen, nil, nil), (.provisional, nil, nil), (.surrendering, nil, nil),
            (.discarded(at: end, reason: "The card has it."), nil, nil),
            (.held(since: held), "2026-01-02T00:00:00Z", .some(nil)),
            (.returning(to: name("0B"), since: end), "2026-01-02T00:00:00Z", .some(nil)),
            (.returned(to: name("0B"), at: end), "2026-01-02T00:00:00Z", .some(end)),
            (.discarded(at: end, reason: "Given up."), "2026-01-02T00:00:00Z", .some(end)),
        ]
        for (state, since, until) in states {
            let stay = Stay(custody(state, heldSince: since))
            switch until {
            case nil: #expect(stay == nil)
            case .some(let until):
                #expect(stay?.since == held && stay?.until == until)
                #expect(stay?.byteCount == 804 && stay?.digest == [1, 2] && stay?.holder == name("4711"))
            }
        }
    }

    /// Stays of two providers and a holder, some of them years old.
    private func fullBench() throws -> PeopleBench {
        let bench = try bench()
        bench.clock.advance(by: .seconds(-20 * 86_400))
        for provider in ["city", "rail"] { try bench.act { try set($0, provider) } }
        bench.clock.advance(by: .seconds(20 * 86_400))
        let stays: [(String, String, String?)] = [
            ("2026-02-19T00:00:00Z", "purse", "2026-02-20T00:00:00Z"),
            ("2026-02-27T00:00:00Z", "purse", "2026-03-02T00:00:00Z"), ("2026-03-01T00:00:00Z", "purse", nil),
            ("2026-02-19T00:00:00Z", "pass", "2026-02-21T00:00:00Z"),
            ("2025-01-01T00:00:00Z", "purse", "2025-01-02T00:00:00Z"),
        ]
        try bench.store.write { transaction in
            for (index, (since, application, until)) in stays.enumerated() {
                transaction.insert(
                    Stay(
                        id: StayID(card: name("0A"), aid: aid("A000000321"), ordinal: index + 1),
                        provider: name(application == "pass" ? "rail" : "city"),
                        application: name(application),
                        holder: index < 2 ? name("4711") : nil, since: instant(since),
                        until: until.map(instant), byteCount: 100))
            }
        }
        return bench
    }

    @Test("a statement finds the stays of its period, and only those of its party")
    func statement() throws {
        let bench = try fullBench()
        func lines(_ party: Statement.Party, _ month: Int, as actor: Act.Actor = PeopleBench.root) throws
            -> [String]
        {
            try bench.act(as: actor) { act in
                let period = try #require(Period(year: 2026, month: month))
                return try act.statement(for: party, period, viewer: try act.ownViewer()).lines.map {
                    "\($0.stay.ordinal) \($0.amount?.description ?? "")\($0.isOpen ? " open" : "")"
                }
            }
        }
        #expect(try lines(.provider(name("city")), 2) == ["1 0.50 EUR", "2 1.00 EUR open"])
        #expect(try lines(.provider(name("city")), 3) == ["2 0.50 EUR", "3 4.75 EUR open"])
        #expect(try lines(.provider(name("city")), 4).isEmpty)
        #expect(try lines(.provider(name("rail")), 2) == ["4 1.00 EUR"])
        #expect(try lines(.holder(name("4711")), 2) == ["1 0.50 EUR", "2 1.00 EUR open"])
        #expect(try lines(.holder(name("4711")), 2, as: .holder(name("4711"))).count == 2)
        #expect(try lines(.provider(name("city")), 2, as: .provider(name("city"))).count == 2)
    }

    @Test(
        "a statement is for those whom it concerns",
        arguments: [
            (Act.Actor.provider(name("rail")), Statement.Party.provider(name("city"))),
            (.provider(name("city")), .holder(name("4711"))), (.holder(name("4712")), .holder(name("4711"))),
            (.holder(name("4711")), .provider(name("city"))), (.terminal(name("t")), .holder(name("4711"))),
        ])
    func notOthers(_ actor: Act.Actor, _ party: Statement.Party) throws {
        let code = try fullBench().refusal(as: actor) { act in
            let period = try #require(Period(year: 2026, month: 2))
            _ = try act.statement(for: party, period, viewer: try act.ownViewer())
        }
        #expect(code == "not-found")
    }

    @Test("a provider that may see another's applications does not see what it owes")
    func sightIsNotMoney() throws {
        let bench = try fullBench()
        try bench.act { try $0.changeProvider(name("rail"), sight: .also([name("city")])) }
        let code = try bench.refusal(as: .provider(name("rail"))) { act in
            let period = try #require(Period(year: 2026, month: 2))
            _ = try act.statement(for: .provider(name("city")), period, viewer: try act.ownViewer())
        }
        #expect(code == "not-found")
    }

    @Test("a period of long ago is refused rather than searched for")
    func tooOld() throws {
        let code = try fullBench().refusal { act in
            let period = try #require(Period(year: 2015, month: 2))
            _ = try act.statement(for: .provider(name("city")), period, viewer: .everything)
        }
        #expect(code == "statement-too-old")
    }

    @Test("what lasts costs more with every moment")
    func running() throws {
        let bench = try fullBench()
        let open = try #require(try bench.all(Stay.self).first { $0.until == nil })
        #expect(try bench.act { [try $0.runningCost(of: open)?.description] } == ["4.75 EUR"])
        bench.clock.advance(by: .seconds(86_400))
        #expect(try bench.act { [try $0.runningCost(of: open)?.description] } == ["5.25 EUR"])
    }

    // MARK: Forms

    private func sample() throws -> Statement {
        var named = try MoneyWords.stay("2026-01-06..2026-01-16")
        named.holder = name("+1+cmd")
        return try Statement(
            for: .holder(name("+1+cmd")), MoneyWords.period("2026-01-01..2026-02-01"), stays: [named],
            tariffs: MoneyWords.tariffs("0.50 EUR/day"), asOf: MoneyWords.now)
    }

    @Test("JSON is as documented")
    func json() throws {
        let text = try sample().json
        #expect(
            text
                == #"{"holder":"+1+cmd","from":"2026-01-01T00:00:00Z","until":"2026-02-01T00:00:00Z","lines":["#
                + #"{"application":"purse","provider":"city","card":"45414D-0102","aid":"A000000321","stay":1,"#
                + #""from":"2026-01-06T00:00:00Z","until":"2026-01-16T00:00:00Z","open":false,"bytes":12345,"#
                + #""amount":"5.00","currency":"EUR"}],"totals":[{"amount":"5.00","currency":"EUR"}]}"#)
        #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
    }

    @Test("no name can have a character that JSON would have to escape")
    func noEscapes() {
        for byte in Array(UInt8(0)..<0x20) + [UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x7F] {
            for offset in [0, 1] {
                #expect(!CardKind.accepts(byte, at: offset) && !ProviderKind.accepts(byte, at: offset))
                #expect(!ApplicationKind.accepts(byte, at: offset) && !HolderKind.accepts(byte, at: offset))
            }
        }
    }

    @Test("CSV is as documented")
    func csv() throws {
        #expect(
            try sample().csv
                == "application,provider,card,aid,stay,from,until,open,bytes,amount,currency\r\n"
                + "purse,city,45414D-0102,A000000321,1,2026-01-06T00:00:00Z,2026-01-16T00:00:00Z,no,12345,5.00,EUR\r\n"
        )
    }

    @Test(
        "a field of CSV is quoted where RFC 4180 says so, and is never a formula",
        arguments: [
            ("plain", "plain"), ("", ""), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""),
            ("a\r\nb", "\"a\r\nb\""),
            ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""), ("=\"a\"", "\"'=\"\"a\"\"\""), ("a=b", "a=b"), ("\"", "\"\"\"\""),
        ])
    func fields(_ text: String, _ field: String) { #expect(CSV.field(text) == field) }

    @Test("a statement without stays says so in every form")
    func empty() throws {
        let statement = try Statement(
            for: .provider(MoneyWords.provider), MoneyWords.period("2026-01-01..2026-02-01"), stays: [],
            tariffs: [], asOf: MoneyWords.now)
        #expect(statement.json.hasSuffix(#""lines":[],"totals":[]}"#))
        #expect(statement.csv.split(separator: "\r\n").count == 1)
        #expect(statement.text.contains("Total"))
    }
}
