import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing

private typealias Facts = CustodyFacts

/// One line of the contract's table, or one that follows from it.
private struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    var card = Facts.cardA
    let evidence: InstanceEvidence
    var stay: Custody?
    var isExpected = true
    var activeElsewhere: CardID?
    let expected: Judgement

    var testDescription: String { name }
}

private let returningToA = Custody.State.returning(to: Facts.cardA, since: Facts.heldSince)
private let returningToB = Custody.State.returning(to: Facts.cardB, since: Facts.heldSince)
private let returnedToB = Custody.State.returned(to: Facts.cardB, at: Facts.heldSince)
private let held = Custody.State.held(since: Facts.heldSince)
private let discarded = Custody.State.discarded(at: Facts.heldSince, reason: "thawed")

/// The table "What the centre knows after anything" of docs/parking-contract.md, row by row.
private let contractRows: [Row] = [
    Row(
        name: "1: ACTIVE, nothing in the vault", evidence: Facts.says(.active, 7),
        expected: Judgement(.here, .nothing)),
    Row(
        name: "1: ACTIVE 9, an image of 8 that does not count", evidence: Facts.says(.active, 9),
        stay: Facts.stay(.provisional),
        expected: Judgement(.here, proves: .thawed(Facts.says(.active, 9)), .nothing)),
    Row(
        name: "2: ACTIVE 9 with the digest of 8: COMMIT took place", evidence: Facts.says(.active, 9),
        stay: Facts.stay(returningToA),
        expected: Judgement(
            .here, proves: .committed(Facts.says(.active, 9), on: Facts.cardA), .nothing)),
    Row(
        name: "3: FROZEN 8, nothing in the vault", evidence: Facts.says(.frozen),
        expected: Judgement(.here, .readOrThaw)),
    Row(
        name: "3: FROZEN 8, the image is not durable", evidence: Facts.says(.frozen),
        stay: Facts.stay(.frozen), expected: Judgement(.here, .readOrThaw)),
    Row(
        name: "4: FROZEN 8, the image is durable and agrees", evidence: Facts.says(.frozen),
        stay: Facts.stay(.provisional), expected: Judgement(.here, .surrenderOrThaw)),
    Row(
        name: "4: the same, with the intent to surrender", evidence: Facts.says(.frozen),
        stay: Facts.stay(.surrendering), expected: Judgement(.here, .surrenderOrThaw)),
    Row(
        name: "5: FROZEN 8, restored elsewhere", evidence: Facts.says(.frozen),
        stay: Facts.stay(returnedToB), expected: Judgement(.otherCard(Facts.cardB), .surrenderAndDelete)),
    Row(
        name: "5: FROZEN 8, on its way elsewhere", evidence: Facts.says(.frozen),
        stay: Facts.stay(returningToB), expected: Judgement(.vault, .surrenderAndDelete)),
    Row(
        name: "5: FROZEN 8 on a card that was declared lost", evidence: Facts.says(.frozen),
        stay: Facts.stay(held), expected: Judgement(.vault, .surrenderAndDelete)),
    Row(
        name: "6: VACANT 8 with its digest", evidence: Facts.says(.vacant), stay: Facts.stay(.surrendering),
        expected: Judgement(.vault, proves: .surrendered(Facts.says(.vacant)), .deleteOrImport)),
    Row(
        name: "6: VACANT 8 with its digest, before the intent", evidence: Facts.says(.vacant),
        stay: Facts.stay(.provisional),
        expected: Judgement(.vault, proves: .surrendered(Facts.says(.vacant)), .deleteOrImport)),
    Row(
        name: "6: VACANT 8, held", evidence: Facts.says(.vacant), stay: Facts.stay(held),
        expected: Judgement(.vault, .deleteOrImport)),
    Row(
        name: "7: no such instance, deletion intended", evidence: .absent, stay: Facts.stay(.surrendering),
        expected: Judgement(.vault, proves: .surrendered(.absent), .nothing)),
    Row(
        name: "7: no such instance, held", evidence: .absent, stay: Facts.stay(held),
        expected: Judgement(.vault, .nothing)),
    Row(
        name: "8: no such instance, nothing intended", evidence: .absent,
        expected: Judgement(.nowhere, .askPerson(.deletedBehindOurBack))),
    Row(
        name: "8: no such instance while it should be frozen", evidence: .absent,
        stay: Facts.stay(.frozen), expected: Judgement(.nowhere, .askPerson(.deletedBehindOurBack))),
    Row(
        name: "8: no such instance, kept but nothing intended", evidence: .absent,
        stay: Facts.stay(.provisional),
        expected: Judgement(.nowhere, .askPerson(.deletedBehindOurBack))),
    Row(
        name: "9: IMPORTING 8, ten bytes received", evidence: Facts.says(.importing, received: 10),
        stay: Facts.stay(returningToA), expected: Judgement(.vault, .continueImport(received: 10))),
    Row(
        name: "9: VERIFIED 8", evidence: Facts.says(.verified, received: 25),
        stay: Facts.stay(returningToA), expected: Judgement(.vault, .continueImport(received: 25))),
    Row(
        name: "9: IMPORTING an image with another digest",
        evidence: Facts.says(.importing, digest: Facts.otherDigest), stay: Facts.stay(returningToA),
        expected: Judgement(.vault, .beginImport)),
    Row(
        name: "9: IMPORTING where nobody asked for it", evidence: Facts.says(.importing),
        stay: Facts.stay(held), expected: Judgement(.vault, .deleteRemains)),
    Row(
        name: "10: ACTIVE, same lineage, on two cards", evidence: Facts.says(.active, 7),
        activeElsewhere: Facts.cardB, expected: Judgement(.contested, .askPerson(.clone(Facts.cardB)))),
]

