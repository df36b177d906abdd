import Arguments
import CardCrypto
import Centre
import CentreServer
import Foundation
import HTTPClient
import JSON
import SmartCard
import Terminal
import TestSupport
import Testing
import VirtualCard

/// A centre behind a real server, and a terminal that was enrolled with a one-time code.
private final class TerminalBench {
    let room = WaitingRoom()
    let bench: SeramBench
    private let server: HTTPServer
    let identity: TerminalIdentity
    let folder: String
    private var names = 0
    let output = MemorySink()
    /// Of the newest kiosk.
    private(set) var terminal = Arguments.Terminal(
        output: MemorySink(), errors: MemorySink(), input: ScriptedInput(), environment: Environment(),
        clock: ContinuousClock(), interrupts: .none)
    let cancellation = Cancellation()

    init() throws {
        bench = try SeramBench(time: RealClock(), bell: room)
        let node = bench.node
        let signIn = SignIn(node: node)
        let service = CentreService([
            .init(
                "gp", "seram",
                service: SeramService(node: node, presume: signIn.presumed) { request in
                    try signIn.principal(for: request)
                }),
            .init("v1", service: RestService(node: node, signIn: signIn)),
        ])
        server = try HTTPServer(
            .init([.init(ListenAddress(.loopback, port: 0))]), service: service, room: room,
            clock: RealClock(), entropy: SystemEntropy(), observer: RecordingObserver())
        folder = FileManager.default.temporaryDirectory.path + "/berth-terminal-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // The code of an operator: its digest is what the centre keeps.
        let code = "23456-789AB-CDEFG-HJKLM"
        let terminal = try TerminalID("lobby-1")
        let digest = Digest.sha256.hash(
            Array("enrolment ".utf8) + code.utf8.filter { $0 != UInt8(ascii: "-") })
        try bench.act { act in
            _ = try act.registerTerminal(terminal, label: "Lobby")
            try act.prepareEnrolment(of: terminal, digest: digest, until: act.now.advanced(by: .seconds(600)))
        }
        var identity = TerminalIdentity(
            centre: "http://127.0.0.1:\(server.addresses[0].port)", name: "lobby-1", token: "", trust: .system
        )
        let answer = try CentreLink(identity).enrol(code: code)
        identity.token = answer["token"]?.stringValue ?? ""
        self.identity = identity
    }

    deinit {
        server.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func around() throws -> Kiosk.Surroundings {
        Kiosk.Surroundings(
            link: try CentreLink(identity), queue: ReportQueue(folder: folder),
            greeting: GreetingFile(folder: folder),
            newName: { [self] in
                names += 1
                return "00\(names)"
            }, pause: { Thread.sleep(forTimeInterval: min($0, .milliseconds(50)) / .seconds(1)) },
            cancellation: cancellation, patience: .seconds(5))
    }

    func kiosk(
        _ channel: any CardChannel, format: Arguments.Terminal.Format = .text,
        language: Language = .english, answers: [String] = []
    ) throws -> Kiosk {
        terminal = Arguments.Terminal(
            output: output, errors: MemorySink(), input: ScriptedInput(answers),
            environment: Environment(), clock: ContinuousClock(), interrupts: .none, format: format)
        let narrator = Narrator(terminal, Display(language, isSpoken: false))
        let around = try around()
        return try Kiosk(channel, around, narrator, desk: CentreDesk(around.link))
    }
}

@Suite("A terminal and a centre over HTTP", .serialized)
struct TerminalEndToEndTests {
    @Test("a blocked card is not possible because it is blocked, not for want of room")
    func blocked() throws {
        let bench = try TerminalBench()
        let (card, id) = try bench.bench.makeCard()
        try bench.kiosk(PlainChannel(card)).run(.add("purse"), .asked { true })
        try bench.bench.act { try $0.blockCard(id, reason: "It was lost.") }
        let kiosk = try bench.kiosk(PlainChannel(card))
        #expect(throws: KioskFailure.notFeasible("card-blocked")) {
            try kiosk.run(.remove("purse"), .asked { true })
        }
    }

