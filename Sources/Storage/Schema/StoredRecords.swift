package import Centre

/// Every kind of record that is kept: what `berth store check` reads through, row by row.
package enum StoredRecords {
    /// Every group of tables adds its own.
    package static let all: [any Record.Type] =
        PeopleTables.records + CardTables.records + VaultTables.records + MoneyTables.records
        + OperationTables.records + ServiceTables.records + EventTables.records + VetoTables.records
        + LoadFileTables.records
}
