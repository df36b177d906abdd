import CardCrypto
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

/// One command that writes, and how the off-card side gets back to where it can be sent.
struct TearsStep: Sendable {
    let position: [Act]
    let act: Act
    /// Where the new state is reached from, when that is not `position`, and what shows it.
    var proof: [Act]?

    /// Every command that writes, in an order in which each succeeds; `keys` are those that the card left the factory
    /// with.
    static func all(_ keys: RulesKeys) -> [TearsStep] {
        let issuer: [Act] = [.select(RulesNames.issuer), .open(keys)]
        func on(_ position: [Act], _ acts: [Act]) -> [TearsStep] {
            acts.map { TearsStep(position: position, act: $0) }
        }
        return on([.select(RulesNames.issuer)], [.open(keys)]) + on(issuer, content)
            + [
                TearsStep(
                    position: [.select(RulesNames.domain), .open(keys)], act: .putKeys(own),
                    proof: [.select(RulesNames.domain), .open(own), .putKeys(own)])
            ]
            + on(
                [.select(RulesNames.domain), .open(own)],
                [
                    .putKeys(second), .storeData("90", 0, "42031122334503445566"),
                    .putKeys(RulesKeys(version: 0x32, isAES: own.isAES, fill: 0x51), replacing: 0x32),
                    .deleteKey("D20132"),
                ])
            + [
                TearsStep(
                    position: [.select(RulesNames.domain), .open(own)],
                    act: .setStatus("40", "80", RulesNames.domain), proof: issuer + [.lock(RulesNames.domain)]
                )
            ]
            + on(issuer, [.unlock(RulesNames.domain)] + changes)
            + on(
                [.select(RulesNames.first)],
                [.raw("0012040500"), .raw("0014000500"), .raw("001A0F0000")])
            + on(issuer, removals)
    }

    private static let own = RulesKeys(version: 0x31, fill: 0x10)
    private static let second = RulesKeys(version: 0x32, fill: 0x90)

    private static func loading(_ aid: String, _ block: [UInt8]) -> Act {
        Act("load \(aid)") { host in
            let answer = try Act.forLoad(aid).run(host)
            return answer.hasSuffix("9000") ? try Act.load(RulesFiles.file(block)).run(host) : answer
        }
    }

    private static let content: [Act] = [
        loading(RulesNames.library, RulesFiles.library), loading(RulesNames.user, RulesFiles.user),
        loading(RulesNames.package, RulesFiles.applets), .forInstall(RulesNames.first),
        .forInstall(RulesNames.second, privileges: "040000", parameters: "C900EF04D8020200"),
        .forInstall(RulesNames.third, p1: "04"), .makeSelectable(RulesNames.third),
        Act("combined") { host in
            let name = "F052554C4599"
            let block = SampleCAP.block(
                name, applets: [name + "01"], imports: [RulesFiles.framework], methodBytes: 30)
            _ = try Act.install("0E", [name, "", "", "", ""], p2: "01").run(host)
            _ = try Act.load(RulesFiles.file(block)).run(host)
            return try Act.install("0E", [name, name + "01", name + "0A", "00", "C900", ""], p2: "03").run(
                host)
        },
        .domain(RulesNames.domain, privileges: "80C000"),
    ]

    private static let changes: [Act] = [
        .extradite(RulesNames.first, to: RulesNames.domain),
        .update(RulesNames.third, privileges: "120000", parameters: "EF04CB028101"),
        .extradite(RulesNames.package, to: RulesNames.domain), .lock(RulesNames.first),
        .unlock(RulesNames.first), .setStatus("60", "80", RulesNames.domain),
        .setStatus("60", "00", RulesNames.domain),
        .putKeys(version: 0x70, identifier: 1, values: [[UInt8](0...15)]),
        .storeData("90", 0, "5F500568747470734503010203"),
        Act("personalize") { host in
            _ = try Act.extradite(RulesNames.third, to: RulesNames.issuer).run(host)
            _ = try Act.personalize(RulesNames.third).run(host)
            return try Act.storeData("80", 0, "01020304").run(host)
        },
    ]

