internal import CardCrypto
internal import Centre
internal import SmartCard

/// One step of the schema: forward only, and never edited after it shipped.
package struct Migration: Sendable {
    package let number: Int
    package let name: String
    /// SQL that both engines accept, with the types BIGINT, TEXT and BYTEA.
    package let statements: [String]

    package init(_ number: Int, _ name: String, _ statements: [String]) {
        self.number = number
        self.name = name
        self.statements = statements.flatMap(SchemaText.statements)
    }

    /// A step that was edited after it was carried out somewhere is found out by this.
    package var checksum: String {
        Digest.sha256.hash(Array((["\(number)", name] + statements).joined(separator: "\u{0}").utf8)).hex
    }
}

/// All steps that this program knows.
package struct Schema: Sendable {
    package let migrations: [Migration]

    package init(_ migrations: [Migration]) {
        precondition(
            migrations.map(\.number) == Array(1..<(migrations.count + 1)), "migrations are numbered from 1")
        self.migrations = migrations
    }

    package var version: Int { migrations.count }

    /// What is still to do on a store that did these; each as its number and checksum.
    func pending(after done: [(number: Int, checksum: String)]) throws(StoreFailure) -> ArraySlice<Migration>
    {
        if let newest = done.last?.number, newest > version {
            throw .newerSchema(found: newest, known: version)
        }
        for (migration, done) in zip(migrations, done)
        where (migration.number, migration.checksum) != (done.number, done.checksum) {
            throw .damaged(
                "step \(done.number) of the schema is not the one that this program knows as '\(migration.name)'"
            )
        }
        return migrations.dropFirst(done.count)
    }
}

extension Schema {
    /// Where a store writes down which steps it did.
    static let ledgerName = "schema_steps"
    static let ledger = """
        CREATE TABLE IF NOT EXISTS \(ledgerName) (
            number BIGINT PRIMARY KEY,
            name TEXT NOT NULL,
            checksum TEXT NOT NULL
        )
        """
    static let ledgerTable = Table(
        "schema_steps", key: [.integer("number")], [.text("name"), .text("checksum")])

    static func ledgerRow(_ migration: Migration) -> [StoredValue] {
        [.integer(Int64(migration.number)), .text(migration.name), .text(migration.checksum)]
    }

    static func steps(_ rows: [[StoredValue]]) throws(StoreFailure) -> [(number: Int, checksum: String)] {
        var steps: [(Int, String)] = []
        for row in rows {
            guard case .integer(let number)? = row.first, case .text(let checksum)? = row.last else {
                throw .damaged("\(ledgerName) cannot be read")
            }
            steps.append((Int(number), checksum))
        }
        return steps
    }
}
