import CardCrypto
import Centre
import FoundationEssentials
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("Wrapping anew", .mission(.c11))
struct VaultRewrapTests {
    /// A store with records of some cards, and what they say.
    private final class Bench {
        let store: SQLiteStore
        let vault: SoftwareVault
        let clock = ManualClock(VaultBench.now)
        var expected: [VaultPlace: [UInt8]] = [:]

        init(_ vault: SoftwareVault, cards: Int, records: Int) throws {
            store = try SQLiteStore.inMemory()
            self.vault = vault
            for number in 0..<cards {
                for part in 0..<records { try add(number, part) }
            }
        }

        func add(_ number: Int, _ part: Int) throws {
            let place = try VaultBench.place(VaultBench.card(number), part: part)
            let bytes = Digest.sha256.hash(Array("\(place)".utf8))
            let vault = vault
            try store.write {
                try $0.seal(Secret(bytes), at: place, in: vault, now: VaultBench.now)
            }
            expected[place] = bytes
        }

        func check(_ vault: SoftwareVault? = nil) throws {
            let vault = vault ?? self.vault
            let opened = try store.read { transaction in
                try transaction.all(VaultRecord.self, Query(VaultRecord.table)).map {
                    ($0.place, try transaction.open($0, in: vault))
                }
            }
            #expect(opened.count == expected.count)
            for (place, secret) in opened {
                #expect(secret.withBytes { Array($0) } == expected[place])
            }
        }

        var wrappingKeysInUse: [Int] {
            get throws {
                try store.read { try $0.all(WrappingKeyRow.self, Query(WrappingKeyRow.table)) }.map(\.number)
            }
        }
        var keys: [DataKey] {
            get throws { try store.read { try $0.all(DataKey.self, Query(DataKey.table)) } }
        }

        func rewrap(_ depth: VaultRewrap.Depth) -> VaultRewrap {
            VaultRewrap(store, vault, clock: clock, depth: depth)
        }
    }

    @Test(
        "everything is under the new key afterwards, says what it said, and the old key can go",
        arguments: [VaultRewrap.Depth.keys, .records])
    func whole(_ depth: VaultRewrap.Depth) throws {
        let bench = try Bench(try VaultBench.inMemory(), cards: 130, records: 2)
        let before = try bench.keys
        var rewrap = bench.rewrap(depth)
        let start = try rewrap.start()
        #expect(start == .init(current: 2, isContinued: false, dataKeys: 130))
        var steps = 0
        while !rewrap.progress.isFinished {
            try rewrap.step()
            steps += 1
            try #require(steps < 1_000)
        }
        #expect(rewrap.progress.done == 130)
        #expect(try bench.wrappingKeysInUse == [2])
        #expect(try bench.keys.allSatisfy { $0.wrappingKey == 2 })
        // What the old data keys sealed is sealed anew, or still under them.
        #expect((try bench.keys.map(\.number) == before.map(\.number)) == (depth == .keys))
        try bench.check()
        #expect(try rewrap.dropOldWrappingKeys() == [1])
        #expect(try bench.vault.wrappingKeys() == .init(vault: Array(1...8), current: 2, older: []))
        try bench.check()
    }

    @Test("no transaction does more than its bound")
    func bounded() throws {
        let bench = try Bench(try VaultBench.inMemory(), cards: 130, records: 1)
        var rewrap = bench.rewrap(.keys)
        _ = try rewrap.start()
        try rewrap.step()
        #expect(rewrap.progress.done == Bounds.rewrapsPerTransactionMax)
        let many = try Bench(try VaultBench.inMemory(), cards: 1, records: 70)
        var reseal = many.rewrap(.records)
        _ = try reseal.start()
        try reseal.step()
        #expect(reseal.progress.recordsSealed == Bounds.resealsPerTransactionMax)
        try many.check()
    }

