import CardCrypto
import GlobalPlatform
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

/// What stands in docs/reference/elf-upgrade.md, each line a row.
extension Rules {
    static let upgrades: [Rule] = upgradeFacts + upgradeRefusals

    private static func upgrade(
        _ clause: String, _ situation: String, _ given: [Act], disregarding: [Act] = [], _ when: Act,
        _ then: String
    ) -> Rule {
        Rule(
            "Amendment H, " + clause, situation, on: Upgrade.profile, given, disregarding: disregarding, when,
            then)
    }

    private static let upgradeFacts: [Rule] = [
        upgrade(
            "status", "a card on which nothing was upgraded", Act.issuer, Upgrade.status, Upgrade.nothing),
        upgrade(
            "recognition", "tag 89 says that the card can", Act.issuer, .getData("0066"), "~890101"),
        upgrade(
            "start", "the old code goes, the card waits for the new", Upgrade.ready, Upgrade.start(),
            Upgrade.told("02")),
        upgrade(
            "start", "an upgrade without instances", Act.issuer + Upgrade.load(0), Upgrade.start(),
            Upgrade.told("02")),
        upgrade(
            "status", "is the same without a change", Upgrade.waiting, Upgrade.status, Upgrade.told("02")),
        upgrade(
            "resume", "while a load file is awaited it waits on", Upgrade.waiting, Upgrade.resume,
            Upgrade.told("02")),
        upgrade(
            "loading", "the new code waits to take the data over", Upgrade.waiting + Upgrade.load(1),
            Upgrade.status, Upgrade.told("03")),
        upgrade(
            "restoring", "resume leads to the end", Upgrade.waiting + Upgrade.load(1), Upgrade.resume,
            Upgrade.told("01")),
        upgrade(
            "status", "the last upgrade is told until the next",
            Upgrade.waiting + Upgrade.load(1) + [Upgrade.resume],
            Upgrade.status, Upgrade.told("01")),
        upgrade(
            "start", "a second upgrade after the first",
            Upgrade.waiting + Upgrade.load(1) + [Upgrade.resume], Upgrade.start(), Upgrade.told("02")),
        upgrade(
            "recovery", "new code that stands already goes again", Upgrade.waiting + Upgrade.load(1),
            Upgrade.recovery, Upgrade.told("02")),
        upgrade(
            "recovery", "the old code comes back",
            Upgrade.waiting + Upgrade.load(1) + [Upgrade.recovery] + Upgrade.load(0),
            Upgrade.resume, Upgrade.told("01")),
        upgrade(
            "recovery", "while a load file is awaited", Upgrade.waiting, Upgrade.recovery, Upgrade.told("02")),
        upgrade(
            "resume", "without an upgrade there is nothing to resume", Upgrade.ready, Upgrade.resume,
            Upgrade.nothing),
        upgrade(
            "registry", "an application whose code is exchanged is not there", Upgrade.waiting,
            .select(Upgrade.one), "6A82"),
    ]

