extension Schema {
    /// The schema of this program.
    package static let current = Schema([
        Migration(1, "registers", registers), Migration(2, "vetoes", [VetoTables.sql]),
        Migration(3, "brought-load-files", [LoadFileTables.sql]),
        Migration(4, "operation-askers", [OperationTables.askers]),
    ])

    /// Every group of tables adds one line; a table stands after those that it refers to.
    private static let registers: [String] = [
        PeopleTables.sql, CardTables.sql, VaultTables.sql, MoneyTables.sql, OperationTables.sql,
        ServiceTables.sql, EventTables.sql,
    ]
}
