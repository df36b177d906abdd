import Centre
import SmartCard
import TestSupport
import Testing

@Suite("Vetoes against leaving", .mission(.b4))
struct VetoTests {
    private struct Models: CardModels {
        func model(of profile: ProfileName) -> CardModel? {
            CardModel(
                profile: profile, total: Room(nonVolatile: 16_384, volatile: 1_024), blockBytes: 32,
                loadFileOverheadBytes: 0, instanceBytes: 0, domainBytes: 320, hasQuotas: false,
                isChallengePredictable: false)
        }

        func channelOptions(of profile: ProfileName, _ channel: Card.KeySet.Channel) -> UInt8? { nil }
    }

    private static let provider = Act.Actor.provider(name("city"))
    private static let holder = Act.Actor.holder(name("1"))

    /// A holder's card with two applications of two providers.
    private func bench() throws -> PeopleBench {
        let bench = try PeopleBench()
        try bench.addHolder("1")
        try bench.addHolder("2")
        try bench.addCard("0A")
        for (provider, application) in [("city", "purse"), ("rail", "pass")] {
            try bench.addProvider(provider)
            try bench.addApplication(application, of: provider)
        }
        try bench.act { act in
            try act.assignCard(name("0A"), to: name("1"))
            for (application, instance) in [("purse", "A0000000010101"), ("pass", "A0000000010201")] {
                act.transaction.insert(
                    InstalledApplication(
                        card: name("0A"), aid: aid(instance), lifeCycle: 7,
                        release: release("\(application)@1.0"), installedAt: bench.clock.now))
            }
        }
        return bench
    }

    private func vetoes(_ bench: PeopleBench) throws -> [ApplicationID: Picture.Veto] {
        try bench.act { try $0.picture(of: name("0A"), for: [], Models()).vetoes }
    }

    @Test("a plan from the store knows what provider and holder have vetoed, until they take it back")
    func plan() throws {
        let bench = try bench()
        #expect(try vetoes(bench).isEmpty)
        try bench.act(as: Self.provider) { try $0.veto(name("purse"), reason: "needed at every gate") }
        try bench.act(as: Self.holder) { try $0.veto(name("pass"), for: name("1"), reason: "I travel") }
        // Another holder's word says nothing about this card.
        try bench.act(as: .holder(name("2"))) {
            try $0.veto(name("purse"), for: name("2"), reason: "mine")
        }
        #expect(
            try vetoes(bench) == [
                name("purse"): .byProvider(reason: "needed at every gate"),
                name("pass"): .byHolder(reason: "I travel"),
            ])
        try bench.act(as: Self.provider) { try $0.liftVeto(name("purse")) }
        try bench.act(as: Self.holder) { try $0.liftVeto(name("pass"), for: name("1")) }
        #expect(try vetoes(bench).isEmpty)
    }

    @Test("every change is in the audit chain once, and said again it changes nothing")
    func audit() throws {
        let bench = try bench()
        let before = try bench.all(AuditEntry.self).count
        for _ in 0..<2 {
            try bench.act(as: Self.provider) { try $0.veto(name("purse"), reason: "gates") }
            try bench.act(as: Self.holder) { try $0.veto(name("pass"), for: name("1"), reason: "travel") }
        }
        for _ in 0..<2 {
            try bench.act(as: Self.provider) { try $0.liftVeto(name("purse")) }
            try bench.act(as: Self.holder) { try $0.liftVeto(name("pass"), for: name("1")) }
        }
        let kinds = try bench.all(AuditEntry.self).map(\.kind)
        #expect(
            kinds.count == before + 4
                && Set(kinds).isSuperset(of: [
                    "application.vetoed", "application.veto-lifted", "holder.vetoed", "holder.veto-lifted",
                ]))
        guard case .whole = try bench.verdict(.registers) else {
            Issue.record("the chain is broken")
            return
        }
    }

    @Test("another reason takes the place of the first, since when stays")
    func otherReason() throws {
        let bench = try bench()
        let first = bench.clock.now
        try bench.act(as: Self.provider) { try $0.veto(name("purse"), reason: "one") }
        bench.clock.advance(by: .seconds(1))
        try bench.act(as: Self.provider) { try $0.veto(name("purse"), reason: "two") }
        #expect(
            try bench.act { try $0.veto(on: name("purse")) }
                == ProviderVeto(application: name("purse"), reason: "two", since: first))
    }

    @Test("nobody vetoes for others, or without a reason")
    func refusals() throws {
        let bench = try bench()
        #expect(
            try bench.refusal(as: Self.provider) { try $0.veto(name("pass"), reason: "x") }
                == "application-unknown")
        #expect(
            try bench.refusal(as: Self.provider) { try $0.liftVeto(name("pass")) } == "application-unknown")
        #expect(
            try bench.refusal(as: Self.provider) { try $0.veto(name("purse"), reason: "") } == "veto-reason")
        #expect(
            try bench.refusal { try $0.veto(name("none"), for: name("1"), reason: "x") }
                == "application-unknown")
        #expect(
            try bench.refusal { try $0.veto(name("purse"), for: name("9"), reason: "x") } == "holder-unknown")
        #expect(
            try bench.refusal { try $0.veto(name("purse"), for: name("1"), reason: "a\nb") } == "veto-reason")
        #expect(throws: NotPermitted.self) {
            try bench.act(as: .holder(name("2"))) {
                try $0.veto(name("purse"), for: name("1"), reason: "x")
            }
        }
        #expect(throws: NotPermitted.self) {
            try bench.act(as: Self.provider) { try $0.liftVeto(name("purse"), for: name("1")) }
        }
    }

    @Test("a holder has at most so many vetoes")
    func bound() throws {
        let bench = try bench()
        try bench.act { act in
            for number in 0..<Bounds.vetoesPerHolderMax {
                try act.registerApplication(name("a\(number)"), name: "A", provider: name("city"))
                try act.veto(name("a\(number)"), for: name("1"), reason: "x")
            }
        }
        #expect(
            try bench.refusal { try $0.veto(name("purse"), for: name("1"), reason: "x") } == "veto-too-many")
        #expect(
            try bench.refusal { try $0.veto(name("a0"), for: name("1"), reason: "another") } == nil)
    }
}