    private static let upgradeRefusals: [Rule] = [
        Rule(
            "Amendment H", "a card that does not know it", Act.loaded, .send("80EA0800"), "6D00"),
        upgrade("security", "without a session", [.select(RulesNames.issuer)], Upgrade.status, "6982"),
        upgrade("P1", "an action that is none", Act.issuer, .send("80EA0500"), "6A86"),
        upgrade("P2", "is zero", Act.issuer, .send("80EA0801"), "6A86"),
        upgrade("data", "only start has any", Upgrade.waiting, .send("80EA0200", "A100"), "6700"),
        upgrade("data", "start without a name", Upgrade.ready, .send("80EA0100", "A100"), "6A80"),
        upgrade(
            "data", "start with another template", Upgrade.ready, .send("80EA0100", "4F06" + Upgrade.package),
            "6A80"),
        upgrade("options", "none is known", Upgrade.ready, Upgrade.start(options: "800101"), "6A80"),
        upgrade("start", "a load file that is not there", Act.issuer, Upgrade.start(), "6A88"),
        upgrade(
            "start", "one that is in read-only memory", Act.issuer, Upgrade.start(RulesNames.domainPackage),
            "6A88"),
        upgrade("start", "a second one while the first is open", Upgrade.waiting, Upgrade.start(), "6985"),
        upgrade(
            "start", "code without the interface",
            Act.issuer + Act.loading(Upgrade.package, Upgrade.block(0, isUpgradable: false))
                + [.forInstall(Upgrade.one, package: Upgrade.package, module: Upgrade.module)],
            Upgrade.start(), "6985"),
        upgrade(
            "start", "a library that others import", Act.withLibrary, Upgrade.start(RulesNames.library),
            "6985"),
        upgrade(
            "start", "a load that is not finished", Upgrade.ready + [.forLoad(RulesNames.package)],
            Upgrade.start(), "6985"),
        upgrade(
            "start", "an instance that is selected on another channel",
            Upgrade.ready + [.openChannel, .select(Upgrade.one, 1)], Upgrade.start(), "6985"),
        upgrade(
            "start", "a domain that may not delete the code",
            Upgrade.ready + Act.ownDomain(privileges: "80C000"), Upgrade.start(), "6985"),
        upgrade("abort", "nothing to give up", Upgrade.ready, Upgrade.abort, "6985"),
        upgrade(
            "abort", "once the old code is gone the data would be lost", Upgrade.waiting, Upgrade.abort,
            "6985"),
        upgrade("recovery", "nothing to recover", Upgrade.ready, Upgrade.recovery, "6985"),
        upgrade(
            "recovery", "what is over", Upgrade.waiting + Upgrade.load(1) + [Upgrade.resume],
            Upgrade.recovery, "6985"),
        upgrade("loading", "another load file", Upgrade.waiting, .forLoad(RulesNames.package), "6985"),
        upgrade(
            "loading", "when it is not awaited", Upgrade.waiting + Upgrade.load(1), .forLoad(Upgrade.package),
            "6985"),
        upgrade(
            "content", "no other deletion", Act.withLibrary + Upgrade.ready + [Upgrade.start()],
            .delete(RulesNames.user), "6985"),
        upgrade(
            "content", "no other installation", Act.loaded + Upgrade.ready + [Upgrade.start()],
            .forInstall(RulesNames.first), "6985"),
        upgrade(
            "content", "the name of an instance stays taken", Upgrade.waiting + Upgrade.load(1),
            .forInstall(Upgrade.one, package: Upgrade.package, module: Upgrade.module), "6985"),
        upgrade(
            "content", "the issuer domain keeps its name", Upgrade.waiting,
            .storeData("90", 0, "4F08A0000001510000FF"), "6985"),
        upgrade(
            "life cycle", "a locked card", Upgrade.ready + [.card("07"), .card("0F"), .card("7F")],
            Upgrade.start(), "6985"),
    ]
}

@Suite("Upgrades of load files in place (Amendment H)", .mission(.point1), .mission(.point5))
struct UpgradeTests {
    private func run(_ acts: [Act], _ host: RulesHost) throws {
        for act in acts {
            let answer = try act.run(host)
            #expect(answer.hasSuffix("9000"), "\(act.text) was answered \(answer)")
        }
    }

    /// What an instance says: version of its code, its word, the version that the word came from.
    private func word(_ aid: String, _ host: RulesHost) throws -> String {
        _ = try Act.select(aid).run(host)
        return try Act.raw("8012000006").run(host)
    }

    @Test("every instance keeps its data, privileges, domain and place, in new code")
    func kept() throws {
        let host = try Upgrade.host()
        try run(Upgrade.both + [.lock(Upgrade.two)], host)
        let before = host.card.contents.applications
        try run([Upgrade.start()] + Upgrade.load(3) + [Upgrade.resume], host)
        let after = host.card.contents.applications
        #expect(try word(Upgrade.one, host) == "0103CAFE01009000")
        try run(Act.issuer + [.unlock(Upgrade.two)], host)
        #expect(try word(Upgrade.two, host) == "0103BEEF01009000")
        #expect(after.map(\.aid) == before.map(\.aid))
        #expect(after.map(\.lifeCycle) == before.map(\.lifeCycle))
        #expect(after.map(\.privileges) == before.map(\.privileges))
        #expect(host.card.contents.upgrade?.saved == [], "nothing is kept beside the instances")
    }

    @Test("an application that refuses to hand its data over leaves everything as it was")
    func refusedSaving() throws {
        var program = WordProgram()
        program.refusesSaving = 0
        let host = try Upgrade.host(program)
        try run(Upgrade.both, host)
        let before = host.card.contents
        #expect(try Upgrade.start().run(host) == "6A84")
        #expect(host.card.contents == before)
        #expect(try Upgrade.status.run(host) == Upgrade.nothing)
        #expect(try word(Upgrade.two, host) == "0100BEEF00009000")
    }

