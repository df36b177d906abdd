import CardManagement
import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing

private typealias Facts = CustodyFacts

/// What an event leads to: the word of the next state, or the code of the refusal.
private struct Row: Sendable, CustomTestStringConvertible {
    let name: String
    let event: CustodyEvent
    /// For frozen, provisional, surrendering, held, returning, returned, discarded, in this order.
    let outcomes: [String]

    var testDescription: String { name }
}

private let order = "custody-out-of-order"
private let notKept = "custody-not-kept"
private let notProved = "custody-not-proved"
private let notIntended = "custody-not-intended"
private let promised = "custody-promised"
private let notHeld = "custody-not-held"
private let elsewhere = "custody-not-on-that-card"
private let undecided = "custody-undecided"

/// Docs: parking-contract.md, "The idea", "What the centre knows after anything" and its two rules;
/// architecture.md, "Custody". A stay that left card A; where it is returning or returned, to card B.
private let table: [Row] = [
    Row(
        name: "the image is kept, digests agree",
        event: .imageKept(digest: Facts.digest, byteCount: 25),
        outcomes: ["provisional", "provisional", order, order, order, order, order]),
    Row(
        name: "the image is kept, digests differ",
        event: .imageKept(digest: Facts.otherDigest, byteCount: 25),
        outcomes: ["custody-other-digest", "custody-other-digest", order, order, order, order, order]),
    Row(
        name: "the image is kept in part",
        event: .imageKept(digest: Facts.digest, byteCount: 24),
        outcomes: ["custody-incomplete", "custody-incomplete", order, order, order, order, order]),
    Row(
        name: "surrender is intended", event: .surrenderIntended,
        outcomes: [notKept, "surrendering", "surrendering", order, order, order, order]),
    Row(
        name: "VACANT with the digest", event: .surrendered(Facts.says(.vacant)),
        outcomes: [notKept, "held", "held", "held", order, order, order]),
    Row(
        name: "VACANT with another digest",
        event: .surrendered(Facts.says(.vacant, digest: Facts.otherDigest)),
        outcomes: [notKept, notProved, notProved, "held", order, order, order]),
    Row(
        name: "VACANT of another generation", event: .surrendered(Facts.says(.vacant, 6)),
        outcomes: [notKept, notProved, notProved, "held", order, order, order]),
    Row(
        name: "VACANT of another lineage",
        event: .surrendered(Facts.says(.vacant, lineage: Facts.otherLineage)),
        outcomes: [notKept, notProved, notProved, "held", order, order, order]),
    Row(
        name: "the instance is gone", event: .surrendered(.absent),
        outcomes: [notKept, notIntended, "held", "held", order, order, order]),
    Row(
        name: "still FROZEN", event: .surrendered(Facts.says(.frozen)),
        outcomes: [notKept, notProved, notProved, "held", order, order, order]),
    Row(
        name: "only the registry shows the instance", event: .surrendered(.installed),
        outcomes: [notKept, notProved, notProved, "held", order, order, order]),
    Row(
        name: "ACTIVE again after THAW", event: .thawed(Facts.says(.active, 9, digest: Facts.zeros)),
        outcomes: ["discarded", "discarded", "discarded", order, order, order, "discarded"]),
    Row(
        name: "frozen anew", event: .thawed(Facts.says(.frozen, 10, digest: Facts.otherDigest)),
        outcomes: ["discarded", "discarded", "discarded", order, order, order, "discarded"]),
    Row(
        name: "FROZEN is no thaw", event: .thawed(Facts.says(.frozen)),
        outcomes: [notProved, notProved, notProved, order, order, order, "discarded"]),
    Row(
        name: "ACTIVE before the image is no thaw", event: .thawed(Facts.says(.active, 7)),
        outcomes: [notProved, notProved, notProved, order, order, order, "discarded"]),
    Row(
        name: "ACTIVE with other data is no thaw",
        event: .thawed(Facts.says(.active, 9, lineage: Facts.otherLineage)),
        outcomes: [notProved, notProved, notProved, order, order, order, "discarded"]),
    Row(
        name: "return to B is intended", event: .returnIntended(to: Facts.cardB),
        outcomes: [notHeld, notHeld, notHeld, "returning", "returning", order, order]),
    Row(
        name: "return to C is intended", event: .returnIntended(to: Facts.cardC),
        outcomes: [notHeld, notHeld, notHeld, "returning", promised, order, order]),
    Row(
        name: "B committed", event: .committed(Facts.says(.active, 9), on: Facts.cardB),
        outcomes: [notIntended, notIntended, notIntended, notIntended, "returned", "returned", order]),
    Row(
        name: "C committed", event: .committed(Facts.says(.active, 9), on: Facts.cardC),
        outcomes: [notIntended, notIntended, notIntended, notIntended, promised, promised, order]),
    Row(
        name: "B committed and has been frozen since",
        event: .committed(Facts.says(.frozen, 10, digest: Facts.otherDigest), on: Facts.cardB),
        outcomes: [notIntended, notIntended, notIntended, notIntended, "returned", "returned", order]),
    Row(
        name: "B is ACTIVE with another digest",
        event: .committed(Facts.says(.active, 9, digest: Facts.zeros), on: Facts.cardB),
        outcomes: [notIntended, notIntended, notIntended, notIntended, notProved, "returned", order]),
    Row(
        name: "B has verified and not committed",
        event: .committed(Facts.says(.verified), on: Facts.cardB),
        outcomes: [notIntended, notIntended, notIntended, notIntended, notProved, "returned", order]),
    Row(
        name: "B has it in its registry", event: .committed(.installed, on: Facts.cardB),
        outcomes: [notIntended, notIntended, notIntended, notIntended, notProved, "returned", order]),
    Row(
        name: "B has nothing of it", event: .returnAbandoned(.absent, on: Facts.cardB),
        outcomes: [order, order, order, "held", "held", order, order]),
    Row(
        name: "B has an empty instance", event: .returnAbandoned(Facts.says(.vacant), on: Facts.cardB),
        outcomes: [order, order, order, "held", "held", order, order]),
    Row(
        name: "B is in the middle", event: .returnAbandoned(Facts.says(.importing), on: Facts.cardB),
        outcomes: [order, order, order, "held", notProved, order, order]),
    Row(
        name: "C has nothing of it", event: .returnAbandoned(.absent, on: Facts.cardC),
        outcomes: [order, order, order, "held", promised, order, order]),
    Row(
        name: "A is lost", event: .cardLost(Facts.cardA, reason: "stolen"),
        outcomes: ["discarded", "held", "held", "held", elsewhere, elsewhere, "discarded"]),
    Row(
        name: "B is lost", event: .cardLost(Facts.cardB, reason: "stolen"),
        outcomes: [elsewhere, elsewhere, elsewhere, "held", "held", elsewhere, elsewhere]),
    Row(
        name: "a person gives it up", event: .dismissed(reason: "asked by its holder"),
        outcomes: [undecided, undecided, undecided, "discarded", undecided, order, "discarded"]),
    Row(
        name: "FREEZE never came", event: .neverFrozen,
        outcomes: ["discarded", "discarded", order, order, order, order, "discarded"]),
    Row(
        name: "it was removed for good", event: .removed,
        outcomes: ["discarded", "discarded", order, order, order, order, "discarded"]),
]

