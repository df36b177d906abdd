import CardCrypto
import GlobalPlatform
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

/// Long random sequences: whatever comes in, a card answers, stays consistent, and changes nothing when it
/// refuses.
@Suite("Random commands")
struct CoreRobustnessTests {
    @Test("leave a consistent card", arguments: 1...24 as ClosedRange<UInt64>)
    func sequences(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let profiles = CardProfile.builtInTexts.map(\.name)
        let bench = try Bench(profiles[Int(seed) % profiles.count], seed: UInt8(seed))
        for number in 0..<600 {
            let before = bench.card.contents
            let command = Self.command(&random)
            let answer = bench.card.process(command)
            #expect(answer.count >= 2, "seed \(seed), command \(number): \(command.hex)")
            if answer.suffix(2).first == 0x6A || answer.suffix(2).first == 0x67 {
                #expect(bench.card.contents == before, "seed \(seed), command \(number): \(command.hex)")
            }
            if number % 20 == 0 { try check(bench.card, "seed \(seed), command \(number): \(command.hex)") }
            if Int.random(in: 0..<100, using: &random) == 0 { bench.card.reset() }
        }
        try check(bench.card, "seed \(seed)")
    }

    /// What must be true of a card at every moment.
    private func check(_ card: VirtualCard, _ comment: String) throws {
        let state = card.contents
        let free = card.freeMemory
        #expect(free.nonVolatile >= 0 && free.volatile >= 0, "\(comment)")
        let names = state.applications.map(\.aid) + state.loadFiles.map(\.aid)
        #expect(Set(names).count == names.count, "\(comment)")
        for entry in state.applications {
            let owner = state.application(entry.domain)
            #expect(owner?.isSecurityDomain == true, "\(comment)")
            if let loadFile = entry.loadFile { #expect(state.loadFile(loadFile) != nil, "\(comment)") }
        }
        for unique in [Bench.finalApplication, Bench.cardReset] {
            #expect(state.applications.filter { $0.privileges.contains(unique) }.count == 1, "\(comment)")
        }
        #expect(Set(state.domains.keys).isSubset(of: names), "\(comment)")
        #expect(Set(state.memories.keys).isSubset(of: names), "\(comment)")
        var copy = CardState.empty
        for change in state.changes(from: .empty) { copy.apply(change) }
        #expect(copy == state, "\(comment)")
    }

    private static func command(_ random: inout SeededGenerator) -> [UInt8] {
        let script = CoreTearScriptPool.commands
        var command = script[Int.random(in: 0..<script.count, using: &random)]
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            for _ in 0...Int.random(in: 0..<3, using: &random) where !command.isEmpty {
                command[Int.random(in: 0..<command.count, using: &random)] = UInt8.random(
                    in: 0...255, using: &random)
            }
        case 1: command = Array(command.prefix(Int.random(in: 0...command.count, using: &random)))
        case 2: command = random.bytes(Int.random(in: 0...40, using: &random))
        default: break
        }
        return command
    }
}

extension Bench {
    static let finalApplication = Privileges.finalApplication
    static let cardReset = Privileges.cardReset
}

/// Commands that mean something, in no order.
enum CoreTearScriptPool {
    static let commands: [[UInt8]] =
        (TearScript.commands.filter { !$0.hasPrefix("80F080") } + Step.issuer + Step.issuer
        + Step.ownDomain(CoreRules.domainA, privileges: "A00000") + CoreRules.delegatedLoad
        + [
            Step.getStatus("40"), Step.getStatus("20"), Step.getStatus("10"), Step.getStatus("80"),
            "80CAFF2100", "80CA00E000", "0070000001", "00708001", "01A4040000", "0001000000",
            Step.forInstall(CoreRules.applet, privileges: "04"),
            Step.forInstall(CoreRules.other, privileges: "000200"), Step.select(CoreRules.applet),
            Step.personalize(CoreRules.applet), "80E2810004AABBCCDD00",
            Step.setStatus("60", "80", CoreRules.domainA), Step.setStatus("60", "00", CoreRules.domainA),
            Step.extradite(CoreRules.domainA, to: CoreRules.domainA),
            Step.delete(CoreRules.domainA), Step.delete(Bench.packageAID, related: true),
            Step.registryUpdate(CoreRules.applet, privileges: "000000"),
        ]).map { SampleCAP.bytes($0) }
}
