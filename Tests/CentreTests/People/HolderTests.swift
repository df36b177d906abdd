import CardCrypto
import Centre
import SmartCard
import Storage
import TestSupport
import Testing

@Suite("The register of holders", .mission(.c8))
struct HolderTests {
    @Test("a holder is kept with everything that row C8 names")
    func register() throws {
        let bench = try PeopleBench()
        try bench.addCard("0A", expiry: "2027-05-31")
        try bench.addProvider("city")
        try bench.addApplication("purse", of: "city")
        let verifier = try PeopleBench.verifier("correct horse", bench.entropy)
        try bench.act {
            try $0.registerHolder(
                name("4711"),
                HolderDetails(name: "Ada", birthDate: day("1990-02-28"), address: "1 Main St"),
                password: verifier)
            try $0.permitIssue(for: name("4711"), from: day("2026-03-01"), through: day("2026-03-31"))
            try $0.assignCard(name("0A"), to: name("4711"))
            try $0.setUse(of: name("purse"), by: name("4711"), isUsed: true)
        }
        let holder = try bench.holder("4711")
        #expect(
            holder
                == Holder(
                    number: name("4711"), name: "Ada", birthDate: day("1990-02-28"), address: "1 Main St",
                    passwordVerifier: verifier.bytes,
                    issuePermission: .from(day("2026-03-01"), through: day("2026-03-31")), issueCount: 1,
                    card: name("0A"), cardExpiry: day("2027-05-31")))
        let card = try bench.card("0A")
        #expect(card.holder == name("4711") && card.issueNumber == 1)
        let flags = try bench.act { try $0.useFlags(of: name("4711")) }
        #expect(
            flags == [
                UseFlag(
                    holder: name("4711"), application: name("purse"), isUsed: true, changedAt: bench.clock.now
                )
            ])
        #expect(
            try bench.all(AuditEntry.self).filter { $0.subject.contains("4711") }.map(\.kind) == [
                "holder.registered", "holder.issue-permitted", "holder.uses",
            ])
    }

    /// Everything is there to be refused: a holder, a card of the holder's, a free card, an application.
    private func fullBench() throws -> PeopleBench {
        let bench = try PeopleBench()
        try bench.addHolder("1")
        try bench.addHolder("2")
        for card in ["0A", "0B"] { try bench.addCard(card) }
        try bench.addCard("0C", life: .blocked(reason: "Lost?"))
        try bench.addCard("0D", life: .retired(reason: "Broken."))
        try bench.addCard("0E", expiry: "2026-03-09")
        try bench.addProvider("city")
        try bench.addProvider("rail")
        try bench.addApplication("purse", of: "city")
        try bench.act { try $0.assignCard(name("0A"), to: name("1")) }
        return bench
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: String
        var actor = PeopleBench.root
        let body: @Sendable (Act) throws -> Void

        init(
            _ description: String, _ code: String, as actor: Act.Actor = PeopleBench.root,
            _ body: @escaping @Sendable (Act) throws -> Void
        ) {
            (testDescription, self.code, self.actor, self.body) = (description, code, actor, body)
        }
    }

    private static func change(_ details: HolderDetails) -> @Sendable (Act) throws -> Void {
        { try $0.changeHolder(name("1"), details) }
    }
    private static func window(_ first: String, _ last: String) -> @Sendable (Act) throws -> Void {
        { try $0.permitIssue(for: name("1"), from: day(first), through: day(last)) }
    }
    private static let password = try? PeopleBench.verifier("correct horse", SeededEntropy(seed: [9]))

    static let refusals: [Case] = [
        Case("a number that exists", "holder-exists") {
            try $0.registerHolder(name("1"), HolderDetails(name: "B"), password: try #require(password))
        },
        Case("a number that nobody has", "holder-unknown") {
            try $0.changeHolder(name("9"), HolderDetails(name: "B"))
        },
        Case("no name", "holder-text", change(HolderDetails(name: ""))),
        Case("a long name", "holder-text", change(HolderDetails(name: String(repeating: "é", count: 101)))),
        Case("a name on two lines", "holder-text", change(HolderDetails(name: "A\nB"))),
        Case("a name that turns the line around", "holder-text", change(HolderDetails(name: "A\u{202E}B"))),
        Case(
            "a long address", "holder-text",
            change(HolderDetails(name: "A", address: String(repeating: "a", count: 501)))),
        Case(
            "born tomorrow", "holder-birth-date",
            change(HolderDetails(name: "A", birthDate: day("2026-03-11")))),
        Case(
            "born before anybody alive", "holder-birth-date",
            change(HolderDetails(name: "A", birthDate: day("1849-12-31")))),
        Case("a window that ends before it begins", "issue-window", window("2026-03-02", "2026-03-01")),
        Case("a window longer than a year", "issue-window", window("2026-01-01", "2027-01-02")),
        Case("a window for nobody", "holder-unknown") {
            try $0.permitIssue(for: name("9"), from: day("2026-03-01"), through: day("2026-03-01"))
        },
        Case("forbidding nobody", "holder-unknown") { try $0.forbidIssue(for: name("9")) },
        Case("a password for nobody", "holder-unknown") {
            try $0.changePassword(of: name("9"), to: try #require(password))
        },
        Case("use of an unknown application", "application-unknown") {
            try $0.setUse(of: name("loans"), by: name("1"), isUsed: true)
        },
        Case("use by nobody", "holder-unknown") {
            try $0.setUse(of: name("purse"), by: name("9"), isUsed: true)
        },
        Case("use said by another provider", "not-permitted", as: .provider(name("rail"))) {
            try $0.setUse(of: name("purse"), by: name("1"), isUsed: true)
        },
        Case("use said by another holder", "not-permitted", as: .holder(name("2"))) {
            try $0.setUse(of: name("purse"), by: name("1"), isUsed: true)
        },
        Case("use said by a terminal", "not-permitted", as: .terminal(name("t"))) {
            try $0.setUse(of: name("purse"), by: name("1"), isUsed: true)
        },
        Case("an unknown card", "card-unknown") { try $0.assignCard(name("0F"), to: name("1")) },
        Case("somebody's card", "card-taken") { try $0.assignCard(name("0A"), to: name("2")) },
        Case("the own card again", "card-taken") { try $0.assignCard(name("0A"), to: name("1")) },
        Case("a blocked card", "card-not-active") { try $0.assignCard(name("0C"), to: name("1")) },
        Case("a retired card", "card-not-active") { try $0.assignCard(name("0D"), to: name("1")) },
        Case("an expired card", "card-expired") { try $0.assignCard(name("0E"), to: name("1")) },
        Case("a card for nobody", "holder-unknown") { try $0.assignCard(name("0B"), to: name("9")) },
        Case("a holder registers", "not-permitted", as: .holder(name("1"))) {
            try $0.registerHolder(name("3"), HolderDetails(name: "B"), password: try #require(password))
        },
        Case("a holder changes", "not-permitted", as: .holder(name("1"))) {
            try $0.changeHolder(name("1"), HolderDetails(name: "B"))
        },
        Case("a provider permits", "not-permitted", as: .provider(name("city"))) {
            try $0.permitIssue(for: name("1"), from: day("2026-03-01"), through: day("2026-03-01"))
        },
        Case("a terminal forbids", "not-permitted", as: .terminal(name("t"))) {
            try $0.forbidIssue(for: name("1"))
        },
        Case("a terminal assigns", "not-permitted", as: .terminal(name("t"))) {
            try $0.assignCard(name("0B"), to: name("1"))
        },
        Case("a holder sets the password", "not-permitted", as: .holder(name("1"))) {
            try $0.changePassword(of: name("1"), to: try #require(password))
        },
    ]

    @Test("is refused in words, and changes nothing", arguments: refusals)
    func refused(_ example: Case) throws {
        let code = try fullBench().refusal(as: example.actor) { try example.body($0) }
        #expect(code == example.code)
    }

    @Test("flags are set by the provider, the holder and operators; setting one again changes nothing")
    func flags() throws {
        let bench = try fullBench()
        let actors: [(Act.Actor, Bool)] = [
            (.provider(name("city")), true), (.holder(name("1")), false), (PeopleBench.root, true),
        ]
        for (actor, isUsed) in actors {
            try bench.act(as: actor) { try $0.setUse(of: name("purse"), by: name("1"), isUsed: isUsed) }
            #expect(try bench.all(UseFlag.self).map(\.isUsed) == [isUsed])
            let before = try bench.dump()
            try bench.act(as: actor) { try $0.setUse(of: name("purse"), by: name("1"), isUsed: isUsed) }
            #expect(try bench.dump() == before)
        }
    }

    @Test("a holder has so many flags and no more")
    func flagsBound() throws {
        let bench = try fullBench()
        try bench.store.write { transaction in
            for index in 0..<Bounds.usesPerHolderMax {
                let id: ApplicationID = name("a\(index)")
                transaction.insert(Application(id: id, name: "A", provider: name("city")))
                transaction.insert(
                    UseFlag(holder: name("1"), application: id, isUsed: true, changedAt: bench.clock.now))
            }
        }
        let code = try bench.refusal { try $0.setUse(of: name("purse"), by: name("1"), isUsed: true) }
        #expect(code == "holder-uses")
        try bench.act { try $0.setUse(of: name("a0"), by: name("1"), isUsed: false) }
    }

    @Test("a verifier takes its password and no other, and is read back from its bytes")
    func verifier() throws {
        let verifier = try PeopleBench.verifier("correct horse", SeededEntropy(seed: [1]))
        let read = try #require(PasswordVerifier(bytes: verifier.bytes))
        #expect(read == verifier)
        for (text, isRight) in [
            ("correct horse", true), ("correct horsf", false), ("correct hors", false), ("", false),
            ("correct horse ", false), (String(repeating: "x", count: 5_000), false),
        ] {
            #expect(try read.matches(Secret(Array(text.utf8))) == isRight)
        }
        let other = try PeopleBench.verifier("correct horse", SeededEntropy(seed: [2]))
        #expect(other.bytes != verifier.bytes)
    }

    @Test("a verifier's outcome is scrypt of the password under the cost and salt in front of it")
    func encoding() throws {
        let verifier = try PeopleBench.verifier("correct horse", SeededEntropy(seed: [1]))
        let outcome = try KeyDerivation.scrypt(
            Secret(Array("correct horse".utf8)), salt: Array(verifier.bytes[4..<20]),
            cost: KeyDerivation.ScryptCost(workExponent: 2, blockSize: 1, parallelism: 1), count: 32)
        #expect(verifier.bytes[..<4] == [1, 2, 1, 1])
        #expect(outcome.withBytes { Array($0) } == Array(verifier.bytes[20...]))
    }

    @Test("bytes that are no verifier are refused")
    func notVerifiers() throws {
        let bytes = try PeopleBench.verifier("correct horse", SeededEntropy(seed: [1])).bytes
        for count in 0..<bytes.count { #expect(PasswordVerifier(bytes: Array(bytes[..<count])) == nil) }
        #expect(PasswordVerifier(bytes: bytes + [0]) == nil)
        for (index, value) in [(0, UInt8(0)), (0, 2), (1, 0), (1, 21), (2, 0), (2, 33), (3, 0), (3, 17)] {
            var changed = bytes
            changed[index] = value
            #expect(PasswordVerifier(bytes: changed) == nil)
        }
    }

    @Test(
        "passwords have a length", arguments: [(7, false), (8, true), (128, true), (129, false), (0, false)])
    func lengths(_ count: Int, _ isTaken: Bool) throws {
        let text = String(repeating: "p", count: count)
        let verifier = Result { try PeopleBench.verifier(text, SeededEntropy(seed: [1])) }
        #expect(((try? verifier.get()) != nil) == isTaken)
        if !isTaken { #expect(throws: PasswordRefusal.length) { try verifier.get() } }
    }
}
