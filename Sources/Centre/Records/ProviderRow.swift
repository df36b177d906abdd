package import SmartCard

extension AID {
    /// AIDs in one column: tag 4F for each (GPCS 2.3.1 table 11-36).
    package static func encodeList(_ aids: [AID]) -> [UInt8] {
        aids.flatMap { BERTLV.encode(0x4F, $0.bytes) }
    }

    /// `nil` when the bytes are not such a list.
    package static func decodeList(_ bytes: some Collection<UInt8>) -> [AID]? {
        guard let objects = try? BERTLV.readAll(bytes), objects.allSatisfy({ $0.tag == 0x4F }) else {
            return nil
        }
        let aids = objects.compactMap { try? AID($0.value) }
        return aids.count == objects.count ? aids : nil
    }
}

extension RowReader {
    package mutating func aids() throws(RowError) -> [AID] {
        guard let aids = AID.decodeList(try bytes()) else { throw failure("is not a list of AIDs") }
        return aids
    }

    /// Names in one column, with a space between.
    package mutating func optionalIdentifiers<Kind>() throws(RowError) -> [Identifier<Kind>]? {
        try optionalWord { text in
            try text.split(separator: " ").map { try Identifier<Kind>(String($0)) }
        }
    }
}

extension StoredValue {
    /// Names in one column, with a space between: no name has one.
    package static func words<Kind>(_ identifiers: [Identifier<Kind>]?) -> StoredValue {
        .optional(identifiers?.map(\.text).joined(separator: " "))
    }
}

extension Provider: Record {
    package static let table = Table(
        "providers", key: [.text("id")],
        [
            .text("name"), .text("life"), .text("suspension_reason").optional,
            .integer("non_volatile_per_card"), .integer("volatile_per_card"), .integer("cards_max"),
            .bytes("domains"), .text("sees_also").optional,
        ])

    package var row: [StoredValue] {
        let (life, reason): (String, String?) =
            switch self.life {
            case .active: ("active", nil)
            case .suspended(let reason): ("suspended", reason)
            }
        let seesAlso: [ProviderID]? =
            switch sight {
            case .own: nil
            case .also(let others): others
            }
        return [
            .word(id), .text(name), .text(life), .optional(reason), .count(limits.roomPerCard.nonVolatile),
            .count(limits.roomPerCard.volatile), .count(limits.cardsMax), .bytes(AID.encodeList(domains)),
            .words(seesAlso),
        ]
    }

    package init(row: inout RowReader) throws(RowError) {
        id = try row.identifier()
        name = try row.text()
        switch (try row.text(), try row.optionalText()) {
        case ("active", nil): life = .active
        case ("suspended", let reason?): life = .suspended(reason: reason)
        default: throw row.failure("does not go with the life")
        }
        let room = Room(nonVolatile: try row.count(), volatile: try row.count())
        limits = Limits(roomPerCard: room, cardsMax: try row.count())
        domains = try row.aids()
        sight = try row.optionalIdentifiers().map(Sight.also) ?? .own
    }
}
