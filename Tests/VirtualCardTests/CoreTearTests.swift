import CardCrypto
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

/// Every command that writes, in an order in which each succeeds.
enum TearScript {
    static let commands: [String] =
        Step.issuer + Step.loadLibrary + Step.loadApplets
        + [
            Step.forInstall(CoreRules.applet), Step.forInstall(CoreRules.other, p1: "04"),
            Step.makeSelectable(CoreRules.other), Step.domain(CoreRules.domainA, privileges: "804000"),
            Step.select(CoreRules.domainA),
        ] + Step.session
        + [Step.putKeys(version: 0x31), Step.putKeys(version: 0x32, replacing: 0x31)] + Step.issuer
        + [
            Step.putKeys(version: 1), Step.putKeys(version: 2), "80E4000003D2010200",
            Step.storeData("90", 0, "4203112233"), Step.extradite(CoreRules.applet, to: CoreRules.domainA),
            Step.registryUpdate(CoreRules.other, privileges: "100000", parameters: "EF03CF0142"),
            Step.setStatus("40", "80", CoreRules.other), Step.setStatus("40", "00", CoreRules.other),
            Step.registryUpdate("", parameters: "EF03D90140"),
            Step.setStatus("80", "07"), Step.setStatus("80", "0F"),
            Step.personalize(CoreRules.other).replacingTarget(CoreRules.other),
            "80E2800002AABB", Step.delete(CoreRules.applet), Step.delete(Bench.packageAID, related: true),
            Step.delete(Bench.libraryAID), Step.storeData("90", 0, "4F07" + CoreRules.domainB),
            Step.setStatus("80", "7F"), Step.setStatus("80", "0F"), Step.setStatus("80", "FF"),
        ]
}

extension String {
    /// Reads better in the list above than a step without its target.
    fileprivate func replacingTarget(_ aid: String) -> String { contains(aid) ? self : "" }
}

@Suite("Tears")
struct CoreTearTests {
    /// The script's states: before each command, after each command, and how many writes it made.
    static func reference() throws -> [(before: CardState, after: CardState, writes: Int)] {
        let bench = try Bench()
        return TearScript.commands.map { command in
            let (before, writes) = (bench.card.contents, bench.card.writeCount)
            let answer = bench.send(command)
            #expect(answer.hasSuffix("9000"), "\(command): \(answer)")
            return (before, bench.card.contents, bench.card.writeCount - writes)
        }
    }

    @Test("at every persistent write leave the old state or the new one", .mission(.point5))
    func everyWrite() throws {
        let reference = try Self.reference()
        var tears = 0
        for (index, step) in reference.enumerated() where step.writes > 0 {
            for write in 1...step.writes {
                for cut in [JournalStep.before(write), .after(write)] {
                    let bench = try Bench()
                    bench.must(Array(TearScript.commands[..<index]))
                    tear(bench, TearScript.commands[index], cut)
                    let isCommitted = cut == .after(step.writes)
                    let expected = isCommitted ? step.after : step.before
                    #expect(bench.card.contents.isSame(as: expected), "\(TearScript.commands[index]) \(cut)")
                    tears += 1
                }
            }
        }
        // Every command of the script that writes has at least a record and a mark.
        #expect(tears > 150)
    }

    @Test("in a card file leave the same", .mission(.point5))
    func everyWriteInFile() throws {
        let reference = try Self.reference()
        let profile = try #require(CardProfile.builtIn("javacard-80k"))
        for (index, step) in reference.enumerated() where step.writes > 1 && index % 3 == 0 {
            for write in 1...step.writes {
                let path = TemporaryFile.path("tear-\(index)-\(write)")
                defer { TemporaryFile.remove(path) }
                do {
                    let bench = Bench(
                        try VirtualCard(
                            creating: path, profile: profile, environment: Bench.environment(),
                            entropy: SeededEntropy(seed: [1])))
                    bench.must(Array(TearScript.commands[..<index]))
                    tear(bench, TearScript.commands[index], .before(write))
                }
                let again = try VirtualCard(
                    opening: path, environment: Bench.environment(), entropy: SeededEntropy(seed: [1]))
                #expect(again.contents.isSame(as: step.before))
            }
        }
    }

    @Test("in a card file leave nothing that a later commit would bring back", .mission(.point5))
    func lifeAfterTears() throws {
        let reference = try Self.reference()
        let profile = try #require(CardProfile.builtIn("javacard-80k"))
        let index = try #require(reference.lastIndex { $0.writes > 2 })
        for write in 1...reference[index].writes {
            let path = TemporaryFile.path("after-tear-\(write)")
            defer { TemporaryFile.remove(path) }
            let state: CardState
            do {
                let bench = Bench(
                    try VirtualCard(
                        creating: path, profile: profile, environment: Bench.environment(),
                        entropy: SeededEntropy(seed: [1])))
                bench.must(Array(TearScript.commands[..<index]))
                tear(bench, TearScript.commands[index], .before(write))
                try bench.card.keep(note: [1, 2, 3])
                state = bench.card.contents
                #expect(state.isSame(as: reference[index].before))
            }
            let again = try VirtualCard(
                opening: path, environment: Bench.environment(), entropy: SeededEntropy(seed: [1]))
            #expect(again.contents.isSame(as: state))
            #expect(again.note == [1, 2, 3])
        }
    }

    private func tear(_ bench: Bench, _ command: String, _ cut: JournalStep) {
        let first = bench.card.writeCount
        bench.card.onWrite = { step in
            switch (step, cut) {
            case (.before(let number), .before(let wanted)), (.after(let number), .after(let wanted)):
                number - first == wanted ? .cut : .goOn
            case (.before, .after), (.after, .before): .goOn
            }
        }
        #expect(bench.send(command).isEmpty)
        #expect(!bench.card.isPowered)
        #expect(bench.send(Step.select(Bench.issuer)).isEmpty)
        bench.card.onWrite = nil
        bench.card.powerOn()
        #expect(bench.send("80CA004200") != "")
    }

    @Test("a load that was begun is gone, and its room is free again")
    func tornLoad() throws {
        let bench = try Bench()
        bench.must(Step.issuer)
        let free = bench.card.freeMemory
        bench.must([Step.forLoad(Bench.packageAID)] + CoreRules.blocks.dropLast())
        #expect(bench.card.freeMemory.nonVolatile < free.nonVolatile)
        bench.card.powerOff()
        bench.card.powerOn()
        #expect(bench.card.freeMemory == free)
        bench.must(Step.issuer)
        #expect(bench.status(CoreRules.blocks[1]) == "6985")
    }

    @Test("a checkpoint of a program survives the refusal that follows it")
    func checkpoint() throws {
        let bench = try Bench()
        bench.must(CoreRules.installed + [Step.select(CoreRules.applet), "0001000000"])
        #expect(bench.status("0006000000") == "6985")
        #expect(bench.send("0002000000") == "00019000")
        #expect(bench.status("0006010000") == "6985")
        #expect(bench.send("0002000000") == "FFFF9000")
    }
}

extension CardState {
    /// Equal but for the identity of secrets, which differs between two readings of a file.
    func isSame(as other: CardState) -> Bool { fingerprint == other.fingerprint }

    var fingerprint: [[UInt8]] {
        changes(from: .empty).map { change in
            var encoder = StateEncoder()
            encoder.put(change)
            return encoder.bytes
        }.sorted { $0.lexicographicallyPrecedes($1) }
    }
}
