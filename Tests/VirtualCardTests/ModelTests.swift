import CardCrypto
import GlobalPlatform
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("A card and its reference model, over real secure channels")
struct ModelTests {
    /// `BERTH_MODEL_SEED` replays one sequence.
    static let seeds: [UInt64] =
        ProcessInfo.processInfo.environment["BERTH_MODEL_SEED"].flatMap { UInt64($0) }.map { [$0] }
        ?? (1...12).map { 0x5EED_0000 + $0 }
    static let stepsPerSeed = 1200

    @Test(
        "agree on every answer, entry, life cycle and byte after every command", .mission(.a3),
        .mission(.point7), arguments: seeds)
    func agree(_ seed: UInt64) throws {
        var run = try ModelRun(seed: seed)
        for number in 0..<Self.stepsPerSeed {
            let step = try run.step()
            let comment = "BERTH_MODEL_SEED=\(seed), step \(number): \(step.wish), answered \(step.answer)"
            let isRight =
                step.reasons.isEmpty ? step.answer == "9000" : step.reasons.contains(step.answer)
            #expect(isRight, "\(comment), not \(step.reasons.isEmpty ? ["9000"] : step.reasons.sorted())")
            #expect(run.host.card.contents.pictured == run.model.pictured, "\(comment)")
            #expect(run.host.card.freeMemory.nonVolatile == run.model.free, "\(comment)")
            let reported = try run.reported()
            #expect(reported == run.model.free, "\(comment): FF21 says \(reported)")
            guard isRight, reported == run.model.free else { return }
        }
        // A sequence that is always refused, or never, shows nothing.
        #expect(run.granted > Self.stepsPerSeed / 10, "seed \(seed): \(run.granted) granted")
        #expect(run.seen.count >= 5, "seed \(seed): \(run.seen)")
    }
}

/// One sequence: random wishes, carried out on the card and on the model.
private struct ModelRun {
    struct Step {
        let wish: String
        let reasons: ModelCard.Reasons
        let answer: String
    }

    static let applications: UInt8 = 1
    static let observer: UInt8 = 2
    static let profile: CardProfile? = CardProfile.builtInTexts.first { $0.name == "javacard-80k" }.flatMap {
        try? CardProfile(
            text: $0.text.split(separator: "\n").map { line in
                line.hasPrefix("non-volatile =") ? "non-volatile = \(ModelCard.total)" : String(line)
            }.joined(separator: "\n"))
    }

