package import Centre
package import Storage

/// Tables that show what an engine does: one that refers to another, keys of several columns, every type of value.
package enum Fixtures {
    package static let parents = Table(
        "parents", key: [.text("id")], [.integer("size"), .bytes("data").optional, .text("note").optional])
    package static let children = Table(
        "children", key: [.text("parent"), .integer("number")], [.text("name"), .bytes("body").optional])
    /// A key and nothing else.
    package static let marks = Table("marks", key: [.bytes("mark"), .text("kind")], [])

    package static let schema = Schema([
        Migration(
            1, "family",
            [
                """
                CREATE TABLE parents (
                    id TEXT NOT NULL, -- a parent's name; short
                    size BIGINT NOT NULL CHECK (size >= 0),
                    data BYTEA,
                    note TEXT CHECK (note <> 'TEXT; BYTEA'),
                    PRIMARY KEY (id)
                );
                CREATE TABLE children (
                    parent TEXT NOT NULL REFERENCES parents (id),
                    number BIGINT NOT NULL,
                    name TEXT NOT NULL,
                    body BYTEA,
                    PRIMARY KEY (parent, number)
                ) /* large rows */;
                """
            ]),
        Migration(
            2, "marks",
            ["CREATE TABLE marks (mark BYTEA NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (mark, kind))"]),
    ])

    package static func parent(
        _ id: String, size: Int64 = 0, data: [UInt8]? = nil, note: String? = nil
    ) -> [StoredValue] {
        [
            .text(id), .integer(size), data.map(StoredValue.bytes) ?? .null,
            note.map(StoredValue.text) ?? .null,
        ]
    }

    package static func child(_ parent: String, _ number: Int64, _ name: String) -> [StoredValue] {
        [.text(parent), .integer(number), .text(name), .null]
    }
}
