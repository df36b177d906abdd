import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("Vault and custody on every engine")
struct VaultEngineTests {
    @Test("records are sealed, wrapped anew, sealed anew, and say what they said", arguments: Engine.allCases)
    func rewrap(_ engine: Engine) throws {
        try engine.with(.current) { store, _ throws in
            let vault = try VaultBench.inMemory()
            let secret = Secret([1, 2, 3])
            for number in 0..<3 {
                try store.write { transaction in
                    for part in 0..<5 {
                        try transaction.seal(
                            secret, at: try VaultBench.place(VaultBench.card(number), part: part),
                            in: vault, now: VaultBench.now)
                    }
                }
            }
            for depth in [VaultRewrap.Depth.keys, .records] {
                var rewrap = VaultRewrap(
                    store, vault, clock: ManualClock(VaultBench.now), depth: depth)
                let start = try rewrap.start()
                #expect(start.dataKeys == 3)
                while !rewrap.progress.isFinished { try rewrap.step() }
                #expect(try rewrap.dropOldWrappingKeys() == [start.current - 1])
            }
            let opened = try store.read { transaction in
                try transaction.all(VaultRecord.self, Query(VaultRecord.table)).map {
                    try transaction.open($0, in: vault)
                }
            }
            #expect(opened.count == 15 && opened.allSatisfy { $0.matches(secret) })
            // A wrapping key that was dropped cannot be named again.
            let failure = store.failure {
                $0.insert(
                    DataKey(card: try VaultBench.card(9), number: 1, wrappingKey: 1, wrapped: [1]))
            }
            #expect(failure == .reference(table: "data_keys"))
        }
    }

    @Test("a stay goes through its life; a second open one is refused", arguments: Engine.allCases)
    func custody(_ engine: Engine) throws {
        try engine.with(.current) { store, _ throws in
            let vault = try VaultBench.inMemory()
            let (home, away) = (try VaultBench.card(1), try VaultBench.card(2))
            var stay = try store.write { transaction in
                let stay = try CustodyStoreTests.open(home, in: transaction)
                _ = try transaction.keep(
                    CustodyStoreTests.image, from: 0, of: stay, in: vault, now: VaultBench.now)
                return try CustodyStoreTests.confirm(stay, in: vault, transaction)
            }
            var second = stay
            second.ordinal = 2
            let copy = second
            #expect(store.failure { $0.insert(copy) } == .duplicate(table: "custody"))
            var card = try CustodyStoreTests.card(home)
            for event in [
                CustodyEvent.surrenderIntended, .surrendered(.status(CustodyStoreTests.status(.vacant))),
                .returnIntended(to: away),
                .committed(.status(CustodyStoreTests.status(.active, 9)), on: away),
            ] {
                try store.write { transaction in
                    // A transaction that others overtake runs again, from where it began.
                    var (next, row) = (stay, card)
                    next = try CustodyStoreTests.go(event, next, on: &row, in: transaction)
                    (stay, card) = (next, row)
                }
            }
            #expect(try store.write { try $0.stay(home, stay.aid, 1) } == stay)
            #expect(stay.state == .returned(to: away, at: VaultBench.now))
            #expect(try store.rows(VaultRecord.table).isEmpty)
        }
    }
}
