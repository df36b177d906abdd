package import CardCrypto
package import Centre

/// Takes rows into the registers as they come in: bad ones are told with their lines, good ones are durable batch by
/// batch. A row that is there already, just so, changes nothing: an import that broke off is simply done again.
package struct Import {
    /// How far it is.
    package struct Progress: Hashable, Sendable {
        /// All rows up to this line are done with.
        package var line = 0
        package var added = 0
        package var unchanged = 0
        package var bad = 0
        package init() {}
    }

    /// A file that cannot be an import at all.
    package struct WrongColumns: Error {
        package let reason: String
    }

    /// The rows of a batch that were refused; thrown through the transaction, so that nothing of it stays.
    private struct RefusedRows: Error {
        let reasons: [Int: String]
    }

    /// A trial: what the transaction did is to be undone.
    private struct Tried: Error {
        let changed: [Bool]
    }

    package let kind: ExchangeKind
    private let store: any Store
    private let clock: any WallClock
    private let actor: Act.Actor
    private let entropy: any EntropySource
    private let isTrial: Bool
    /// Rows up to this line were done before.
    private let doneThrough: Int
    private let onBad: (BadRow) -> Void
    private var reader: RecordReader
    private var areColumnsChecked = false
    private var batch: [ExchangeRecord] = []
    package private(set) var progress = Progress()

    package init(
        of kind: ExchangeKind, _ format: ExchangeFormat, into store: any Store, by actor: Act.Actor,
        clock: any WallClock, entropy: any EntropySource, isTrial: Bool = false, doneThrough: Int = 0,
        onBad: @escaping (BadRow) -> Void
    ) {
        self.kind = kind
        self.store = store
        self.clock = clock
        self.actor = actor
        self.entropy = entropy
        self.isTrial = isTrial
        self.doneThrough = doneThrough
        self.onBad = onBad
        reader = RecordReader(format)
    }

    /// Takes a piece of the file, of any size.
    package mutating func feed(_ bytes: some Sequence<UInt8>) throws {
        reader.feed(bytes)
        try take(isEnd: false)
    }

    package mutating func finish() throws {
        try take(isEnd: true)
        try settle()
    }

    private mutating func take(isEnd: Bool) throws {
        // Bounded: every part takes bytes that were fed.
        while let part = reader.next(isEnd: isEnd) {
            try checkColumns()
            switch part {
            case .bad(let row): if row.line > doneThrough { refuse(row) }
            case .record(let record):
                guard record.line > doneThrough else { continue }
                batch.append(record)
                if batch.count >= ExchangeBounds.recordsPerTransaction { try settle() }
            }
        }
        try checkColumns()
    }

    private mutating func checkColumns() throws {
        guard !areColumnsChecked, let columns = reader.columns else { return }
        areColumnsChecked = true
        if let reason = kind.objection(to: columns) { throw WrongColumns(reason: reason) }
    }

    private mutating func refuse(_ row: BadRow) {
        progress.bad += 1
        onBad(row)
    }

    /// Makes the batch durable, without its bad rows.
    private mutating func settle() throws {
        guard let last = batch.last else { return }
        let records = batch
        batch.removeAll(keepingCapacity: true)
        try settle(records)
        progress.line = last.line
    }

    // Bounded: every call has fewer rows than the one that made it.
    private mutating func settle(_ records: [ExchangeRecord]) throws {
        guard !records.isEmpty else { return }
        do {
            let changed = try write(records)
            progress.added += changed.count { $0 }
            progress.unchanged += changed.count { !$0 }
        } catch let refused as RefusedRows {
            for (index, reason) in refused.reasons.sorted(by: { $0.key < $1.key }) {
                refuse(BadRow(line: records[index].line, reason: reason))
            }
            try settle(records.indices.filter { refused.reasons[$0] == nil }.map { records[$0] })
        } catch StoreFailure.duplicate(let table) {
            try halve(records, "There is one with this key in \(table) already.")
        } catch StoreFailure.reference(let table) {
            try halve(records, "\(table) needs something that is not there.")
        }
    }

    /// The store found it at the end, and does not say in which row.
    private mutating func halve(_ records: [ExchangeRecord], _ reason: String) throws {
        guard records.count > 1 else { return refuse(BadRow(line: records[0].line, reason: reason)) }
        let middle = records.count / 2
        try settle(Array(records[..<middle]))
        try settle(Array(records[middle...]))
    }

    /// Whether each row changed anything.
    private func write(_ records: [ExchangeRecord]) throws -> [Bool] {
        let now = clock.now
        do {
            return try store.write { transaction in
                let act = Act(transaction, now: now, actor: actor, entropy: entropy)
                var changed: [Bool] = []
                var reasons: [Int: String] = [:]
                for (index, record) in records.enumerated() {
                    do {
                        if case .json = reader.format,
                            let reason = kind.objection(to: Array(record.fields.keys))
                        {
                            throw FieldProblem(reason: reason)
                        }
                        changed.append(try kind.apply(Fields(record), act))
                    } catch let problem as FieldProblem {
                        reasons[index] = problem.reason
                    } catch let refusal as any Refusal {
                        reasons[index] = refusal.reason
                    }
                }
                guard reasons.isEmpty else { throw RefusedRows(reasons: reasons) }
                if isTrial { throw Tried(changed: changed) }
                return changed
            }
        } catch let tried as Tried {
            return tried.changed
        }
    }
}