    @Test("new code that refuses the data is given up, and the old code has them again")
    func refusedRestoring() throws {
        var program = WordProgram()
        program.refusesRestoring = 1
        let host = try Upgrade.host(program)
        try run(Upgrade.both + [Upgrade.start()] + Upgrade.load(1), host)
        let free = host.card.freeMemory
        #expect(try Upgrade.resume.run(host) == Upgrade.told("04"))
        #expect(host.card.freeMemory == free, "no half instance takes room")
        #expect(try Upgrade.resume.run(host) == Upgrade.told("04"))
        try run([Upgrade.recovery] + Upgrade.load(0) + [Upgrade.resume], host)
        #expect(try word(Upgrade.one, host) == "0100CAFE01009000")
        try run(Act.issuer + [Upgrade.start()] + Upgrade.load(2) + [Upgrade.resume], host)
        #expect(try word(Upgrade.two, host) == "0102BEEF01009000")
    }

    @Test("the room of what is saved is counted, and a card without it refuses before anything happened")
    func room() throws {
        let host = try Upgrade.host()
        try run(Upgrade.ready, host)
        let before = host.card.freeMemory.nonVolatile
        try run([Upgrade.start()], host)
        let waiting = host.card.freeMemory.nonVolatile
        try run(Upgrade.load(0) + [Upgrade.resume], host)
        #expect(host.card.freeMemory.nonVolatile == before)
        // Gone: code, its module, the instance and its objects. There: one element of two bytes.
        #expect(waiting > before)
        let full = try Upgrade.host()
        try run(Upgrade.ready, full)
        try run(
            [
                .domain(
                    RulesNames.domain,
                    parameters: "C900EF06D804" + UInt32(full.card.freeMemory.nonVolatile).bigEndianBytes.hex)
            ], full)
        #expect(full.card.freeMemory.nonVolatile == 0)
        let contents = full.card.contents
        #expect(try Upgrade.start().run(full) == "6A84")
        #expect(full.card.contents == contents)
    }

    // MARK: Tears

    /// From the first command to the last; each may be sent again from where the card says it is.
    private static let script: [Act] = [Upgrade.start()] + Upgrade.load(1) + [Upgrade.resume]

    /// Whatever the card says, this leads on.
    private func finish(_ host: RulesHost) throws -> String {
        _ = try Act.select(RulesNames.issuer).run(host)
        _ = try Act.open().run(host)
        // Bounded: each round leads to a later state.
        for _ in 0..<8 {
            let answer = try Upgrade.status.run(host)
            switch answer {
            case Upgrade.told("01"): return answer
            case Upgrade.nothing: try run([Upgrade.start()], host)
            case Upgrade.told("02"): try run(Upgrade.load(1), host)
            default: try run([Upgrade.resume], host)
            }
        }
        return "without end"
    }