    private static let removals: [Act] = [
        .delete(RulesNames.second), .delete(RulesNames.package, related: true), .delete(RulesNames.user),
        .delete(RulesNames.library), .delete(RulesNames.domain), .update("", parameters: "EF03D90104"),
        .card("07"), .card("0F"), .card("7F"), .card("0F"), .card("FF"),
    ]
}

@Suite("Tears of every command at every write, over real secure channels", .mission(.point5))
struct TearsTests {
    private static let profiles: [(name: String, keys: RulesKeys)] = [
        ("javacard-80k", .factory), ("javacard-80k-predictable", .factory),
    ]

    /// What a step leads to, and how many writes it takes.
    struct Reference {
        let after: [[UInt8]]
        let writes: Int
        /// The card file before the step.
        let file: [UInt8]
    }

    @Test("leave the old state or the new one, and the command can be sent again", arguments: [0, 1])
    func memory(_ index: Int) throws {
        let (profile, keys) = Self.profiles[index]
        let steps = TearsStep.all(keys)
        let references = try reference(RulesHost(profile), steps, path: nil)
        var tears = 0
        for (number, step) in steps.enumerated() {
            for cut in Self.cuts(references[number].writes) {
                let host = try RulesHost(profile)
                for earlier in steps[..<number] { try perform(earlier, host) }
                try tear(host, step, cut, references[number])
                tears += 1
            }
        }
        #expect(tears > 200, "\(tears) tears")
    }

    @Test("leave the same in a card file")
    func file() throws {
        let profile = try #require(RulesHost.profiles["javacard-80k"])
        let steps = TearsStep.all(.factory)
        let whole = TemporaryFile.path("tears")
        let copy = TemporaryFile.path("torn")
        defer {
            TemporaryFile.remove(whole)
            TemporaryFile.remove(copy)
        }
        let host = RulesHost(
            try VirtualCard(
                creating: whole, profile: profile, environment: RulesHost.environment(),
                entropy: SeededEntropy(seed: [1])))
        let references = try reference(host, steps, path: whole)
        for (number, step) in steps.enumerated() {
            for cut in Self.cuts(references[number].writes) {
                TemporaryFile.write(references[number].file, copy)
                let before: [[UInt8]]
                do {
                    let host = RulesHost(try Self.open(copy))
                    before = try cutPower(host, step, cut)
                }
                let again = RulesHost(try Self.open(copy))
                try check(again, step, cut, before, references[number])
                TemporaryFile.remove(copy)
            }
        }
    }

    @Test("of the last bytes of a card file leave the state before, and nothing in between")
    func tail() throws {
        let path = TemporaryFile.path("tail")
        defer { TemporaryFile.remove(path) }
        let profile = try #require(RulesHost.profiles["javacard-80k"])
        var states: [[[UInt8]]] = []
        var sizes: [Int] = []
        do {
            let host = RulesHost(
                try VirtualCard(
                    creating: path, profile: profile, environment: RulesHost.environment(),
                    entropy: SeededEntropy(seed: [1])))
            for step in TearsStep.all(.factory)[1...4] {
                try perform(step, host)
                states.append(host.card.contents.fingerprint)
                sizes.append(TemporaryFile.read(path).count)
            }
        }
        let bytes = TemporaryFile.read(path)
        let (old, last) = (sizes[sizes.count - 2], sizes[sizes.count - 1])
        for length in old..<last {
            TemporaryFile.write(Array(bytes.prefix(length)), path)
            #expect(try Self.open(path).contents.fingerprint == states[states.count - 2], "cut at \(length)")
        }
        var refused = 0
        for index in Array(stride(from: 0, to: old, by: 7)) + Array(old..<last) {
            var damaged = bytes
            damaged[index] ^= 1 << UInt8(index % 8)
            TemporaryFile.write(damaged, path)
            // What was committed before is never lost silently; the last commit may be taken for a torn one.
            guard let card = try? Self.open(path) else {
                refused += 1
                continue
            }
            // A mark has thirteen bytes. Without the last mark but one, the last two commits look like one that
            // was torn.
            #expect(index >= old - 13, "a change at \(index) went unnoticed")
            let expected = states[states.count - (index < old ? 3 : 2)]
            #expect(card.contents.fingerprint == expected, "a change at \(index)")
        }
        #expect(refused > 100)
    }

