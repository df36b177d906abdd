package import Centre

/// Brings everything that older wrapping keys protect under the current one, in small transactions, while the centre
/// works; interrupted, it goes on where it stopped, because what is left to do stands in the store.
package struct VaultRewrap {
    package enum Depth: Hashable, Sendable {
        /// Data keys are wrapped anew; what they seal stays as it is.
        case keys
        /// Records are sealed anew under fresh data keys, and the old data keys go.
        case records
    }

    package struct Progress: Hashable, Sendable {
        /// Of data keys.
        package var done: Int
        package var total: Int
        package var recordsSealed: Int
        package var isFinished: Bool
    }

    /// What it found at its beginning.
    package struct Start: Hashable, Sendable {
        package let current: Int
        /// An earlier run had not ended.
        package let isContinued: Bool
        package let dataKeys: Int

        package init(current: Int, isContinued: Bool, dataKeys: Int) {
            self.current = current
            self.isContinued = isContinued
            self.dataKeys = dataKeys
        }
    }

    package private(set) var progress = Progress(done: 0, total: 0, recordsSealed: 0, isFinished: false)
    private let store: any Store
    private let vault: SoftwareVault
    private let clock: any WallClock
    private let depth: Depth

    package init(_ store: any Store, _ vault: SoftwareVault, clock: any WallClock, depth: Depth) {
        self.store = store
        self.vault = vault
        self.clock = clock
        self.depth = depth
    }

    /// Makes a new wrapping key, unless an earlier run made one and did not end.
    package mutating func start() throws -> Start {
        let before = try vault.wrappingKeys()
        let rows = try store.read { try $0.all(WrappingKeyRow.self, Query(WrappingKeyRow.table)) }
        if let other = rows.first, other.vault != before.vault { throw KeyVaultFailure.otherVault }
        if let newest = rows.last, newest.number > before.current {
            throw KeyVaultFailure.vaultOutdated(current: before.current, newest: newest.number)
        }
        let isContinued = rows.contains { $0.number != before.current }
        if !isContinued {
            guard before.older.count + 1 < Bounds.wrappingKeysMax else {
                throw VaultFileError.contents(.tooMany)
            }
            let now = clock.now
            let key = vault.freshKey()
            try vault.update { contents throws(VaultContentsError) in
                contents.add(wrappingKey: key, at: now)
            }
        }
        let wrapping = try vault.wrappingKeys()
        let now = clock.now
        progress.total = try store.write { transaction in
            // With nothing sealed yet there is nothing that names a wrapping key.
            guard !rows.isEmpty else { return 0 }
            try transaction.admit(wrapping, now: now)
            return try Self.older(than: wrapping.current, transaction).reduce(0) { count, row in
                count + (try transaction.count(Self.keys(under: row.number, limit: Query.rowsMax)))
            }
        }
        return Start(current: wrapping.current, isContinued: isContinued, dataKeys: progress.total)
    }

    /// One bounded transaction; `progress.isFinished` tells when there is nothing left.
    package mutating func step() throws {
        let current = try vault.wrappingKeys().current
        let (vault, now, depth) = (vault, clock.now, depth)
        let did = try store.write { transaction -> (keys: Int, records: Int)? in
            guard let row = try Self.older(than: current, transaction).first else { return nil }
            switch depth {
            case .keys: return try Self.rewrap(under: row, transaction, vault)
            case .records: return try Self.reseal(under: row, transaction, vault, now)
            }
        }
        guard let did else {
            progress.isFinished = true
            return
        }
        progress.done += did.keys
        progress.total = max(progress.total, progress.done)
        progress.recordsSealed += did.records
    }

    /// Forgets wrapping keys that nothing in this store needs; backups made before still do.
    package func dropOldWrappingKeys() throws -> [Int] {
        let needed = Set(
            try store.read { try $0.all(WrappingKeyRow.self, Query(WrappingKeyRow.table)) }.map(\.number))
        let unneeded = try vault.wrappingKeys().older.filter { !needed.contains($0) }
        guard !unneeded.isEmpty else { return [] }
        try vault.update { contents throws(VaultContentsError) in
            for number in unneeded { try contents.dropWrappingKey(number) }
        }
        return unneeded
    }

    // MARK: One transaction

    private static func rewrap(
        under row: WrappingKeyRow, _ transaction: any Transaction, _ vault: SoftwareVault
    ) throws -> (keys: Int, records: Int) {
        let page = try transaction.all(
            DataKey.self, keys(under: row.number, limit: Bounds.rewrapsPerTransactionMax).locking())
        guard !page.isEmpty else {
            transaction.remove(row)
            return (0, 0)
        }
        for key in page { transaction.put(try vault.rewrap(key)) }
        return (page.count, 0)
    }

    private static func reseal(
        under row: WrappingKeyRow, _ transaction: any Transaction, _ vault: SoftwareVault, _ now: Instant
    ) throws -> (keys: Int, records: Int) {
        guard let key = try transaction.all(DataKey.self, keys(under: row.number, limit: 1).locking()).first
        else {
            transaction.remove(row)
            return (0, 0)
        }
        let records = try transaction.all(
            VaultRecord.self,
            Query(
                VaultRecord.table,
                [
                    .init("card", .word(key.card)), .init("data_key", .count(key.number)),
                ], limit: Bounds.resealsPerTransactionMax
            ).locking())
        guard !records.isEmpty else {
            transaction.remove(key)
            return (1, 0)
        }
        for record in records {
            let plaintext = try transaction.open(record, in: vault)
            try transaction.seal(plaintext, at: record.place, in: vault, now: now)
        }
        return (0, records.count)
    }

    private static func older(
        than current: Int, _ transaction: any Transaction
    ) throws -> [WrappingKeyRow] {
        try transaction.all(WrappingKeyRow.self, Query(WrappingKeyRow.table)).filter { $0.number < current }
    }

    private static func keys(under number: Int, limit: Int) -> Query {
        Query(DataKey.table, [.init("wrapping_key", .count(number))], limit: limit)
    }
}
