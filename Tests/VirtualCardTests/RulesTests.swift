import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

/// One rule: the clause, the situation, what is done, and the answer that the clause asks for.
struct Rule: Sendable, CustomTestStringConvertible {
    let clause: String
    let situation: String
    let profile: String
    /// What leads there; every answer must end with 9000, unless the act is in `disregarded`.
    let given: [Act]
    /// Acts of the situation whose answers do not matter, done after `given`.
    let disregarded: [Act]
    let when: Act
    /// Four digits: the status word. More: the whole answer. `*` before: the end; `~` before: what is in it somewhere.
    let then: String

    var testDescription: String { "\(clause): \(situation)" }

    init(
        _ clause: String, _ situation: String, on profile: String = "javacard-80k", _ given: [Act] = [],
        disregarding: [Act] = [], _ when: Act, _ then: String
    ) {
        (self.clause, self.situation, self.profile, self.given) = (clause, situation, profile, given)
        (self.disregarded, self.when, self.then) = (disregarding, when, then)
    }

    func run() throws {
        let host = try RulesHost(profile)
        for act in given {
            let answer = try act.run(host)
            #expect(answer.hasSuffix("9000"), "\(self): \(act.text) was answered \(answer)")
        }
        for act in disregarded { _ = try act.run(host) }
        let before = host.card.contents.withoutCounters
        let free = host.card.freeMemory
        let answer = try when.run(host)
        let holds =
            if then.hasPrefix("*") { answer.hasSuffix(then.dropFirst()) } else if then.hasPrefix("~") {
                answer.contains(then.dropFirst())
            } else if then.count == 4 { answer.suffix(4) == then } else { answer == then }
        #expect(holds, "\(clause), \(situation): answered \(answer), not \(then)")
        guard answer.count == 4, answer.hasPrefix("6"), !answer.hasPrefix("62") else { return }
        // What is refused changes nothing, and takes no memory. (A refused LOAD gives some back.)
        #expect(host.card.contents.withoutCounters == before, "\(self) changed the card")
        #expect(host.card.freeMemory.nonVolatile >= free.nonVolatile, "\(self) took memory")
    }
}

extension CardState {
    /// Without what a refused authentication may count.
    var withoutCounters: CardState {
        var copy = self
        for (aid, data) in domains {
            for index in data.keySets.indices {
                copy.domains[aid]?.keySets[index].failedAuthentications = 0
                copy.domains[aid]?.keySets[index].sequenceCounter = 0
            }
        }
        return copy
    }
}

enum Rules {
    /// Every table; a new one is added here and nowhere else.
    static let all: [Rule] =
        lifeCycleMatrix + securityMatrix + channels + selection + privileges + content + memory + delegation
        + status + keys + data + transport + upgrades
}

@Suite("Rules of the specification, over real secure channels", .mission(.point7))
struct RulesTests {
    @Test("hold", .mission(.a3), .mission(.a10), arguments: Rules.all)
    func holds(_ rule: Rule) throws { try rule.run() }

    @Test("are at least three hundred, each stated once")
    func count() {
        let names = Rules.all.map(\.testDescription)
        #expect(names.count >= 300)
        #expect(Set(names).count == names.count)
    }
}