    // MARK: One tear

    private static func open(_ path: String) throws -> VirtualCard {
        try VirtualCard(
            opening: path, environment: RulesHost.environment(), entropy: SeededEntropy(seed: [3]))
    }

    private static func cuts(_ writes: Int) -> [JournalStep] {
        writes == 0 ? [] : (1...writes).flatMap { [JournalStep.before($0), .after($0)] }
    }

    private func perform(_ step: TearsStep, _ host: RulesHost) throws {
        for act in step.position { _ = try act.run(host) }
        let answer = try step.act.run(host)
        #expect(answer.hasSuffix("9000"), "\(step.act.text) was answered \(answer)")
    }

    private func reference(_ host: RulesHost, _ steps: [TearsStep], path: String?) throws -> [Reference] {
        try steps.map { step in
            let file = path.map { TemporaryFile.read($0) } ?? []
            for act in step.position { _ = try act.run(host) }
            let writes = host.card.writeCount
            let answer = try step.act.run(host)
            #expect(answer.hasSuffix("9000"), "\(step.act.text) was answered \(answer)")
            return Reference(
                after: host.card.contents.withoutCounters.fingerprint,
                writes: host.card.writeCount - writes, file: file)
        }
    }

    /// Returns the state in which the command came.
    private func cutPower(_ host: RulesHost, _ step: TearsStep, _ cut: JournalStep) throws -> [[UInt8]] {
        for act in step.position { _ = try act.run(host) }
        let before = host.card.contents.fingerprint
        let first = host.card.writeCount
        host.card.onWrite = { moment in
            switch (moment, cut) {
            case (.before(let number), .before(let wanted)), (.after(let number), .after(let wanted)):
                number - first == wanted ? .cut : .goOn
            case (.before, .after), (.after, .before): .goOn
            }
        }
        _ = try step.act.run(host)
        #expect(!host.card.isPowered, "\(step.act.text), \(cut): the power is still on")
        #expect(host.raw([0x80, 0xCA, 0x9F, 0x7F, 0x00]).isEmpty)
        host.card.onWrite = nil
        return before
    }

    private func tear(_ host: RulesHost, _ step: TearsStep, _ cut: JournalStep, _ reference: Reference) throws
    {
        let before = try cutPower(host, step, cut)
        host.reset()
        try check(host, step, cut, before, reference)
    }

    private func check(
        _ host: RulesHost, _ step: TearsStep, _ cut: JournalStep, _ before: [[UInt8]], _ reference: Reference
    ) throws {
        let comment = "\(step.act.text), \(cut)"
        let now = host.card.contents
        let isNew = now.withoutCounters.fingerprint == reference.after
        let isOld = now.fingerprint == before
        // An act of several commands may stand between two of them; each by itself is old or new.
        #expect(isOld || isNew || step.act.text == "personalize", "\(comment): neither old nor new")
        #expect(cut != .after(reference.writes) || isNew, "\(comment): the last write was lost")
        var again = step.position + [step.act]
        if isNew, !isOld, let proof = step.proof { again = proof }
        for act in again.dropLast() { _ = try act.run(host) }
        let status = String(try (again.last ?? step.act).run(host).suffix(4))
        if isNew, !isOld {
            #expect(
                ["9000", "6985", "6A88", "6A80", "6A82", "6999"].contains(status), "\(comment): \(status)")
        } else {
            #expect(status == "9000", "\(comment), again: \(status)")
        }
        #expect(host.card.contents.withoutCounters.fingerprint == reference.after, "\(comment), again")
        #expect(host.card.freeMemory.nonVolatile >= 0)
    }
}