    @Test(
        "torn at every write, in a card file, the card says where it is and goes on from there",
        arguments: [false, true])
    func tears(checkpoints: Bool) throws {
        var program = WordProgram()
        program.checkpoints = checkpoints
        var states: Set<String> = []
        var tears = 0
        let (whole, copy) = (TemporaryFile.path("upgrade"), TemporaryFile.path("upgrading"))
        defer { TemporaryFile.remove(whole) }
        do {
            let profile = try #require(RulesHost.profiles[Upgrade.profile])
            let host = RulesHost(
                try VirtualCard(
                    creating: whole, profile: profile, environment: try Upgrade.environment(program),
                    entropy: SeededEntropy(seed: [1])))
            try run(Upgrade.both, host)
        }
        let bytes = TemporaryFile.read(whole)
        for point in 1...200 {
            var isTorn = false
            for isAfter in [false, true] {
                TemporaryFile.write(bytes, copy)
                defer { TemporaryFile.remove(copy) }
                do {
                    let host = RulesHost(try Self.open(copy, program))
                    let first = host.card.writeCount
                    host.card.onWrite = { moment in
                        switch moment {
                        case .before(let number): !isAfter && number - first == point ? .cut : .goOn
                        case .after(let number): isAfter && number - first == point ? .cut : .goOn
                        }
                    }
                    for act in Act.issuer + Self.script where host.card.isPowered { _ = try act.run(host) }
                    isTorn = isTorn || !host.card.isPowered
                }
                let host = RulesHost(try Self.open(copy, program))
                states.insert(host.card.contents.upgrade.map { $0.state.rawValue.hex } ?? "none")
                #expect(try finish(host) == Upgrade.told("01"), "\(point), \(isAfter)")
                #expect(try word(Upgrade.one, host) == "0101CAFE01009000", "\(point), \(isAfter)")
                #expect(try word(Upgrade.two, host) == "0101BEEF01009000", "\(point), \(isAfter)")
                tears += 1
            }
            guard isTorn else { break }
        }
        #expect(tears >= 40, "\(tears)")
        #expect(
            states == ["none", "01", "02", "03", "10", "20", "30", "40", "50", "60"], "\(states.sorted())")
    }

    @Test("wherever it was torn, it can be turned back instead, and the old code has its data")
    func recoveries() throws {
        for point in 1...200 {
            let host = try Upgrade.host()
            try run(Upgrade.both, host)
            let first = host.card.writeCount
            host.card.onWrite = { $0 == .before(first + point) ? .cut : .goOn }
            for act in Self.script where host.card.isPowered { _ = try act.run(host) }
            host.card.onWrite = nil
            guard !host.card.isPowered else { break }
            host.reset()
            try run(Act.issuer, host)
            if host.card.contents.openUpgrade != nil {
                let answer = try Upgrade.recovery.run(host)
                if answer == Upgrade.told("02") { try run(Upgrade.load(0) + [Upgrade.resume], host) }
            }
            let version = host.card.contents.upgrade?.state == .completed ? "0100" : "0000"
            #expect(try word(Upgrade.one, host) == "0100CAFE" + version + "9000", "\(point)")
            #expect(try word(Upgrade.two, host) == "0100BEEF" + version + "9000", "\(point)")
        }
    }

    private static func open(_ path: String, _ program: WordProgram) throws -> VirtualCard {
        try VirtualCard(
            opening: path, environment: try Upgrade.environment(program), entropy: SeededEntropy(seed: [3]))
    }

    // MARK: The example applications

    @Test(
        "the examples keep balances, counters and tries",
        arguments: [ExampleApplication.purse, .pass, .identity])
    func examples(_ example: ExampleApplication) throws {
        let profile = try #require(RulesHost.profiles[Upgrade.profile])
        let host = RulesHost(
            VirtualCard(
                profile: profile,
                environment: CardEnvironment(
                    channels: StandardChannels(), authority: StandardAuthority(),
                    runtimes: [ExampleApplications.runtime]), entropy: SeededEntropy(seed: [1])))
        func load(_ minor: UInt8) throws -> [Act] {
            let block = try CAPFile(example.upgradableCAPFile(minorVersion: minor)).loadFileDataBlock()
            return Act.loading(example.loadFile.bytes.hex, block)
        }
        let (file, module) = (example.loadFile.bytes.hex, example.module.bytes.hex)
        try run(Act.issuer + load(0) + [.forInstall(module, package: file, module: module)], host)
        if example == .purse {
            try run(
                Act.issuer(0x33) + [
                    .personalize(module),
                    .storeData("90", 0, "E11FC1020978C204000186A0C304000186A0C40400000BB8C60101C50431323334"),
                    .select(module), .raw("8032000004000003E8"),
                ] + Act.issuer, host)
        }
        let before = try #require(host.card.parking(of: example.module))
        try run([Upgrade.start(file)], host)
        #expect(host.card.parking(of: example.module) == before, "the card keeps it")
        try run(try load(1) + [Upgrade.resume], host)
        #expect(host.card.parking(of: example.module) == before)
        #expect(host.card.contents.loadFile(example.loadFile)?.version == [1, 1])
        _ = try Act.select(module).run(host)
        if example == .purse { #expect(try Act.raw("8030000000").run(host).contains("000003E8")) }
    }

    @Test("what is frozen for parking is not upgraded: its data are on their way")
    func frozen() throws {
        let bench = try ApplicationsBench(profile: Upgrade.profile)
        let block = try CAPFile(ExampleApplication.pass.upgradableCAPFile(minorVersion: 0))
            .loadFileDataBlock()
        bench.manage()
        bench.bench.must(Step.load(ExampleApplication.pass.loadFile.bytes.hex, block))
        bench.bench.must([ApplicationsBench.installation(.pass)])
        bench.store(.pass, "E210C1081122334455667788C20470000000")
        #expect(try bench.park(.pass, .freeze(2)).result == .done)
        bench.manage()
        let start = ELFUpgradeRequest(ExampleApplication.pass.loadFile).data.hex
        #expect(bench.bench.send("80EA0100" + start.counted + "00") == "6985")
        try bench.park(.pass, .thaw(2))
        bench.manage()
        #expect(bench.bench.send("80EA0100" + start.counted + "00").hasSuffix("9000"))
    }
}
