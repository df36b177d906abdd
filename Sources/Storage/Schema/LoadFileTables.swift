internal import Centre

/// Who gave the bytes of which load file.
enum LoadFileTables {
    static let sql = """
        CREATE TABLE brought_load_files (
            digest BYTEA NOT NULL REFERENCES load_files (digest),
            provider TEXT NOT NULL REFERENCES providers (id),
            since BIGINT NOT NULL,
            PRIMARY KEY (digest, provider)
        );
        """

    static let records: [any Record.Type] = [BroughtLoadFile.self]
}