    let host: RulesHost
    var model = ModelCard(
        blockBytes: Dictionary(
            uniqueKeysWithValues: ModelCard.Package.allCases.map { ($0, $0.block.count) }))
    var random: SeededGenerator
    var granted = 0
    var seen: [String: Int] = [:]

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        host = RulesHost(
            VirtualCard(
                profile: try #require(Self.profile), environment: RulesHost.environment(),
                entropy: SeededEntropy(seed: [UInt8(truncatingIfNeeded: seed)])))
        try begin(.issuer)
        openChannels()
    }

    mutating func step() throws -> Step {
        // A reset of a locked card leaves only the basic channel.
        openChannels()
        let step = try wish()
        if step.reasons.isEmpty { granted += 1 }
        seen[step.answer, default: 0] += 1
        return step
    }

    /// What FF21 says: on a channel of its own, or through the session.
    func reported() throws -> Int {
        var answer = host.exchange(RulesBytes.decode("82CAFF2100"))
        if answer.count == 2 { answer = host.send(Act.command("80CAFF21", "")) }
        guard answer.count > 2, let object = try? BERTLV.readOne(answer.dropLast(2)) else {
            // A domain that locked itself answers nothing: then the card is asked directly.
            return host.card.freeMemory.nonVolatile
        }
        return try CardResources(value: object.value).freeNonVolatile
    }

    // MARK: Sessions

    private mutating func openChannels() {
        guard model.isOpen else { return }
        for _ in 0..<2 where host.card.session?.channels[2] == nil { _ = host.exchange([0, 0x70, 0, 0, 1]) }
    }

    private func keys(of owner: ModelCard.Owner) -> RulesKeys {
        let holder = model.ancestors(owner).first { $0 == .issuer || model.domains[$0]?.hasKeys == true }
        switch holder {
        case .first: return RulesKeys(version: 0x31, fill: 0x10)
        case .second: return RulesKeys(version: 0x32, fill: 0x90)
        case .issuer, nil: return .factory
        }
    }

    /// Selects a domain and opens a session at a random level.
    private mutating func begin(_ owner: ModelCard.Owner) throws {
        let level = [0x01, 0x03, 0x11, 0x33].randomElement(using: &random) ?? 0x01
        let selected = host.select(owner.name).suffix(2).hex
        let wanted = model.isOpen ? "9000" : "6283"
        #expect(selected == wanted, "selecting \(owner)")
        let opened = try host.open(keys(of: owner), level: UInt8(level)).hex
        #expect(opened == "9000", "opening a session with \(owner): \(opened)")
        model.actor = owner
    }

    private mutating func status(_ act: Act) throws -> String { String(try act.run(host).suffix(4)) }

    // MARK: Wishes

    private mutating func wish() throws -> Step {
        let number = Int.random(in: 1...5, using: &random)
        let name = ModelCard.name(number)
        let package = ModelCard.Package.allCases.randomElement(using: &random) ?? .library
        let owner = ModelCard.Owner.allCases.randomElement(using: &random) ?? .issuer
        let domain: ModelCard.Owner = Bool.random(using: &random) ? .first : .second
        let flag = Bool.random(using: &random)
        switch Int.random(in: 0..<24, using: &random) {
        case 0...2:
            let answer = try load(package, for: owner)
            return Step(
                wish: "load \(package) for \(owner)", reasons: model.load(package, for: owner), answer: answer
            )
        case 3...5: return try install(number, package, isSelectable: flag)
        case 6:
            return Step(
                wish: "make \(number) selectable", reasons: model.makeSelectable(number),
                answer: try status(.makeSelectable(name)))
        case 7, 8:
            return Step(
                wish: "lock \(number): \(flag)", reasons: model.setLock(number, flag),
                answer: try status(flag ? .lock(name) : .unlock(name)))
        case 9: return try lock(domain, flag)
        case 10: return try card()
        case 11, 12:
            return Step(
                wish: "delete \(number)", reasons: model.delete(number), answer: try status(.delete(name)))
        case 13:
            return Step(
                wish: "delete \(package), related: \(flag)",
                reasons: model.delete(package, withRelated: flag),
                answer: try status(.delete(package.name, related: flag)))
        case 14:
            let reasons = model.delete(domain)
            return Step(
                wish: "delete \(domain)", reasons: reasons, answer: try status(.delete(domain.name)))
        case 15...17: return try extradite(number, package, domain, to: owner)
        case 18: return try create(domain)
        case 19: return try putKeys(domain)
        case 20, 21: return try grow(number, flag)
        case 22: return try changeActor(domain)
        default: return try disturb()
        }
    }

    private mutating func load(_ package: ModelCard.Package, for owner: ModelCard.Owner) throws -> String {
        let first = try status(.forLoad(package.name, domain: owner == model.actor ? "" : owner.name))
        guard first == "9000" else { return first }
        return try status(.load(RulesFiles.file(package.block)))
    }

    private mutating func install(
        _ number: Int, _ package: ModelCard.Package, isSelectable: Bool
    ) throws -> Step {
        func amount(_ random: inout SeededGenerator) -> Int? {
            Int.random(in: 0..<3, using: &random) == 0 ? Int.random(in: 1...12, using: &random) * 128 : nil
        }
        let (reserve, quota) = (amount(&random), amount(&random))
        var system = ""
        if let quota { system += "C802" + UInt16(quota).hex }
        if let reserve { system += "D802" + UInt16(reserve).hex }
        let answer = try status(
            .forInstall(
                ModelCard.name(number), package: package.name, module: package.module,
                parameters: "C900" + (system.isEmpty ? "" : RulesBytes.tlv("EF", system)),
                p1: isSelectable ? "0C" : "04"))
        let reasons = model.install(
            number, of: package, reserve: reserve, quota: quota, isSelectable: isSelectable)
        return Step(
            wish: "install \(number) of \(package), reserve \(reserve ?? 0), quota \(quota ?? 0)",
            reasons: reasons, answer: answer)
    }

    private mutating func lock(_ domain: ModelCard.Owner, _ isLocking: Bool) throws -> Step {
        // A domain that is LOCKED keeps its state below the lock bit; its own request names PERSONALIZED.
        let p2 = isLocking ? "80" : domain == model.actor ? "07" : "00"
        let step = Step(
            wish: "lock \(domain): \(isLocking)", reasons: model.setLock(domain, isLocking),
            answer: try status(.setStatus("40", p2, domain.name)))
        return step
    }

    private mutating func card() throws -> Step {
        let state = ([0x01, 0x07, 0x0F, 0x7F] as [UInt8]).randomElement(using: &random) ?? 0x07
        // A locked card is unlocked more often than chance would have it.
        let wanted = !model.isOpen && Bool.random(using: &random) ? 0x0F : state
        return Step(
            wish: "card to \(wanted.hex)", reasons: model.setCard(wanted),
            answer: try status(.card(wanted.hex)))
    }

    private mutating func extradite(
        _ number: Int, _ package: ModelCard.Package, _ domain: ModelCard.Owner, to target: ModelCard.Owner
    ) throws -> Step {
        switch Int.random(in: 0..<3, using: &random) {
        case 0:
            return Step(
                wish: "extradite \(number) to \(target)", reasons: model.extradite(number, to: target),
                answer: try status(.extradite(ModelCard.name(number), to: target.name)))
        case 1:
            return Step(
                wish: "extradite \(package) to \(target)", reasons: model.extradite(package, to: target),
                answer: try status(.extradite(package.name, to: target.name)))
        default:
            return Step(
                wish: "extradite \(domain) to \(target)", reasons: model.extradite(domain, to: target),
                answer: try status(.extradite(domain.name, to: target.name)))
        }
    }

    private mutating func create(_ domain: ModelCard.Owner) throws -> Step {
        Step(
            wish: "create \(domain)", reasons: model.create(domain),
            answer: try status(.domain(domain.name, privileges: "80C000")))
    }

    private mutating func putKeys(_ domain: ModelCard.Owner) throws -> Step {
        let above = model.ancestors(domain).dropFirst().first {
            $0 == .issuer || model.domains[$0]?.hasKeys == true
        }
        guard model.isOpen, let entry = model.domains[domain], !entry.hasKeys, !entry.isLocked,
            let above, model.domains[above]?.isLocked != true
        else { return try disturb() }
        try begin(domain)
        let own = RulesKeys(
            version: domain == .first ? 0x31 : 0x32, fill: domain == .first ? 0x10 : 0x90)
        let answer = try status(.putKeys(own))
        let reasons = model.putKeys(domain)
        try begin(domain)
        return Step(wish: "keys for \(domain)", reasons: reasons, answer: answer)
    }

    /// On a channel of its own, so that the session of the actor stands.
    private mutating func grow(_ number: Int, _ isGrowing: Bool) throws -> Step {
        guard model.isOpen, let app = model.apps[number], app.package == .applets, app.lifeCycle == 0x07
        else {
            return try disturb()
        }
        let object = UInt8.random(in: 5...8, using: &random)
        let blocks = UInt8.random(in: 1...24, using: &random)
        #expect(host.select(ModelCard.name(number), channel: Self.applications).suffix(2) == [0x90, 0x00])
        defer { _ = host.select(RulesNames.issuer, channel: Self.applications) }
        if isGrowing {
            return Step(
                wish: "grow \(number) by \(Int(blocks) * 64)",
                reasons: model.grow(number, object, by: Int(blocks) * 64),
                answer: host.exchange([Self.applications, 0x12, blocks, object, 0x00]).hex)
        }
        model.apps[number]?.objects[object] = nil
        return Step(
            wish: "shrink \(number)", reasons: [],
            answer: host.exchange([Self.applications, 0x14, 0x00, object, 0x00]).hex)
    }

    private mutating func changeActor(_ domain: ModelCard.Owner) throws -> Step {
        let isUsable = model.isOpen && model.isOperational(domain)
        try begin(isUsable && Bool.random(using: &random) ? domain : .issuer)
        return Step(wish: "speak for \(model.actor)", reasons: [], answer: "9000")
    }

    /// Resets, spoiled MACs, commands in clear: nothing may come of them.
    private mutating func disturb() throws -> Step {
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            host.reset()
            try begin(.issuer)
            openChannels()
            return Step(wish: "reset", reasons: [], answer: "9000")
        case 1:
            let answer = try status(.send("80E40000", "4F07" + ModelCard.name(1), altered: true))
            try begin(.issuer)
            return Step(wish: "a wrong MAC", reasons: ["6982"], answer: answer)
        case 2:
            let answer = host.exchange(host.lastSent)
            try begin(.issuer)
            openChannels()
            // What came last may be a command that needs no session: then it is only not to change anything.
            let status = answer.suffix(2).hex
            return Step(wish: "the last command again", reasons: [status], answer: status)
        default:
            let ins = ([0xE6, 0xE4, 0xE8, 0xF0, 0xD8, 0xE2] as [UInt8]).randomElement(using: &random) ?? 0xE4
            let data = random.bytes(Int.random(in: 1...40, using: &random))
            let header = [0x80 | (model.isOpen ? Self.observer : 0), ins] + random.bytes(2)
            let answer = host.exchange(header + [UInt8(data.count)] + data).suffix(2).hex
            if !model.isOpen { try begin(.issuer) }
            // The first part of a chain may be taken before its MAC has come (§11.1.5.1).
            let isChain = header[2] & 0x80 != 0 && [0xE6, 0xE4, 0xD8].contains(ins)
            return Step(
                wish: "noise for \(ins.hex)",
                reasons: isChain ? ["6982", "6985", "6A86", "9000"] : ["6982", "6985", "6A86"], answer: answer
            )
        }
    }
}

