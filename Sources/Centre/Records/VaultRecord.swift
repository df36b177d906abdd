internal import SmartCard

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
        "data_key", key: [.text("card"), .integer("number")],
        [.integer("wrapping_key"), .bytes("wrapped"), .integer("seal_count")])

    package var row: [StoredValue] {
        [
            .text(card.text), .integer(Int64(number)), .integer(Int64(wrappingKey)), .bytes(wrapped),
            .integer(Int64(sealCount)),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        self.init(
            card: try row.word(CardID.init), number: try row.int(), wrappingKey: try row.int(),
            wrapped: try row.bytes(), sealCount: try row.int())
    }
}

extension VaultRecord: Record {
    package static let table = Table(
        "vault_record",
        key: [.text("card"), .text("aid"), .integer("ordinal"), .integer("part")],
        [.integer("generation"), .integer("data_key"), .bytes("sealed"), .integer("byte_count")])

    package var row: [StoredValue] {
        [
            .text(place.card.text), .text(place.aid.description), .integer(Int64(place.ordinal)),
            .integer(Int64(place.part)), .integer(Int64(place.generation)), .integer(Int64(dataKey)),
            .bytes(sealed), .integer(Int64(byteCount)),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        var place = VaultPlace(
            card: try row.word(CardID.init), aid: try row.word { try AID(hex: $0) }, ordinal: try row.int(),
            generation: 0)
        place.part = try row.int()
        place.generation = try row.generation()
        self.init(
            place: place, dataKey: try row.int(), sealed: try row.bytes(), byteCount: try row.int())
    }
}

extension WrappingKeyRow: Record {
    package static let table = Table(
        "wrapping_key", key: [.integer("number")], [.bytes("vault"), .integer("first_used_at")])

    package var row: [StoredValue] {
        [.integer(Int64(number)), .bytes(vault), .integer(firstUsedAt.milliseconds)]
    }

    package init(row: inout RowReader) throws(RowError) {
        self.init(
            number: try row.int(), vault: try row.bytes(),
            firstUsedAt: Instant(milliseconds: try row.integer()))
    }
}

extension RowReader {
    mutating func generation() throws(RowError) -> UInt32 {
        guard let number = UInt32(exactly: try integer()) else { throw failure("is not a generation") }
        return number
    }
}
