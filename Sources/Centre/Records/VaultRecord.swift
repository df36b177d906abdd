/// A key under which records of one card are sealed, itself sealed by a wrapping key of the vault.
package struct DataKey: Hashable, Sendable {
    package let card: CardID
    /// Counts the data keys of this card.
    package let number: Int
    package var wrappingKey: Int
    package var wrapped: [UInt8]
    /// How many records it has sealed, those that are gone included.
    package var sealCount: Int

    package init(card: CardID, number: Int, wrappingKey: Int, wrapped: [UInt8], sealCount: Int = 0) {
        self.card = card
        self.number = number
        self.wrappingKey = wrappingKey
        self.wrapped = wrapped
        self.sealCount = sealCount
    }
}

/// A piece of an application's data in custody, sealed.
package struct VaultRecord: Hashable, Sendable {
    package let place: VaultPlace
    /// The number of the card's data key.
    package var dataKey: Int
    package var sealed: [UInt8]
    package var byteCount: Int

    package init(place: VaultPlace, dataKey: Int, sealed: [UInt8], byteCount: Int) {
        self.place = place
        self.dataKey = dataKey
        self.sealed = sealed
        self.byteCount = byteCount
    }
}

/// A wrapping key that data keys of this store may name; what is not here was dropped, or never used.
package struct WrappingKeyRow: Hashable, Sendable {
    package let number: Int
    package let vault: [UInt8]
    package let firstUsedAt: Instant

    package init(number: Int, vault: [UInt8], firstUsedAt: Instant) {
        self.number = number
        self.vault = vault
        self.firstUsedAt = firstUsedAt
    }
}

extension DataKey: Record {
    package static let table = Table(
        "data_keys", key: [.text("card"), .integer("number")],
        [.integer("wrapping_key"), .bytes("wrapped"), .integer("seal_count")])

    static func query(of card: CardID) -> Query { Query(table, key: [.word(card)]) }

    package var row: [StoredValue] {
        [.word(card), .count(number), .count(wrappingKey), .bytes(wrapped), .count(sealCount)]
    }

    package init(row: inout RowReader) throws(RowError) {
        self.init(
            card: try row.identifier(), number: try row.count(), wrappingKey: try row.count(),
            wrapped: try row.bytes(), sealCount: try row.count())
    }
}

extension VaultRecord: Record {
    package static let table = Table(
        "vault_records",
        key: [.text("card"), .bytes("aid"), .integer("ordinal"), .integer("part")],
        [.integer("generation"), .integer("data_key"), .bytes("sealed"), .integer("byte_count")])

    /// All pieces of an image.
    static func query(of stay: CustodyKey) -> Query {
        Query(
            table, key: [.word(stay.card), .aid(stay.aid), .count(stay.ordinal)],
            limit: Bounds.parkedImagePartsMax)
    }

    package var row: [StoredValue] {
        [
            .word(place.card), .aid(place.aid), .count(place.ordinal), .count(place.part),
            .integer(Int64(place.generation)), .count(dataKey), .bytes(sealed), .count(byteCount),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        var place = VaultPlace(
            card: try row.identifier(), aid: try row.aid(), ordinal: try row.count(), generation: 0)
        place.part = try row.count()
        place.generation = try row.unsigned()
        self.init(
            place: place, dataKey: try row.count(), sealed: try row.bytes(), byteCount: try row.count())
    }
}

extension WrappingKeyRow: Record {
    package static let table = Table(
        "wrapping_keys", key: [.integer("number")], [.bytes("vault"), .integer("first_used_at")])

    static let query = Query(table)

    package var row: [StoredValue] { [.count(number), .bytes(vault), .instant(firstUsedAt)] }

    package init(row: inout RowReader) throws(RowError) {
        self.init(number: try row.count(), vault: try row.bytes(), firstUsedAt: try row.instant())
    }
}

extension RowReader {
    /// Numbers of the parking contract have four bytes.
    mutating func unsigned() throws(RowError) -> UInt32 {
        guard let number = UInt32(exactly: try integer()) else { throw failure("has more than four bytes") }
        return number
    }
}