extension ModelCard {
    static func name(_ number: Int) -> String { "F052554C450A0" + String(number) }

    /// One line for each entry.
    var pictured: [String] {
        let apps = apps.map { number, app in
            let limits = "\(app.reserve ?? -1)/\(app.quota ?? -1)"
            return "\(Self.name(number)) \(app.lifeCycle.hex) \(app.domain.name) \(limits)"
        }
        let packages = packages.map { "\($0.key.name) of \($0.value.name)" }
        let domains = domains.map { "\($0.key.name) \($0.value.lifeCycle.hex) \($0.value.parent.name) -1/-1" }
        return (apps + packages + domains + ["card \(card.hex)"]).sorted()
    }
}

extension ModelCard.Owner {
    var name: String { [RulesNames.issuer, RulesNames.domain, RulesNames.otherDomain][rawValue] }
}

extension ModelCard.Package {
    var name: String { [RulesNames.library, RulesNames.package, RulesNames.user][rawValue] }
    var module: String { ["F052554C45F001", RulesNames.module, RulesNames.userModule][rawValue] }
    var block: [UInt8] { Self.blocks[rawValue] }

    private static let blocks = allCases.map { package in
        SampleCAP.block(
            package.name, applets: package.hasModule ? [package.module] : [],
            imports: [RulesFiles.framework]
                + (package == .user ? [SampleCAP.package(RulesNames.library, major: 1, minor: 0)] : []),
            methodBytes: package.methodBytes)
    }
}

extension CardState {
    fileprivate var pictured: [String] {
        let entries = applications.dropFirst().map { entry in
            let limits =
                "\(entry.limits.nonVolatileReserved.map(Int.init) ?? -1)/"
                + "\(entry.limits.nonVolatileQuota.map(Int.init) ?? -1)"
            return
                "\(entry.aid.bytes.hex) \(entry.lifeCycle.rawValue.hex) \(entry.domain.bytes.hex) \(limits)"
        }
        let files = loadFiles.filter { $0.code != nil }.map {
            "\($0.aid.bytes.hex) of \($0.domain.bytes.hex)"
        }
        return (entries + files + ["card \(card.lifeCycle.rawValue.hex)"]).sorted()
    }
}