private let furtherRows: [Row] = [
    Row(
        name: "ACTIVE although its data were proved to be given up", evidence: Facts.says(.active, 9),
        stay: Facts.stay(held), expected: Judgement(.contested, .askPerson(.aliveAgain))),
    Row(
        name: "an old copy of a card comes while the vault holds the data",
        evidence: Facts.says(.active, 7), stay: Facts.stay(held),
        expected: Judgement(.vault, .askPerson(.oldCopy(shown: 7, known: 8)))),
    Row(
        name: "an old copy of a card comes after the return", card: Facts.cardB,
        evidence: Facts.says(.active, 7), stay: Facts.stay(returnedToB),
        expected: Judgement(.contested, .askPerson(.oldCopy(shown: 7, known: 8)))),
    Row(
        name: "the card it left works again after the return elsewhere", evidence: Facts.says(.active, 9),
        stay: Facts.stay(returnedToB), expected: Judgement(.contested, .askPerson(.clone(Facts.cardB)))),
    Row(
        name: "the card it left works while it is on its way elsewhere",
        evidence: Facts.says(.active, 9), stay: Facts.stay(returningToB),
        expected: Judgement(.contested, .askPerson(.clone(Facts.cardB)))),
    Row(
        name: "a third card has the data while they are frozen", card: Facts.cardC,
        evidence: Facts.says(.active, 9), stay: Facts.stay(.provisional),
        expected: Judgement(.contested, .askPerson(.clone(Facts.cardA)))),
    Row(
        name: "ACTIVE at the right generation with no digest is no COMMIT",
        evidence: Facts.says(.active, 9, digest: Facts.zeros), stay: Facts.stay(returningToA),
        expected: Judgement(.contested, .askPerson(.unexplained))),
    Row(
        name: "returned, and at work for a while", card: Facts.cardB, evidence: Facts.says(.active, 11),
        stay: Facts.stay(returnedToB), expected: Judgement(.here, .nothing)),
    Row(
        name: "committed, and frozen anew before anybody looked",
        evidence: Facts.says(.frozen, 10, digest: Facts.otherDigest), stay: Facts.stay(returningToA),
        expected: Judgement(
            .here,
            proves: .committed(Facts.says(.frozen, 10, digest: Facts.otherDigest), on: Facts.cardA),
            .readOrThaw)),
    Row(
        name: "FROZEN at an earlier generation than known", evidence: Facts.says(.frozen, 6),
        stay: Facts.stay(.provisional),
        expected: Judgement(.contested, .askPerson(.oldCopy(shown: 6, known: 8)))),
    Row(
        name: "FROZEN 8 with other data than were read",
        evidence: Facts.says(.frozen, digest: Facts.otherDigest), stay: Facts.stay(.provisional),
        expected: Judgement(.contested, .askPerson(.unexplained))),
    Row(
        name: "a new instance in the place of a frozen one",
        evidence: Facts.says(.active, 1, lineage: Facts.otherLineage), stay: Facts.stay(.frozen),
        expected: Judgement(.nowhere, .askPerson(.otherLineage))),
    Row(
        name: "a new instance beside data that are held",
        evidence: Facts.says(.active, 1, lineage: Facts.otherLineage), stay: Facts.stay(held),
        expected: Judgement(.here, .nothing)),
    Row(
        name: "VACANT while the vault has nothing", evidence: Facts.says(.vacant),
        stay: Facts.stay(.frozen), expected: Judgement(.nowhere, .askPerson(.surrenderedElsewhere))),
    Row(
        name: "VACANT with another digest than was read",
        evidence: Facts.says(.vacant, digest: Facts.otherDigest), stay: Facts.stay(.surrendering),
        expected: Judgement(.nowhere, .askPerson(.unexplained))),
    Row(
        name: "VACANT, installed for the return", evidence: Facts.says(.vacant, digest: Facts.zeros),
        stay: Facts.stay(returningToA), expected: Judgement(.vault, .beginImport)),
    Row(
        name: "VACANT, installed by nobody known", evidence: Facts.says(.vacant, digest: Facts.zeros),
        expected: Judgement(.nowhere, .deleteRemains)),
    Row(
        name: "VACANT, given up to somebody unknown", evidence: Facts.says(.vacant),
        expected: Judgement(.nowhere, .askPerson(.surrenderedElsewhere))),
    Row(
        name: "not there yet, return intended", evidence: .absent, stay: Facts.stay(returningToA),
        expected: Judgement(.vault, .beginImport)),
    Row(
        name: "not there, and nobody expected it", evidence: .absent, isExpected: false,
        expected: Judgement(.nowhere, .nothing)),
    Row(
        name: "the registry alone tells nothing of an application with data", evidence: .installed,
        stay: Facts.stay(returningToA), expected: Judgement(.here, .askStatus)),
    Row(
        name: "without data, back in the registry", evidence: .installed,
        stay: Facts.stay(returningToA, parking: .stateless),
        expected: Judgement(.here, proves: .committed(.installed, on: Facts.cardA), .nothing)),
    Row(
        name: "to be personalised, back in the registry", evidence: .installed,
        stay: Facts.stay(returningToA, parking: .rePersonalised),
        expected: Judgement(.vault, .beginImport)),
    Row(
        name: "without data, deleted by us and yet there", evidence: .installed,
        stay: Facts.stay(held, parking: .stateless),
        expected: Judgement(.contested, .askPerson(.aliveAgain))),
    Row(
        name: "given up by a person, and frozen still", evidence: Facts.says(.frozen),
        stay: Facts.stay(discarded), expected: Judgement(.here, .readOrThaw)),
    Row(
        name: "went on working on its card", evidence: Facts.says(.active, 11),
        stay: Facts.stay(discarded), expected: Judgement(.here, .nothing)),
]