    @Test(
        "a person adds an application: the plan, the consent, the work, the memory", .mission(.b3),
        .mission(.b13))
    func add() throws {
        let bench = try TerminalBench()
        let (card, id) = try bench.bench.makeCard()
        let kiosk = try bench.kiosk(PlainChannel(card))
        #expect(kiosk.card == id.text)
        #expect(try !kiosk.doWaitingWork())
        var wasAsked = false
        try kiosk.run(
            .add("purse"),
            .asked {
                wasAsked = true
                return true
            })
        #expect(wasAsked)
        let text = bench.output.text
        for part in [
            "This would be done:", "Comes onto the card:", "Please leave the card in.", "Loading: purse",
            "Setting up: purse", "Writing your data: purse", "Done.",
            "Memory before:", "Memory after:", "You may take your card.",
        ] {
            #expect(text.contains(part), "\(part) in\n\(text)")
        }
        for line in text.split(separator: "\n") { #expect(String(line).displayWidth <= Display.columns) }
        #expect(try bench.bench.act { try $0.dossier(of: id) }.applications.contains { $0.release != nil })
        #expect(ReportQueue(folder: bench.folder).all().isEmpty)
        // The same again has nothing to do, and does nothing.
        try kiosk.run(.add("purse"), .asked { true })
        #expect(try bench.bench.act { try $0.dossier(of: id) }.applications.count { $0.release != nil } == 1)
    }

    @Test(
        "the menus do everything by number, in every language", .mission(.c13), arguments: Language.allCases)
    func menus(language: Language) throws {
        let bench = try TerminalBench()
        let (card, id) = try bench.bench.makeCard()
        let yes = try #require(language.yes.last)
        // Add the second of what is offered; something that is no choice; list; remove; a no; end.
        let kiosk = try bench.kiosk(
            PlainChannel(card), language: language,
            answers: ["1", "2", yes, "77", "4", "2", "1", yes, "1", "1", "no", "8"])
        _ = try kiosk.doWaitingWork()
        let outcome = try KioskMenu(kiosk, bench.terminal, month: "2026-11", idle: .zero) { nil }.run()
        #expect(outcome == .quit)
        let text = bench.output.text
        for part in ["1 loyalty", "2 purse", "  purse"] {
            #expect(text.contains(part), "\(part) in\n\(text)")
        }
        for message in [Message.noSuchChoice, .onCard, .memoryBefore, .memoryAfter, .declined] {
            #expect(text.contains(language.text(message)), "\(message) in\n\(text)")
        }
        for line in text.split(separator: "\n") {
            #expect(String(line).displayWidth <= Display.columns, "\(line)")
        }
        #expect(try bench.bench.act { try $0.dossier(of: id) }.applications.allSatisfy { $0.release == nil })
    }

    @Test("a card that is taken out ends the menu, and whoever was signed in is not any more")
    func menuWithoutCard() throws {
        let bench = try TerminalBench()
        let (card, _) = try bench.bench.makeCard()
        let kiosk = try bench.kiosk(PlainChannel(card), answers: [])
        kiosk.desk.holderToken = "berth_x"
        let outcome = try KioskMenu(kiosk, bench.terminal, month: "2026-11", idle: .zero) { .cardGone }.run()
        #expect(outcome == .cardGone)
        #expect(kiosk.desk.holderToken == nil)
    }

    @Test("what a card could get is what is in service and not on it")
    func offers() throws {
        let bench = try TerminalBench()
        let (card, _) = try bench.bench.makeCard()
        let kiosk = try bench.kiosk(PlainChannel(card))
        _ = try kiosk.doWaitingWork()
        #expect(try kiosk.desk.offers(for: kiosk.card) == ["loyalty", "purse"])
        try kiosk.run(.add("purse"), .asked { true })
        #expect(try kiosk.desk.offers(for: kiosk.card) == ["loyalty"])
        try bench.bench.act { try $0.stopService(of: try ApplicationID("loyalty"), reason: "It rests.") }
        #expect(try kiosk.desk.offers(for: kiosk.card) == [])
    }

    @Test("every code that a terminal has words for is one that the centre uses")
    func codes() {
        let objections = Set(Objection.Kind.allCases.map(\.rawValue))
        for code in Trouble.allCases.flatMap(\.codes) {
            let isReason = Reason.Code(rawValue: code) != nil
            #expect(ProblemTypes.all[code] != nil || objections.contains(code) || isReason, "\(code)")
        }
    }

    @Test(
        "why work failed is told in the language of the person, and by REST in English with its code",
        arguments: Language.allCases)
    func failure(language: Language) throws {
        let bench = try TerminalBench()
        let (card, id) = try bench.bench.makeCard()
        _ = try bench.kiosk(PlainChannel(card)).doWaitingWork()
        _ = try bench.bench.wish("bring", [.add(application: try ApplicationID("loyalty"))], on: id)
        try bench.bench.act { try $0.stopService(of: try ApplicationID("loyalty"), reason: "It rests.") }
        let kiosk = try bench.kiosk(PlainChannel(card), language: language)
        #expect(throws: KioskFailure.self) { try kiosk.doWaitingWork() }
        let words = language.text(.trouble(.partMissing))
        #expect(bench.output.text.contains(words), "\(bench.output.text)")
        #expect(language == .english || !bench.output.text.contains("What the next step needs"))
        let operation = try kiosk.desk.operation("bring", on: id.text)
        #expect(operation["reasonCode"] == "material-missing")
        #expect(operation["reason"]?.stringValue?.contains("What the next step needs") == true)
    }

    @Test("every reason has words in every language, which fit one line", arguments: Reason.Code.allCases)
    func reasonWords(code: Reason.Code) throws {
        let trouble = try #require(Trouble(code: code.rawValue), "\(code)")
        for language in Language.allCases {
            let words = language.text(.trouble(trouble))
            #expect(!words.isEmpty && "  ".displayWidth + words.displayWidth <= Display.columns, "\(words)")
        }
    }

    @Test("a reason is the same after it was kept; what was kept before there were codes is words only")
    func keptReason() {
        let reason = Reason(.cardRefused, about: "6A84", "purse", text: "The card refused to load it: 6A84.")
        #expect(Reason(stored: reason.stored) == reason)
        let bare = Reason(.cardSilent, text: "It said nothing.")
        #expect(Reason(stored: bare.stored) == bare)
        let old = Reason(stored: "The card refused it.")
        #expect(old.code == .unnamed && old.subjects.isEmpty && old.text == "The card refused it.")
        // A separator in a name cannot make another reason of it.
        let odd = Reason(.cardSilent, about: "a\u{1F}b", text: "c")
        #expect(Reason(stored: odd.stored) == Reason(.cardSilent, about: "ab", text: "c"))
    }

    @Test(
        "what a holder adds is used from then on, and comes onto a new card; what is removed is used no more",
        .mission(.c2), .mission(.c3), .mission(.c7), .mission(.c8))
    func uses() throws {
        let bench = try TerminalBench()
        let (card, id) = try bench.bench.makeCard()
        let holder = try HolderNumber("1001")
        func uses() throws -> [String: Bool] {
            try bench.bench.act { act in
                Dictionary(
                    uniqueKeysWithValues: try act.useFlags(of: holder).map {
                        ($0.application.text, $0.isUsed)
                    })
            }
        }
        let verifier = try PasswordVerifier(
            Secret(Array("harbour-lights".utf8)), entropy: SystemEntropy(),
            cost: try KeyDerivation.ScryptCost(workExponent: 1, blockSize: 1, parallelism: 1))
        try bench.bench.act { act in
            try act.registerHolder(holder, HolderDetails(name: "Ada Byron"), password: verifier)
            try act.assignCard(id, to: holder)
        }
        let kiosk = try bench.kiosk(PlainChannel(card))
        try kiosk.run(.add("loyalty"), .given)
        try kiosk.run(.add("purse"), .given)
        #expect(try uses() == ["loyalty": true, "purse": true])
        try kiosk.run(.remove("purse"), .given)
        #expect(try uses() == ["loyalty": true, "purse": false])

        // The old card is lost; the new one gets what is used, and nothing else.
        let (blank, newID) = try bench.bench.makeCard(seed: 2)
        let today = bench.bench.node.clock.now.day
        try bench.bench.act { try $0.permitIssue(for: holder, from: today, through: today) }
        let second = try bench.kiosk(PlainChannel(blank))
        _ = try second.doWaitingWork()
        try Array("harbour-lights".utf8).withUnsafeBytes { password in
            try second.takeNewCard(expiry: "2040-12-31", holder: "1001", password: password)
        }
        try second.run(.renew, .given)
        let present = try bench.bench.act { try $0.dossier(of: newID) }.applications
        #expect(present.compactMap { $0.release?.application.text } == ["loyalty"])
        guard case .retired = try bench.bench.act({ try $0.dossier(of: id) }).card.life else {
            Issue.record("the old card is still in use")
            return
        }
    }

    @Test(
        "a card that shows a challenge made from its counter is known for it from then on",
        arguments: [("javacard-80k-predictable", true), ("javacard-80k", false)])
    func challenge(profile: String, isPredictable: Bool) throws {
        let bench = try TerminalBench()
        let (card, id) = try bench.bench.makeCard(profile)
        try bench.bench.act { act in
            var known = try act.dossier(of: id).card
            known.keySet.isChallengePredictable = false
            act.transaction.put(known)
        }
        let kiosk = try bench.kiosk(PlainChannel(card))
        try kiosk.run(.add("loyalty"), .given)
        #expect(
            try bench.bench.act { try $0.dossier(of: id) }.card.keySet.isChallengePredictable == isPredictable
        )
        // And the next visit begins with it.
        try kiosk.run(.add("purse"), .given)
    }

