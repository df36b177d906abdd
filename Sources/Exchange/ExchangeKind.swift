internal import Centre

/// What a file has rows of.
package enum ExchangeKind: String, Sendable, CaseIterable {
    case cards
    case holders
    case tariffs

    /// The columns, in the order in which they are written.
    package var columns: [String] {
        switch self {
        case .cards: CardExchange.columns
        case .holders: HolderExchange.columns
        case .tariffs: TariffExchange.columns
        }
    }

    /// Why a file with these columns is not taken at all; `nil` if it is.
    package func objection(to columns: [String]) -> String? {
        if Set(columns).count < columns.count { return "A column is there twice." }
        guard let unknown = columns.first(where: { !self.columns.contains($0) }) else { return nil }
        let words = unknown.lowercased().split { !$0.isLetter }
        if words.contains("key") || words.contains("kenc") || words.contains("password") {
            return
                "There is a column '\(unknown)': keys and passwords are never taken from a file. Name the master key of the vault."
        }
        return "There is no column '\(unknown)'; there are \(self.columns.joined(separator: ", "))."
    }

    /// Whether the row changed anything: what is there already, just so, stays.
    func apply(_ fields: Fields, _ act: Act) throws -> Bool {
        switch self {
        case .cards: try CardExchange.apply(fields, act)
        case .holders: try HolderExchange.apply(fields, act)
        case .tariffs: try TariffExchange.apply(fields, act)
        }
    }

    /// The next rows behind a key, and the key of the last one; none at the end.
    func page(
        _ transaction: any Transaction, after: [StoredValue]?, _ options: ExportOptions
    ) throws -> (rows: [[String: String]], last: [StoredValue]?) {
        switch self {
        case .cards: try CardExchange.page(transaction, after: after)
        case .holders: try HolderExchange.page(transaction, after: after, options)
        case .tariffs: try TariffExchange.page(transaction, after: after)
        }
    }
}

/// What an export shows.
package struct ExportOptions: Hashable, Sendable {
    /// From which a password can be guessed by whoever has them and time.
    package var hasPasswordVerifiers: Bool

    package init(hasPasswordVerifiers: Bool = false) { self.hasPasswordVerifiers = hasPasswordVerifiers }
}

extension Transaction {
    /// One page of a whole table.
    func page<R: Record>(_ type: R.Type, after: [StoredValue]?) throws -> (records: [R], last: [StoredValue]?)
    {
        let records = try all(R.self, Query(R.table, after: after))
        return (records, records.count == Query.rowsMax ? records.last?.keyValues : nil)
    }
}