private let cells = table.flatMap { row in
    zip(Facts.states, row.outcomes).map { (row, $0.0.name, $0.1) }
}

/// One word for what came of it.
private func outcome(_ stay: Custody, _ event: CustodyEvent) -> String {
    do throws(CustodyRefusal) {
        let next = try stay.after(event, at: Facts.now)
        return Facts.states.first { $0.state.isSameCase(as: next.state) }?.name ?? "?"
    } catch {
        return error.code
    }
}

extension Custody.State {
    fileprivate func isSameCase(as other: Custody.State) -> Bool {
        switch (self, other) {
        case (.frozen, .frozen), (.provisional, .provisional), (.surrendering, .surrendering),
            (.held, .held), (.returning, .returning), (.returned, .returned), (.discarded, .discarded):
            true
        default: false
        }
    }
}

@Suite("Custody", .mission(.b10), .mission(.point1))
struct CustodyStateTests {
    @Test("every event in every state leads where the table says", arguments: cells)
    fileprivate func event(_ row: Row, _ state: String, _ expected: String) {
        #expect(outcome(Facts.stay(Facts.state(state)), row.event) == expected)
    }

    @Test("every event is in the table, with all states")
    func isComplete() {
        #expect(table.allSatisfy { $0.outcomes.count == Facts.states.count })
        let cases = Set(table.map { "\($0.event)".prefix { $0 != "(" } })
        #expect(cases.count == 11)
    }

    @Test("an event that was carried out changes nothing when it comes again", arguments: table)
    fileprivate func isIdempotent(_ row: Row) throws {
        for (name, state) in Facts.states {
            guard let once = try? Facts.stay(state).after(row.event, at: Facts.now) else { continue }
            let twice = try? once.after(row.event, at: Instant(milliseconds: 9_000))
            #expect(twice == once, "\(row.name), \(name)")
        }
    }

    @Test("the fee runs from held to returned, whatever happens between", .mission(.b11))
    func fee() throws {
        var stay = Facts.stay(.surrendering)
        stay = try stay.after(.surrendered(Facts.says(.vacant)), at: Facts.now)
        #expect(stay.heldSince == Facts.now)
        let later = Instant(milliseconds: 5_000)
        stay = try stay.after(.returnIntended(to: Facts.cardB), at: later)
        #expect(stay.heldSince == Facts.now)
        stay = try stay.after(.returnAbandoned(.absent, on: Facts.cardB), at: Instant(milliseconds: 6_000))
        #expect(stay.state == .held(since: Facts.now))
        stay = try stay.after(.returnIntended(to: Facts.cardB), at: Instant(milliseconds: 7_000))
        let end = Instant(milliseconds: 8_000)
        stay = try stay.after(.committed(Facts.says(.active, 9), on: Facts.cardB), at: end)
        #expect(stay.state == .returned(to: Facts.cardB, at: end))
        #expect(stay.heldSince == Facts.now)
    }

