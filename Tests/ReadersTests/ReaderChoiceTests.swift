import Readers
import SmartCard
import TestSupport
import Testing

@Suite("Reader choice", .mission(.b13))
struct ReaderChoiceTests {
    static let atr: [UInt8] = [0x3B, 0x00]
    static let desk = ReaderState(name: "ACS ACR39U 00 00", card: .absent)
    static let deskFull = ReaderState(name: "ACS ACR39U 00 00", card: .present(answerToReset: atr))
    static let keyboard = ReaderState(name: "Cherry KC 1000 SC 01 00", card: .present(answerToReset: atr))
    static let keyboardEmpty = ReaderState(name: "Cherry KC 1000 SC 01 00", card: .absent)
    static let number = ReaderState(name: "2", card: .absent)

    struct Case: CustomTestStringConvertible {
        let text: String?
        let readers: [ReaderState]
        let expected: String?
        let code: CardChannelError.Code?

        init(_ text: String?, _ readers: [ReaderState], is expected: String) {
            (self.text, self.readers, self.expected, self.code) = (text, readers, expected, nil)
        }

        init(_ text: String?, _ readers: [ReaderState], fails code: CardChannelError.Code) {
            (self.text, self.readers, self.expected, self.code) = (text, readers, nil, code)
        }

        var testDescription: String { "\(text ?? "automatic") among \(readers.map(\.name))" }
    }

    static let cases = [
        Case(nil, [desk, keyboard], is: keyboard.name),
        Case("", [deskFull], is: desk.name),
        Case(nil, [ReaderState(name: "A", card: .mute), desk], is: "A"),
        Case(nil, [], fails: .noReader),
        Case(nil, [desk], fails: .noCard),
        Case(nil, [desk, keyboardEmpty], fails: .noCard),
        Case(nil, [deskFull, keyboard], fails: .ambiguousReader),
        // An exact name wins over parts and numbers, and needs no card.
        Case("ACS ACR39U 00 00", [desk, keyboard], is: desk.name),
        Case("2", [number, keyboard], is: "2"),
        Case("1", [desk, keyboard], is: desk.name),
        Case("2", [desk, keyboard], is: keyboard.name),
        // Not a number of the list, so a part of a name.
        Case("39", [desk, keyboard], is: desk.name),
        Case(
            "0", [ReaderState(name: "A 0", card: .absent), ReaderState(name: "B 1", card: .absent)], is: "A 0"
        ),
        Case("3", [desk, keyboardEmpty], is: desk.name),
        Case("7", [desk, keyboard], fails: .noReader),
        Case("-1", [desk, keyboard], fails: .noReader),
        Case("cherry", [desk, keyboard], is: keyboard.name),
        Case("acr39u", [desk, keyboard], is: desk.name),
        // Both names have it; one holds a card.
        Case("00", [desk, keyboard], is: keyboard.name),
        Case("00", [desk, keyboardEmpty], fails: .ambiguousReader),
        Case("00", [deskFull, keyboard], fails: .ambiguousReader),
        Case("omnikey", [desk, keyboard], fails: .noReader),
        Case("omnikey", [], fails: .noReader),
    ]

    @Test("takes a name, a part of it, a number, or the only card", arguments: cases)
    func choice(_ row: Case) {
        do throws(CardChannelError) {
            let chosen = try ReaderChoice(row.text).choose(among: row.readers)
            #expect(chosen.name == row.expected)
        } catch {
            #expect(error.code == row.code)
        }
    }

    @Test("lists the candidates with the numbers that choose them")
    func candidates() {
        #expect(
            throws: CardChannelError(
                .ambiguousReader,
                """
                Several readers hold a card. Say which one you mean with --reader and a name, a part of it or its number:
                  2  Cherry KC 1000 SC 01 00  (card present)
                  3  ACS ACR39U 00 00  (card present)
                """)
        ) { try ReaderChoice.automatic.choose(among: [Self.number, Self.keyboard, Self.deskFull]) }
    }

    @Test("offers every reader when a name fits none")
    func unknown() {
        #expect(
            throws: CardChannelError(
                .noReader,
                """
                No reader is called “omnikey”. There are:
                  1  ACS ACR39U 00 00  (empty)
                  2  B  (card does not answer)
                  3  C  (not working)
                """)
        ) {
            let others = [ReaderState(name: "B", card: .mute), ReaderState(name: "C", card: .unknown)]
            return try ReaderChoice("omnikey").choose(among: [Self.desk] + others)
        }
    }
}

@Suite("Reader events")
struct ReaderEventTests {
    static let one: [UInt8] = [0x3B, 0x00]
    static let two: [UInt8] = [0x3B, 0x80, 0x01, 0x81]

    static func state(_ name: String, _ card: ReaderState.Card) -> ReaderState {
        ReaderState(name: name, card: card)
    }

    struct Case {
        let old: [ReaderState]
        let new: [ReaderState]
        let events: [ReaderEvent]
    }

    static let cases = [
        Case(old: [], new: [], events: []),
        Case(old: [], new: [state("A", .absent)], events: [.readerAdded(reader: "A")]),
        Case(
            old: [], new: [state("A", .present(answerToReset: one))],
            events: [.readerAdded(reader: "A"), .cardInserted(reader: "A", answerToReset: one)]),
        Case(
            old: [state("A", .present(answerToReset: one))], new: [],
            events: [.cardRemoved(reader: "A"), .readerRemoved(reader: "A")]),
        Case(old: [state("A", .absent)], new: [state("A", .mute)], events: [.cardMute(reader: "A")]),
        Case(old: [state("A", .mute)], new: [state("A", .absent)], events: [.cardRemoved(reader: "A")]),
        Case(
            old: [state("A", .present(answerToReset: one))], new: [state("A", .present(answerToReset: two))],
            events: [.cardRemoved(reader: "A"), .cardInserted(reader: "A", answerToReset: two)]),
        Case(old: [state("A", .absent)], new: [state("A", .unknown)], events: []),
        Case(
            old: [state("A", .absent), state("B", .absent)],
            new: [state("B", .present(answerToReset: two)), state("C", .absent)],
            events: [
                .readerRemoved(reader: "A"), .cardInserted(reader: "B", answerToReset: two),
                .readerAdded(reader: "C"),
            ]),
        // Another program opened the card: no event.
        Case(
            old: [state("A", .present(answerToReset: one))],
            new: [ReaderState(name: "A", card: .present(answerToReset: one), use: .shared)], events: []),
    ]

    @Test("lead from one picture to the next", arguments: cases)
    func events(_ row: Case) {
        #expect(ReaderEvent.between(row.old, row.new) == row.events)
    }
}
