/// What a reader held when it was last asked.
package struct ReaderState: Hashable, Sendable {
    package enum Card: Hashable, Sendable {
        case absent
        case present(answerToReset: [UInt8])
        /// Something is in the slot and does not answer: put in the wrong way round, broken, or no smart card.
        case mute
        /// The reader itself does not work at the moment.
        case unknown
    }

    /// Who else works with the card.
    package enum Use: String, Hashable, Sendable {
        case free
        case shared
        case exclusive
    }

    package let name: String
    package let card: Card
    package let use: Use
    /// What PC/SC wants back to tell news from old: flags, and the count of insertions and removals above them.
    let eventState: UInt32

    package init(name: String, card: Card, use: Use = .free) {
        self.init(name: name, card: card, use: use, eventState: 0)
    }

    init(name: String, card: Card, use: Use, eventState: UInt32) {
        self.name = name
        self.card = card
        self.use = use
        self.eventState = eventState
    }

    package var isCardPresent: Bool {
        switch card {
        case .present, .mute: true
        case .absent, .unknown: false
        }
    }

    /// Counts insertions and removals, modulo 65,536 (pcsclite; other services leave it at 0).
    var eventCount: UInt32 { eventState >> 16 }
}

/// What changed at the readers.
package enum ReaderEvent: Hashable, Sendable {
    case readerAdded(reader: String)
    case readerRemoved(reader: String)
    case cardInserted(reader: String, answerToReset: [UInt8])
    case cardMute(reader: String)
    case cardRemoved(reader: String)
}

extension ReaderEvent {
    /// The events that lead from one picture to the next, in the order of the readers.
    package static func between(_ old: [ReaderState], _ new: [ReaderState]) -> [ReaderEvent] {
        var events: [ReaderEvent] = []
        for reader in old where !new.contains(where: { $0.name == reader.name }) {
            if reader.isCardPresent { events.append(.cardRemoved(reader: reader.name)) }
            events.append(.readerRemoved(reader: reader.name))
        }
        for reader in new {
            guard let before = old.first(where: { $0.name == reader.name }) else {
                events.append(.readerAdded(reader: reader.name))
                if let arrival = arrival(at: reader) { events.append(arrival) }
                continue
            }
            // A card that was changed between two looks is present both times; the count gives it away.
            guard before.card != reader.card || before.eventCount != reader.eventCount else { continue }
            if before.isCardPresent { events.append(.cardRemoved(reader: reader.name)) }
            if let arrival = arrival(at: reader) { events.append(arrival) }
        }
        return events
    }

    private static func arrival(at reader: ReaderState) -> ReaderEvent? {
        switch reader.card {
        case .present(let answerToReset): .cardInserted(reader: reader.name, answerToReset: answerToReset)
        case .mute: .cardMute(reader: reader.name)
        case .absent, .unknown: nil
        }
    }
}