    @Test(
        "the card is asked for its challenge before the next visit, where that is random and something is begun"
    )
    func greeting() throws {
        let bench = try TerminalBench()
        for (profile, isGreeted) in [("javacard-80k", true), ("javacard-80k-predictable", false)] {
            let (card, _) = try bench.bench.makeCard(profile, seed: isGreeted ? 1 : 2)
            try bench.kiosk(PlainChannel(card)).run(.add("loyalty"), .given)
            // Who only looks at the plan leaves it for later.
            let channel = LooseChannel(card)
            #expect(throws: KioskFailure.declined) {
                try bench.kiosk(channel).run(.add("purse"), .asked { false })
            }
            #expect(!channel.instructions.contains(0x50))
            let kiosk = try bench.kiosk(channel)
            channel.instructions = []
            try kiosk.run(.add("purse"), .given)
            let asked = try #require(channel.instructions.firstIndex(of: 0x50))
            // SELECT and three questions go before; in the first order as well, where that brings everything.
            #expect(channel.instructions[..<asked] == (isGreeted ? [0xA4, 0xCA, 0xCA, 0xCA] : [0xA4]))
            #expect(channel.instructions[asked + 1] == 0x82)
            #expect(channel.instructions.count { $0 == 0x50 } == 1)
            #expect(GreetingFile(folder: bench.folder).take() != nil)
        }
    }

    @Test("a no changes nothing")
    func declined() throws {
        let bench = try TerminalBench()
        let (card, id) = try bench.bench.makeCard()
        let kiosk = try bench.kiosk(PlainChannel(card))
        #expect(throws: KioskFailure.declined) { try kiosk.run(.add("purse"), .asked { false }) }
        #expect(try bench.bench.act { try $0.transaction.openOperation(on: id) } == nil)
        #expect(bench.output.text.contains("Nothing was changed."))
    }

    @Test("a card that is pulled goes on when it is back", .mission(.point5), arguments: [3, 9, 20, 33])
    func pulled(at: Int) throws {
        let bench = try TerminalBench()
        let (card, id) = try bench.bench.makeCard()
        let first = try bench.kiosk(PlainChannel(card))
        _ = try first.doWaitingWork()
        let loose = LooseChannel(card)
        let kiosk = try bench.kiosk(loose)
        loose.commandsLeft = at
        do throws(KioskFailure) {
            try kiosk.run(.add("purse"), .asked { true })
        } catch {
            #expect(bench.output.text.contains("Nothing is lost."), "\(error)")
        }
        card.powerOn()
        let again = try bench.kiosk(PlainChannel(card))
        for _ in 0..<3 { _ = try again.doWaitingWork() }
        let applications = try bench.bench.act { try $0.dossier(of: id) }.applications
        let operation = try bench.bench.act { try $0.transaction.openOperation(on: id) }
        #expect(operation == nil)
        #expect(applications.contains { $0.release?.application.text == "purse" })
    }

    @Test("a program reads one object on each line")
    func json() throws {
        let bench = try TerminalBench()
        let (card, id) = try bench.bench.makeCard()
        let kiosk = try bench.kiosk(PlainChannel(card), format: .json)
        try kiosk.run(.add("loyalty"), .asked { true })
        try kiosk.run(.list, .asked { true })
        let events = try bench.output.text.split(separator: "\n").map { try JSONValue(decoding: String($0)) }
        let names = events.compactMap { $0["event"]?.stringValue }
        for name in ["card", "plan", "operation", "progress", "done", "memory", "list"] {
            #expect(names.contains(name), "\(name) in \(names)")
        }
        #expect(events.last?["applications"] == ["loyalty"])
        #expect(events.first?["card"]?.stringValue == id.text)
    }

    @Test("a stranger's token and a used code open nothing")
    func strangers() throws {
        let bench = try TerminalBench()
        var identity = bench.identity
        #expect(throws: CentreFailure.self) {
            try CentreLink(identity).enrol(code: "23456-789AB-CDEFG-HJKLM")
        }
        identity.token += "x"
        let link = try CentreLink(identity)
        #expect(throws: CentreFailure.self) { try link.get("/v1/sessions/current") }
        #expect(throws: CentreFailure.self) {
            try link.seram("handshake", session: "1", [], key: "1", waits: false)
        }
    }
}

/// A card that slips out after so many commands, and what it was sent.
private final class LooseChannel: CardChannel {
    private let card: VirtualCard
    var commandsLeft = Int.max
    var instructions: [UInt8] = []

    init(_ card: VirtualCard) { self.card = card }

    var answerToReset: [UInt8] { [] }

    func transmit(_ command: [UInt8]) throws(CardChannelError) -> [UInt8] {
        guard commandsLeft > 0 else {
            card.powerOff()
            throw CardChannelError(.cardRemoved, "It slipped out.")
        }
        commandsLeft -= 1
        instructions.append(command[1])
        return card.process(command)
    }

    func reset() {}
}