@Suite("What the centre knows after anything", .mission(.b10), .mission(.point1), .mission(.point5))
struct JudgementTests {
    @Test("the contract's table, row by row", arguments: contractRows)
    fileprivate func contract(_ row: Row) { check(row) }

    @Test("what follows from it", arguments: furtherRows)
    fileprivate func further(_ row: Row) { check(row) }

    private func check(_ row: Row) {
        let sighting = Sighting(
            card: row.card, aid: Facts.purse, evidence: row.evidence, isExpected: row.isExpected,
            activeElsewhere: row.activeElsewhere)
        let judgement = Judgement(sighting, stay: row.stay)
        #expect(judgement == row.expected)
        #expect(!judgement.words.isEmpty)
        if let event = judgement.proves {
            #expect(throws: Never.self) { try row.stay?.after(event, at: Facts.now) }
        }
    }

    @Test("all ten rows of the contract's table are here")
    func isComplete() {
        let numbers = Set(contractRows.compactMap { $0.name.split(separator: ":").first.flatMap { Int($0) } })
        #expect(numbers == Set(1...10))
    }

    @Test("whatever is seen: no judgement lets a second copy come to life")
    func neverTwo() {
        var evidence: [InstanceEvidence] = [.absent, .installed, .personalised]
        for state in ParkingState.allCases {
            for generation: UInt32 in [1, 6, 7, 8, 9, 10, 11] {
                for lineage in [Facts.lineage, Facts.otherLineage] {
                    for digest in [Facts.digest, Facts.otherDigest, Facts.zeros] {
                        evidence.append(Facts.says(state, generation, lineage: lineage, digest: digest))
                    }
                }
            }
        }
        let states =
            Facts.states.map(\.state) + [returningToA, .returned(to: Facts.cardA, at: Facts.heldSince)]
        for seen in evidence {
            for state in states {
                for card in [Facts.cardA, Facts.cardB, Facts.cardC] {
                    let stay = Facts.stay(state)
                    let sighting = Sighting(card: card, aid: Facts.purse, evidence: seen)
                    let judgement = Judgement(sighting, stay: stay)
                    checkSafety(judgement, stay, card, "\(seen), \(state), \(card)")
                }
            }
        }
    }

    /// The invariants of custody, of one judgement.
    private func checkSafety(_ judgement: Judgement, _ stay: Custody, _ card: CardID, _ what: String) {
        switch judgement.next {
        case .beginImport, .continueImport:
            // A copy goes only to the card that was named, and never one that does not count.
            guard case .returning(card, _) = stay.state else {
                Issue.record("imports without an intent: \(what)")
                return
            }
        case .surrenderAndDelete, .deleteRemains, .deleteOrImport:
            #expect(judgement.liveCopy != .here && judgement.liveCopy != .contested, "\(what)")
        case .readOrThaw, .surrenderOrThaw:
            // Thawing makes this card's copy live: nobody else may have it.
            #expect(judgement.liveCopy == .here, "\(what)")
        case .askStatus, .askPerson, .nothing: break
        }
        if judgement.liveCopy == .contested {
            guard case .askPerson = judgement.next else {
                Issue.record("goes on with a contested copy: \(what)")
                return
            }
        }
    }
}