    @Test(
        "given up at any step, it goes on with the same key", arguments: [VaultRewrap.Depth.keys, .records])
    func resumed(_ depth: VaultRewrap.Depth) throws {
        for stop in 0..<6 {
            let bench = try Bench(try VaultBench.inMemory(), cards: 3, records: 40)
            var first = bench.rewrap(depth)
            _ = try first.start()
            for _ in 0..<stop { try first.step() }
            guard !first.progress.isFinished else { continue }
            try bench.check()
            #expect(try first.dropOldWrappingKeys().isEmpty || bench.wrappingKeysInUse == [2])
            var second = bench.rewrap(depth)
            let start = try second.start()
            #expect(start.current == 2 || !start.isContinued)
            while !second.progress.isFinished { try second.step() }
            #expect(try bench.wrappingKeysInUse == [start.current])
            try bench.check()
        }
    }

    @Test("records that come while it runs are kept, whoever seals them")
    func whileRunning() throws {
        let bench = try Bench(try VaultBench.inMemory(), cards: 5, records: 3)
        var rewrap = bench.rewrap(.records)
        _ = try rewrap.start()
        var number = 100
        while !rewrap.progress.isFinished {
            try rewrap.step()
            try bench.add(number % 7, number)
            number += 1
        }
        try bench.check()
        #expect(try bench.wrappingKeysInUse == [2])
    }

    @Test("an old copy of the vault seals nothing under a key that was dropped")
    func outdated() throws {
        let disk = try VaultBench()
        let vault = try disk.create()
        let old = try disk.bytes
        let bench = try Bench(vault, cards: 2, records: 1)
        var rewrap = bench.rewrap(.keys)
        _ = try rewrap.start()
        while !rewrap.progress.isFinished { try rewrap.step() }
        #expect(try rewrap.dropOldWrappingKeys() == [1])
        let copy = try VaultBench()
        try copy.write(old)
        let stale = try copy.open()
        for number in [1, 9] {
            #expect(throws: KeyVaultFailure.vaultOutdated(current: 1, newest: 2)) {
                try bench.store.write {
                    try $0.seal(
                        Secret([1]), at: try VaultBench.place(try VaultBench.card(number)), in: stale,
                        now: VaultBench.now)
                }
            }
        }
        #expect(throws: KeyVaultFailure.wrappingKeyUnknown(2)) { try bench.check(stale) }
        #expect(throws: KeyVaultFailure.vaultOutdated(current: 1, newest: 2)) {
            var rewrap = VaultRewrap(bench.store, stale, clock: bench.clock, depth: .keys)
            _ = try rewrap.start()
        }
        // The schema says so too: a data key cannot name what is not there.
        #expect(throws: StoreFailure.reference(table: "data_keys")) {
            try bench.store.write {
                $0.insert(
                    DataKey(card: try VaultBench.card(50), number: 1, wrappingKey: 1, wrapped: [1]))
            }
        }
        // With the new file in its place it goes on without being opened anew.
        try copy.write(try disk.bytes)
        try bench.check(stale)
    }

    @Test("with nothing sealed there is nothing to do but the new key")
    func empty() throws {
        let bench = try Bench(try VaultBench.inMemory(), cards: 0, records: 0)
        var rewrap = bench.rewrap(.keys)
        #expect(try rewrap.start() == .init(current: 2, isContinued: false, dataKeys: 0))
        try rewrap.step()
        #expect(rewrap.progress.isFinished)
        try bench.add(1, 0)
        #expect(try bench.wrappingKeysInUse == [2])
        try bench.check()
    }

    @Test("the current wrapping key cannot be dropped, nor one that is not there")
    func dropping() throws {
        let vault = try VaultBench.inMemory()
        #expect(throws: VaultFileError.contents(.wrappingKeyCurrent(1))) {
            try vault.update { contents throws(VaultContentsError) in try contents.dropWrappingKey(1) }
        }
        #expect(throws: VaultFileError.contents(.wrappingKeyUnknown(2))) {
            try vault.update { contents throws(VaultContentsError) in try contents.dropWrappingKey(2) }
        }
    }
}
