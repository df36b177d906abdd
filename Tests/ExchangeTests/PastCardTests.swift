import CardCrypto
import Centre
import Exchange
import SmartCard
import Storage
import Testing

/// Cards whose time is over, and cards that others took the place of, from one store into another.
@Suite("Cards of the past, from and to files")
struct PastCardTests {
    private let clock = ManualClock(Instant(milliseconds: 1_795_255_216_000))

    private func store() throws -> SQLiteStore {
        let store = try SQLiteStore(.memory, mode: .direct)
        try store.migrate(to: .current)
        return store
    }

    private func take(_ kind: ExchangeKind, _ text: String, into store: SQLiteStore) throws -> [String] {
        var reasons: [String] = []
        var job = Import(
            of: kind, .csv, into: store, by: .centre, clock: clock, entropy: SeededEntropy(seed: [1]),
            onBad: { reasons.append($0.reason) })
        try job.feed(Array(text.utf8))
        try job.finish()
        return reasons
    }

    private func give(_ kind: ExchangeKind, from store: SQLiteStore) throws -> String {
        var bytes: [UInt8] = []
        let options = ExportOptions(hasPasswordVerifiers: true)
        _ = try Export(of: kind, .csv, options).run(from: store) { bytes += $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func rows<R: Record>(_ type: R.Type, _ store: SQLiteStore) throws -> [R] {
        try store.read { try $0.all(R.self, Query(R.table)) }
    }

    @Test("an empty store takes an export whole: expired, blocked, retired, and the holder's other card")
    func wholeExport() throws {
        let (one, other) = (try store(), try store())
        #expect(try take(.holders, "number,name\n1,Ada\n2,Bob\n", into: one) == [])
        let header = "id,profile,issuer-domain,master-key,key-version,channel,expiry,holder\n"
        let rest = ",javacard-80k,A000000151000000,fleet,1,scp03,"
        // Of Ada's two, the later one comes first in the order of names.
        for (id, holder) in [("479002", "1"), ("479001", "1"), ("479003", "2"), ("479004", "")] {
            #expect(try take(.cards, header + id + rest + "2026-12-31,\(holder)\n", into: one) == [])
        }
        try one.write { transaction in
            let act = Act(
                transaction, now: clock.now, actor: .centre, entropy: SeededEntropy(seed: [2]))
            try act.blockCard(CardID("479004"), reason: "It was lost.")
        }
        clock.advance(by: .seconds(86_400 * 60))
        for kind in [ExchangeKind.holders, .cards] {
            #expect(try take(kind, try give(kind, from: one), into: other) == [], "\(kind)")
            #expect(try give(kind, from: other) == give(kind, from: one), "\(kind)")
        }
        #expect(try rows(Card.self, other).map(\.life) == rows(Card.self, one).map(\.life))
        #expect(try rows(Holder.self, other).map(\.card) == rows(Holder.self, one).map(\.card))
        #expect(try rows(Holder.self, other).map(\.card?.text) == ["479001", "479003"])
    }

    @Test("a card that is to be used from now on has a day that is to come")
    func newCards() throws {
        let header = "id,profile,issuer-domain,master-key,key-version,channel,expiry\n"
        let row = "479001,javacard-80k,A000000151000000,fleet,1,scp03,2020-01-01\n"
        #expect(try take(.cards, header + row, into: store()) == ["2020-01-01 is over."])
    }
}
