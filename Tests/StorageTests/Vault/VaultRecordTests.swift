import CardCrypto
import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("Records in the vault", .mission(.b6), .mission(.c11))
struct VaultRecordTests {
    static let secret = Secret(Array("PIN 1234 and 25 coins".utf8))

    @Test("a record opens in its place and nowhere else")
    func places() throws {
        let vault = try VaultBench.inMemory()
        let card = try VaultBench.card(1)
        let key = try vault.makeDataKey(for: card, number: 1)
        let place = try VaultBench.place(card)
        let sealed = try vault.seal(Self.secret, under: key, as: place)
        #expect(try vault.open(sealed, under: key, as: place).matches(Self.secret))
        var others: [VaultPlace] = []
        var other = place
        other.card = try VaultBench.card(2)
        others.append(other)
        other = place
        other.aid = try AID(hex: "F042657274680202")
        others.append(other)
        others.append(try VaultBench.place(card, ordinal: 2))
        others.append(try VaultBench.place(card, part: 1))
        other = place
        other.generation = 10
        others.append(other)
        for other in others {
            #expect(throws: KeyVaultFailure.notAuthentic) {
                try vault.open(sealed, under: key, as: other)
            }
        }
    }

    @Test("a record that was changed in any bit does not open, nor does one that was cut")
    func changed() throws {
        let vault = try VaultBench.inMemory()
        let card = try VaultBench.card(1)
        let key = try vault.makeDataKey(for: card, number: 1)
        let place = try VaultBench.place(card)
        let sealed = try vault.seal(Self.secret, under: key, as: place)
        for index in sealed.indices {
            for bit in 0..<8 {
                var flipped = sealed
                flipped[index] ^= 1 << UInt8(bit)
                #expect(throws: KeyVaultFailure.notAuthentic) {
                    try vault.open(flipped, under: key, as: place)
                }
            }
        }
        for count in 0..<sealed.count {
            #expect(throws: KeyVaultFailure.notAuthentic) {
                try vault.open(Array(sealed.prefix(count)), under: key, as: place)
            }
        }
    }

    @Test("a wrapped key belongs to its card, number, wrapping key and vault")
    func wrappedKeys() throws {
        let vault = try VaultBench.inMemory()
        let card = try VaultBench.card(1)
        let key = try vault.makeDataKey(for: card, number: 1)
        let place = try VaultBench.place(card)
        let sealed = try vault.seal(Self.secret, under: key, as: place)
        let stranger = DataKey(
            card: try VaultBench.card(2), number: 1, wrappingKey: 1, wrapped: key.wrapped)
        let renumbered = DataKey(card: card, number: 2, wrappingKey: 1, wrapped: key.wrapped)
        var changed = key
        changed.wrapped[20] ^= 1
        for wrong in [stranger, renumbered, changed] {
            #expect(throws: KeyVaultFailure.notAuthentic) {
                try vault.open(sealed, under: wrong, as: place)
            }
        }
        var unknown = key
        unknown.wrappingKey = 7
        #expect(throws: KeyVaultFailure.wrappingKeyUnknown(7)) {
            try vault.open(sealed, under: unknown, as: place)
        }
        // The same seed gives the same keys, but not the same vault.
        let entropy = SeededEntropy(seed: [1])
        let contents = VaultContents(wrappingKey: Secret(entropy.bytes(32)), at: VaultBench.now)
        let other = SoftwareVault(
            inMemory: contents, vault: Array(11...18), entropy: SeededEntropy(seed: [1]))
        #expect(throws: KeyVaultFailure.notAuthentic) { try other.open(sealed, under: key, as: place) }
    }

    @Test("no two records are sealed alike, and nothing of them is in the store")
    func sealing() throws {
        let store = try SQLiteStore.inMemory()
        let vault = try VaultBench.inMemory()
        let card = try VaultBench.card(1)
        try store.write { transaction in
            for part in 0..<3 {
                try transaction.seal(
                    Self.secret, at: try VaultBench.place(card, part: part), in: vault,
                    now: VaultBench.now)
            }
        }
        let records = try store.read { try $0.all(VaultRecord.self, Query(VaultRecord.table)) }
        #expect(records.count == 3 && Set(records.map(\.sealed)).count == 3)
        let clear = Self.secret.withBytes { Array($0) }.hex
        #expect(records.allSatisfy { !$0.sealed.hex.contains(clear) })
        let opened = try store.read { transaction in
            try records.map { try transaction.open($0, in: vault) }
        }
        #expect(opened.allSatisfy { $0.matches(Self.secret) })
    }

    @Test("a data key seals so many records and no more; each card has its own")
    func boundedKeys() throws {
        let store = try SQLiteStore.inMemory()
        let vault = try VaultBench.inMemory()
        let (one, two) = (try VaultBench.card(1), try VaultBench.card(2))
        let count = Bounds.sealsPerDataKeyMax + 1
        try store.write { transaction in
            for part in 0..<count {
                try transaction.seal(
                    Self.secret, at: try VaultBench.place(one, part: part), in: vault, now: VaultBench.now)
            }
            try transaction.seal(
                Self.secret, at: try VaultBench.place(two), in: vault, now: VaultBench.now)
        }
        let keys = try store.read { try $0.all(DataKey.self, Query(DataKey.table)) }
        #expect(keys.map(\.card) == [one, one, two])
        #expect(keys.map(\.sealCount) == [Bounds.sealsPerDataKeyMax, 1, 1])
        // Sealing anew in the same place counts as well.
        try store.write { transaction in
            try transaction.seal(
                Self.secret, at: try VaultBench.place(two), in: vault, now: VaultBench.now)
        }
        let last = try store.read { try $0.all(DataKey.self, Query(DataKey.table)).last }
        #expect(last?.sealCount == 2)
    }

    @Test("a store's records are no other vault's business")
    func otherVault() throws {
        let store = try SQLiteStore.inMemory()
        let vault = try VaultBench.inMemory()
        let card = try VaultBench.card(1)
        try store.write {
            try $0.seal(Self.secret, at: try VaultBench.place(card), in: vault, now: VaultBench.now)
        }
        let other = SoftwareVault(
            inMemory: VaultContents(wrappingKey: Secret([UInt8](0..<32)), at: VaultBench.now),
            vault: Array(11...18), entropy: SeededEntropy(seed: [3]))
        #expect(throws: KeyVaultFailure.otherVault) {
            try store.write {
                try $0.seal(
                    Self.secret, at: try VaultBench.place(try VaultBench.card(2)), in: other,
                    now: VaultBench.now)
            }
        }
        #expect(throws: KeyVaultFailure.otherVault) {
            var rewrap = VaultRewrap(store, other, clock: ManualClock(VaultBench.now), depth: .keys)
            _ = try rewrap.start()
        }
    }
}
