import TestSupport
import Testing

@testable import VirtualCard

/// One rule of the specification: in this situation, this command gets this answer.
struct CoreRule: Sendable, CustomTestStringConvertible {
    let clause: String
    let situation: String
    var profile = "javacard-80k"
    /// Commands that lead to the situation; each must be answered 9000, unless it begins with `?`.
    var given: [String] = []
    let when: String
    /// Four digits: the status word. More: the whole answer. With a leading `*`: how the answer ends.
    let then: String

    var testDescription: String { "\(clause): \(situation)" }

    init(
        _ clause: String, _ situation: String, profile: String = "javacard-80k", given: [String] = [],
        when: String, then: String
    ) {
        self.clause = clause
        self.situation = situation
        self.profile = profile
        self.given = given
        self.when = when
        self.then = then
    }

    func run() throws {
        let bench = try Bench(profile)
        for step in given {
            if step.hasPrefix("?") {
                bench.send(String(step.dropFirst()))
            } else {
                let answer = bench.send(step)
                #expect(answer.hasSuffix("9000"), "preparing \(situation): \(step) was answered \(answer)")
            }
        }
        let before = bench.card.contents
        let answer = bench.send(when)
        if then.hasPrefix("*") {
            #expect(answer.hasSuffix(then.dropFirst()), "\(clause) \(situation): \(answer)")
        } else if then.count == 4 {
            #expect(String(answer.suffix(4)) == then, "\(clause) \(situation): \(answer)")
        } else {
            #expect(answer == then, "\(clause) \(situation)")
        }
        // What is refused changes nothing (warnings 62 and 63 aside, which belong to commands without
        // writes).
        if then.hasPrefix("6") || then.hasPrefix("9484") { #expect(bench.card.contents == before) }
    }
}

/// Every table of rules; a new table is added here.
private let allRules =
    CoreRules.dispatch + CoreRules.selection + CoreRules.loading + CoreRules.installing + CoreRules.domains
    + CoreRules.removal + CoreRules.lifeCycles + CoreRules.keysAndData + CoreRules.reading
    + CoreRules.delegation

@Suite("Rules of GPCS 2.3.1")
struct CoreRuleTests {
    @Test("hold", arguments: allRules)
    func holds(_ rule: CoreRule) throws { try rule.run() }

    @Test("are each stated once")
    func unique() {
        let names = allRules.map(\.testDescription)
        #expect(Set(names).count == names.count)
    }
}

enum CoreRules {}
