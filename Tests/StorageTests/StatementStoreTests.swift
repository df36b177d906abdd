import CardCrypto
import Centre
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("Statements in the store", .mission(.b11))
struct StatementStoreTests {
    private static func name<Kind>(_ text: String) -> Identifier<Kind> {
        guard let name = try? Identifier<Kind>(text) else { preconditionFailure("'\(text)' is no name") }
        return name
    }

    /// In the order of their numbers; asked for in March 2026, with a clock that is right.
    private static let ends: [(until: String?, isInMarch: Bool)] = [
        ("2026-05-20T00:00:00Z", true), ("2028-03-10T00:00:00Z", true), (nil, true),
        ("9999-12-31T00:00:00Z", true), ("2026-04-01T00:00:00Z", true), ("2026-03-05T00:00:00Z", true),
        ("2026-02-27T00:00:00Z", false),
    ]

    private static func stay(_ ordinal: Int, until: Instant?, of provider: String) throws -> Stay {
        Stay(
            id: StayID(card: name("0A"), aid: try AID(hex: "A000000321"), ordinal: ordinal),
            provider: name(provider), application: name("purse"),
            holder: name(provider == "city" ? "4711" : "4712"),
            since: try #require(Instant("2026-02-01T00:00:00Z")), until: until, byteCount: 100)
    }

    @Test(
        "a stay in the period is on it, however late a clock that ran ahead has ended it",
        arguments: Engine.allCases)
    func lateEnds(_ engine: Engine) throws {
        let now = try #require(Instant("2026-03-10T12:00:00Z"))
        let period = try #require(Period(year: 2026, month: 3))
        try engine.with(.current) { store, _ throws in
            for (index, end) in Self.ends.enumerated() {
                let until = end.until.flatMap { Instant($0) }
                for provider in ["city", "rail"] {
                    let ordinal = index + (provider == "city" ? 1 : 101)
                    try store.write { $0.insert(try Self.stay(ordinal, until: until, of: provider)) }
                }
            }
            let expected = Self.ends.indices.filter { Self.ends[$0].isInMarch }.map { $0 + 1 }
            for party in [
                Statement.Party.provider(Self.name("city")), .holder(Self.name("4711")),
            ] {
                let lines = try store.read { transaction in
                    let act = Act(
                        transaction, now: now, actor: .operator(Self.name("root")),
                        entropy: SeededEntropy(seed: [1]))
                    return try act.statement(for: party, period, viewer: .everything).lines
                }
                #expect(lines.map(\.stay.ordinal) == expected, "\(party)")
                #expect(lines.map(\.isOpen) == [true, true, true, true, true, false], "\(party)")
            }
        }
    }

    @Test("the months in which stays ended are found through the index alone, in its order")
    func plan() throws {
        let store = try SQLiteStore(.memory, mode: .direct)
        try store.migrate(to: .current)
        for (column, index) in [
            ("provider", "custody_stays_by_provider"), ("holder", "custody_stays_by_holder"),
        ] {
            let query = Query(
                Stay.table, [.init(column, .text("city")), .init("end_month", atLeast: 24_315)], limit: 1)
            let rows = try store.perform("EXPLAIN QUERY PLAN \(query.statement(lock: "").text)")
            let words = rows.compactMap { row -> String? in
                guard case .text(let text)? = row.last else { return nil }
                return text
            }
            #expect(words.count == 1, "\(words)")
            #expect(words.first?.contains("\(index) (\(column)=? AND end_month>?)") == true, "\(words)")
        }
    }
}