    @Test("a clock that was set back makes no stay end before it began")
    func clock() throws {
        let past = Instant(milliseconds: -5)
        let held = try Facts.stay(.surrendering).after(.surrendered(.absent), at: past)
        #expect(held.heldSince == Facts.opened)
        let returned = try Facts.stay(.returning(to: Facts.cardB, since: Facts.heldSince))
            .after(.committed(Facts.says(.active, 9), on: Facts.cardB), at: past)
        #expect(returned.state == .returned(to: Facts.cardB, at: Facts.heldSince))
    }

    @Test("the fee of a card that was lost begins when a person says so")
    func lost() throws {
        let held = try Facts.stay(.provisional).after(
            .cardLost(Facts.cardA, reason: "stolen"), at: Facts.now)
        #expect(held.heldSince == Facts.now)
    }

    @Test(
        "what has no data is held when its instance is gone, and back when it stands again",
        arguments: [Release.Parking.stateless, .rePersonalised])
    func withoutData(_ parking: Release.Parking) throws {
        var stay = try Custody.open(withoutData: Facts.opening(parking), at: Facts.opened)
        #expect(stay.state == .provisional)
        #expect(outcome(stay, .imageKept(digest: [], byteCount: 0)) == order)
        #expect(outcome(stay, .surrendered(.absent)) == notIntended)
        #expect(outcome(stay, .thawed(.installed)) == "discarded")
        stay = try stay.after(.surrenderIntended, at: Facts.now)
        #expect(outcome(stay, .surrendered(.installed)) == notProved)
        stay = try stay.after(.surrendered(.absent), at: Facts.now)
        stay = try stay.after(.returnIntended(to: Facts.cardB), at: Facts.now)
        // An instance that its provider must still write to has nothing yet.
        #expect(
            outcome(stay, .committed(.installed, on: Facts.cardB))
                == (parking == .stateless ? "returned" : notProved))
        #expect(outcome(stay, .committed(.personalised, on: Facts.cardB)) == "returned")
    }

    @Test("a stay begins only with what the card froze, of a class that can leave")
    func opening() throws {
        let frozen = try Custody.open(Facts.opening(), frozen: Facts.status(.frozen), at: Facts.opened)
        #expect(frozen == Facts.stay(.frozen))
        for state in ParkingState.allCases where state != .frozen {
            #expect(throws: CustodyRefusal.notFrozen(state)) {
                try Custody.open(Facts.opening(), frozen: Facts.status(state), at: Facts.opened)
            }
        }
        for parking in [Release.Parking.stateless, .rePersonalised, .never(reason: "it is a key")] {
            #expect(throws: CustodyRefusal.notParked(parking)) {
                try Custody.open(Facts.opening(parking), frozen: Facts.status(.frozen), at: Facts.opened)
            }
        }
        for parking in [Release.Parking.contract, .never(reason: "it is a key")] {
            #expect(throws: CustodyRefusal.notParked(parking)) {
                try Custody.open(withoutData: Facts.opening(parking), at: Facts.opened)
            }
        }
        for count in [0, -1, Bounds.parkedImageBytesMax + 1] {
            var status = Facts.status(.frozen)
            status.byteCount = count
            #expect(throws: CustodyRefusal.imageTooLong(byteCount: count)) {
                try Custody.open(Facts.opening(), frozen: status, at: Facts.opened)
            }
        }
    }

    @Test("every refusal has words, and tells what to do")
    func words() {
        for row in table {
            for (_, state) in Facts.states {
                do throws(CustodyRefusal) {
                    _ = try Facts.stay(state).after(row.event, at: Facts.now)
                } catch {
                    #expect(error.reason.hasSuffix(".") && error.remedy.hasSuffix("."))
                    #expect(error.code.hasPrefix("custody-"))
                }
            }
        }
    }

    @Test("a random order of events never makes two live copies, and never none", .mission(.point1))
    func randomWalk() throws {
        for seed in UInt64(1)...400 {
            var random = SeededGenerator(seed: seed)
            var stay = Facts.stay(.frozen)
            for _ in 0..<40 {
                let row = try #require(table.randomElement(using: &random))
                guard let next = try? stay.after(row.event, at: Facts.now) else { continue }
                // Nothing comes back to life, and nothing is live in the vault that was not kept first.
                #expect(stay.isOpen || next == stay, "seed \(seed): \(row.name)")
                if case .held = next.state, case .frozen = stay.state {
                    Issue.record("seed \(seed): \(row.name) makes a copy live that was never kept")
                }
                if case .returned(let card, _) = next.state, stay != next {
                    #expect(stay.state == .returning(to: card, since: Facts.now), "seed \(seed): \(row.name)")
                }
                stay = next
            }
        }
    }
}
