internal import CardCrypto
internal import Centre

/// How transactions that run at the same time share the rows of a table: what one of them has to have to itself, until
/// it ends, before it looks at a row or changes it. docs/decisions has why.
struct TableSharing {
    enum Kind: Hashable {
        /// Whoever has a card has all of its rows in all tables; the first column of the key is the card.
        case card
        /// Rows go together whose keys begin with the same so many values.
        case rows(Int)
        /// Everybody looks at it; only a transaction that runs alone changes it.
        case register
        /// Everybody looks at it as it happens to be; whoever changes a row that is by then another begins again.
        case estimate(Int)
        /// Rows are added beside their cause and taken away by whoever has the place up to which that was done.
        case queue
    }

    let kind: Kind
    /// Columns by which rows are found that do not go together: such a look has the value to itself, and so has whoever
    /// brings a row with that value in.
    var lookups: [String] = []

    var isEstimate: Bool { if case .estimate = kind { true } else { false } }

    /// What nobody has said anything about is changed alone, which is always right.
    static func of(_ table: Table) -> TableSharing { known[table.name] ?? TableSharing(kind: .register) }

    /// The tables that are shared in some other way than as registers.
    static let known: [String: TableSharing] = {
        var all: [String: TableSharing] = [
            "cards": .init(kind: .card, lookups: ["holder"]),
            "berths": .init(kind: .card, lookups: ["provider"]),
            "custody": .init(kind: .card, lookups: ["destination", "lineage", "holder"]),
            "holders": .init(kind: .rows(1), lookups: ["card"]),
            "credentials": .init(kind: .rows(1), lookups: ["subject"]),
            "requests": .init(kind: .rows(2)),
            "footprints": .init(kind: .estimate(2)),
            "events": .init(kind: .queue), "events_pending": .init(kind: .queue),
        ]
        for name in ofCards { all[name] = .init(kind: .card) }
        for name in ofTheirOwn { all[name] = .init(kind: .rows(1)) }
        return all
    }()

    private static let ofCards = [
        "card_applications", "card_load_files", "drift_findings", "addresses", "custody_stays", "operations",
        "operation_journal", "card_leases", "confirmations", "receipt_trails", "data_keys", "vault_records",
        "snapshots", "audit_entries",
    ]
    private static let ofTheirOwn = [
        "audit_heads", "outbox_state", "event_cursors", "use_flags", "holder_vetoes", "operators",
        "terminals", "sign_in_doors", "webhooks", "agent_sessions",
    ]
}

extension PostgreSQLStore {
    /// Tables whose rows transactions share, and columns by which they are looked up: for who checks that there are
    /// such.
    package static var sharedColumns: [(table: String, lookups: [String])] {
        TableSharing.known.map { ($0, $1.lookups) }.sorted { $0.table < $1.table }
    }
}

/// What a step of a transaction needs to have to itself.
enum Claim {
    /// Numbers of advisory locks, which stand for rows that go together, or for values that rows are found by.
    case parts(Set<Int64>)
    /// That nobody else changes anything.
    case everything

    static let nothing = Claim.parts([])

    static func + (one: Claim, other: Claim) -> Claim {
        guard case .parts(let some) = one, case .parts(let more) = other else { return .everything }
        return more.isSubset(of: some) ? one : .parts(some.union(more))
    }

    static func of(_ query: Query) -> Claim {
        if query.isGlance { return .nothing }
        let sharing = TableSharing.of(query.table)
        switch sharing.kind {
        case .queue: return .nothing
        case .estimate: return query.isLocking ? ofParts(query, sharing) ?? .everything : .nothing
        case .register: return query.isLocking ? ofOneRow(query) : .nothing
        case .card, .rows:
            if query.holderSource != nil { return .nothing }
            if let parts = ofParts(query, sharing) { return parts }
            guard let (column, values) = lookup(query, sharing) else { return .everything }
            return .parts(Set(values.map { number(query.table.name, column, [$0]) }))
        }
    }

    /// Counting tells nothing of whose rows were counted, so they cannot be claimed afterwards.
    static func ofCount(_ query: Query) -> Claim {
        needsRows(query) ? .everything : of(query)
    }

    static func of(_ change: Change) -> Claim {
        switch change {
        case .insert(let table, let row), .put(let table, let row):
            ofRow(row.prefix(table.keyCount), table, zip(table.columns.indices, row))
        case .update(let table, let key, let columns, let values):
            ofRow(
                key[...], table,
                zip(Array(table.columns.indices.prefix(table.keyCount)) + columns, key + values))
        case .remove(let table, let key): ofRow(key[...], table, zip(table.columns.indices, key))
        }
    }

    /// - Parameter values: what is known of the row, by the places of its columns.
    private static func ofRow(
        _ key: ArraySlice<StoredValue>, _ table: Table, _ values: some Sequence<(Int, StoredValue)>
    ) -> Claim {
        let sharing = TableSharing.of(table)
        guard let part = part(table, sharing.kind, key) else {
            return sharing.kind == .queue ? .nothing : .everything
        }
        var parts: Set = [part]
        for (index, value) in values
        where value != .null && sharing.lookups.contains(table.columns[index].name) {
            parts.insert(number(table.name, table.columns[index].name, [value]))
        }
        return .parts(parts)
    }

