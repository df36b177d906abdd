internal import Centre

/// Who does not want an application to leave a card to make room.
enum VetoTables {
    static let sql = """
        CREATE TABLE provider_vetoes (
            application TEXT NOT NULL PRIMARY KEY REFERENCES applications (id),
            reason TEXT NOT NULL,
            since BIGINT NOT NULL
        );
        CREATE TABLE holder_vetoes (
            holder TEXT NOT NULL REFERENCES holders (number),
            application TEXT NOT NULL REFERENCES applications (id),
            reason TEXT NOT NULL,
            since BIGINT NOT NULL,
            PRIMARY KEY (holder, application)
        );
        """

    static let records: [any Record.Type] = [ProviderVeto.self, HolderVeto.self]
}
