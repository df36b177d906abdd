import Centre
import SmartCard
import Storage
import Testing

/// Whose a card is only its row says; what that holder has in custody is asked for in the same breath.
@Suite("What the holder of a card has, asked for with the card")
struct HolderClaimTests {
    private static func card(_ number: Int) throws -> Card {
        Card(
            id: try CardID("42001234-\(number)"), profile: try ProfileName("javacard-80k"),
            issuerDomain: try AID(hex: "A000000151000000"),
            keySet: .init(masterKey: try MasterKeyName("batch"), version: 0x30, channel: .scp03),
            holder: number < 90 ? try HolderNumber("H\(number % 3)") : nil,
            registeredAt: Instant(milliseconds: 1))
    }

    private static func stay(on card: Card) throws -> Custody {
        Custody(
            card: card.id, aid: try AID(hex: "F04265727468"), ordinal: 1,
            release: ReleaseID(try ApplicationID("purse"), try ReleaseVersion("1.0")),
            provider: try ProviderID("bank"), holder: card.holder, parking: .stateless, state: .frozen,
            room: .none, openedAt: Instant(milliseconds: 2))
    }

    private static func ofHolder(of card: CardID) -> Query {
        Query(Custody.table, [.init("holder", as: "holder", of: Card.table, key: .text(card.text))])
    }

    @Test(
        "is what is found by the holder's number; nothing where there is no holder",
        arguments: Engine.allCases)
    func found(_ engine: Engine) throws {
        try engine.with(.current) { store, _ throws in
            let cards = try (0..<4).map(Self.card) + [Self.card(99)]
            try store.write { transaction in
                for card in cards { transaction.insert(card) }
                transaction.insert(try Self.stay(on: cards[0]))
                transaction.insert(try Self.stay(on: cards[4]))
            }
            // The first and the fourth have the same holder; the last has none.
            let counts = try cards.map { try store.rows(Self.ofHolder(of: $0.id)).count }
            #expect(counts == [1, 0, 0, 1, 0])
            let asked = try store.write { try $0.ask([Self.ofHolder(of: cards[3].id)])[0] }
            #expect(asked == [try Self.stay(on: cards[0]).row])
        }
    }

    /// Who sees nothing brings one in: two who had seen nothing at the same time would both do so.
    @Test(
        "nobody else brings in what one has looked for, whichever way either looks", arguments: Engine.shared)
    func claimed(_ engine: Engine) throws {
        try engine.with(.current) { store, again throws in
            let nodes = [store, try again()]
            let cards = try (0..<12).map(Self.card)
            try store.write { transaction in for card in cards { transaction.insert(card) } }
            onThreads(cards.count) { thread in
                let card = cards[thread]
                try nodes[thread % 2].write { transaction in
                    let question =
                        thread % 4 < 2
                        ? Self.ofHolder(of: card.id)
                        : Query(Custody.table, [.init("holder", .text(card.holder?.text ?? ""))])
                    let found = try transaction.ask([Query(Card.table, key: [.text(card.id.text)]), question])
                    if found[1].isEmpty { transaction.insert(try Self.stay(on: card)) }
                }
            }
            let stays = try store.rows(Custody.table)
            #expect(stays.count == 3, "one of each holder")
        }
    }
}