    /// The rows that were found by a value are claimed when it is known whose they are.
    static func needsRows(_ query: Query) -> Bool {
        let sharing = TableSharing.of(query.table)
        switch sharing.kind {
        case _ where query.isGlance: return false
        case .queue, .register, .estimate: return false
        case .card, .rows:
            // Rows whose key has the value cannot come, go or change without it.
            guard ofParts(query, sharing) == nil, let (column, _) = lookup(query, sharing) else {
                return false
            }
            return !query.table.key.contains { $0.name == column }
        }
    }

    static func of(_ row: [StoredValue], in table: Table) -> Int64? {
        part(table, TableSharing.of(table).kind, row.prefix(table.keyCount))
    }

    /// What of an estimate a query looks at: it may only be changed while it is the same.
    static func ofEstimate(_ query: Query) -> Set<Int64> {
        let sharing = TableSharing.of(query.table)
        guard case .estimate = sharing.kind, case .parts(let parts)? = ofParts(query, sharing) else {
            return []
        }
        return parts
    }

    /// Whether a query, if it is about an estimate, could tell what the change is to bring.
    static func mayFind(_ change: Change, _ query: Query) -> Bool {
        guard query.table == change.table else { return false }
        let looked = ofEstimate(query)
        guard !looked.isEmpty, case .parts(let parts) = of(change) else { return true }
        return !looked.isDisjoint(with: parts)
    }

    // MARK: Parts

    /// `nil` where the query is not about rows that go together.
    private static func ofParts(_ query: Query, _ sharing: TableSharing) -> Claim? {
        let count =
            switch sharing.kind {
            case .rows(let count), .estimate(let count): count
            case .card, .register, .queue: 1
            }
        // Nearly everything that is asked is about one card.
        if sharing.kind == .card, let first = query.conditions.first, first.isEqual,
            first.values.count == 1, first.column == query.table.columns[0].name
        {
            return .parts([number("cards", "", first.values[...])])
        }
        var keys: [[StoredValue]] = [[]]
        for column in query.table.columns.prefix(count) {
            guard let condition = query.conditions.first(where: { $0.column == column.name }),
                condition.isEqual
            else { return nil }
            keys = keys.flatMap { key in condition.values.map { key + [$0] } }
        }
        return .parts(Set(keys.compactMap { part(query.table, sharing.kind, $0[...]) }))
    }

    /// One row of a table whose rows nobody claims for looking at them.
    private static func ofOneRow(_ query: Query) -> Claim {
        let key = query.table.key.compactMap { column in
            query.conditions.first { $0.column == column.name && $0.values.count == 1 && $0.isEqual }?
                .values.first
        }
        guard key.count == query.table.keyCount else { return .everything }
        return .parts([number(query.table.name, "", key[...])])
    }

    private static func lookup(_ query: Query, _ sharing: TableSharing) -> (String, [StoredValue])? {
        for column in sharing.lookups {
            guard let condition = query.conditions.first(where: { $0.column == column }) else { continue }
            // Of the value that another row has only a holder can be claimed.
            guard condition.isEqual || query.holderSource != nil else { return nil }
            return (column, condition.values)
        }
        return nil
    }

    private static func part(
        _ table: Table, _ kind: TableSharing.Kind, _ key: ArraySlice<StoredValue>
    ) -> Int64? {
        switch kind {
        case .card: number("cards", "", key.prefix(1))
        case .rows(let count), .estimate(let count): number(table.name, "", key.prefix(count))
        case .register, .queue: nil
        }
    }

    /// FNV-1a: two names with one number only make one wait for the other.
    private static func number(_ table: String, _ column: String, _ values: ArraySlice<StoredValue>) -> Int64
    {
        if isOfHolder(table, column), case .text(let holder)? = values.first {
            return number(ofHolder: holder)
        }
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func take(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        func take(_ bytes: some Sequence<UInt8>) {
            for byte in bytes { take(byte) }
            take(0)
        }
        take(table.utf8)
        take(column.utf8)
        for value in values {
            switch value {
            case .null: take(1)
            case .integer(let number): withUnsafeBytes(of: number) { take($0) }
            case .text(var text): text.withUTF8 { take($0) }
            case .bytes(let bytes): take(bytes)
            }
        }
        return Int64(bitPattern: hash)
    }
}

// MARK: Holders

// What a holder has in custody and does not want to leave is looked at with every plan. Whose card it is only the
// card's row says, which is asked for in the same breath: so the server itself makes the number of that claim.

extension Claim {
    /// By the custody of a holder and by what the holder vetoed: one claim for both.
    static func isOfHolder(_ table: String, _ column: String) -> Bool {
        switch table {
        case "custody": column == "holder"
        case "holder_vetoes": column.isEmpty || column == "holder"
        default: false
        }
    }

    static func number(ofHolder holder: String) -> Int64 {
        let digest = Digest.sha256.hash(Array((holderPrefix + holder).utf8))
        return Int64(bitPattern: digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The same, made by the server.
    static func numberExpression(ofHolder column: String) -> String {
        let digest = "sha256(convert_to('\(holderPrefix)' || \(column), 'UTF8'))"
        return "('x' || encode(substring(\(digest) FROM 1 FOR 8), 'hex'))::bit(64)::bigint"
    }

    private static let holderPrefix = "holder "
}

extension Query {
    /// The card whose holder it is about, where that is all it says of the holder.
    var holderSource: StoredValue? {
        let condition = conditions.first { condition in
            condition.source?.table.name == "cards" && condition.source?.column == "holder"
                && Claim.isOfHolder(table.name, condition.column)
        }
        return isGlance ? nil : condition?.values.first
    }
}
