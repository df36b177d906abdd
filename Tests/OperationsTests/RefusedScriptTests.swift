import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

@Suite("Scripts that a card refuses")
struct RefusedScriptTests {
    private static let pass = VisitBench.id(.pass).application

    /// A release like the first, whose personalisation no card takes.
    private static func publishBad(_ bench: DeskBench) throws -> ReleaseID {
        let id = ReleaseID(pass, try ReleaseVersion("6.6"))
        try bench.act { act in
            var release = try #require(
                try act.transaction.find(Release.self, key: .text("pass"), .text("1.0")))
            release.id = id
            release.life = .draft
            release.personalisation = [[0xE2, 0x03, 0xC1, 0x01, 0x11]]
            try act.draft(release)
            try act.publish(id)
        }
        return id
    }

    @Test(
        "an operation ends with the card's own reason, what it made is gone, and what left is back",
        arguments: ["javacard-80k", "javacard-80k-scp02", "small-16k"])
    func refused(profile: String) throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard(profile)
        try bench.visit(card, id)
        let purse = VisitBench.id(.purse).application
        try bench.wish("purse", [.add(application: purse)], on: id)
        try bench.visitUntilEnd(card, id, "purse")
        _ = try DeskBench.ask(card, .purse, "803200000400002710")
        let balance = try DeskBench.ask(card, .purse, "8030000000")
        let bad = try Self.publishBad(bench)
        try bench.wish("bad", [.park(application: purse), .addRelease(bad)], on: id)
        for _ in 0..<3 where try bench.operation("bad", on: id)?.isOpen == true { try bench.visit(card, id) }
        guard case .ended(.failed(let reason, _))? = try bench.operation("bad", on: id)?.state else {
            Issue.record("\(String(describing: try bench.operation("bad", on: id)?.state))")
            return
        }
        #expect(reason.code == .cardRefused)
        #expect(card.contents.application(ExampleApplication.pass.module) == nil)
        #expect(try DeskBench.ask(card, .purse, "8030000000") == balance)
        let installs = try bench.journal("bad", on: id).filter { $0.text.contains("done: install") }
        #expect(installs.count <= 3, "\(installs.map(\.text))")
    }

    @Test("who was told a part of its script and cannot be deleted ends the operation, torn anywhere")
    func undeletable() throws {
        var stuck = 0
        for point in stride(from: 0, to: 400, by: 2) {
            let bench = try DeskBench()
            let runtime = StubbornRuntime(stays: ExampleApplication.pass.module)
            let (card, id) = try bench.makeCard(runtimes: [runtime])
            try bench.visit(card, id)
            try bench.wish("add", [.add(application: Self.pass)], on: id)
            bench.tear = (bench.exchanges + point, true)
            try bench.visit(card, id)
            guard bench.tear == nil, try bench.operation("add", on: id)?.isOpen == true else { break }
            for _ in 0..<3 where try bench.operation("add", on: id)?.isOpen == true {
                try bench.visit(card, id)
                #expect(bench.roundTrips < 20, "\(point)")
            }
            let state = try bench.operation("add", on: id)?.state
            guard case .ended(.needsPerson(let reason, _))? = state else {
                #expect(state == .ended(.done), "\(point): \(String(describing: state))")
                continue
            }
            stuck += 1
            #expect(reason.code == .cardRefused, "\(point): \(reason)")
        }
        #expect(stuck > 0)
    }

    /// What is wished beside what the card refuses.
    enum Beside: CaseIterable {
        case parking
        case removal
        case keys

        func wish() throws -> Wish {
            switch self {
            case .parking: .park(application: VisitBench.id(.purse).application)
            case .removal: .remove(application: VisitBench.id(.purse).application)
            case .keys: .rotateKeys(to: try MasterKeyName("aes"), version: 0x31)
            }
        }

        var state: String {
            switch self {
            case .parking: "The card is as it was before."
            case .removal:
                "What was to be removed for good may be gone; the rest of the card is as it was before."
            case .keys: "Its record says which keys the card has now."
            }
        }
    }

    @Test(
        "who is told that an operation was undone is told what is not as before", arguments: Beside.allCases)
    func words(beside: Beside) throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        try bench.wish("purse", [.add(application: VisitBench.id(.purse).application)], on: id)
        try bench.visitUntilEnd(card, id, "purse")
        let bad = try Self.publishBad(bench)
        try bench.wish("bad", [beside.wish(), .addRelease(bad)], on: id)
        for _ in 0..<3 where try bench.operation("bad", on: id)?.isOpen == true { try bench.visit(card, id) }
        guard case .ended(.failed(_, let next))? = try bench.operation("bad", on: id)?.state else {
            Issue.record("\(String(describing: try bench.operation("bad", on: id)?.state))")
            return
        }
        #expect(next == "\(beside.state) Mend what the reason says, and ask again.")
        let isThere = card.contents.application(ExampleApplication.purse.module) != nil
        #expect(isThere == (beside != .removal))
    }

    @Test("of a removal that was never begun nobody says that it may have happened")
    func neverBegun() throws {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        let purse = VisitBench.id(.purse).application
        try bench.wish("both", [.add(application: purse), .add(application: Self.pass)], on: id)
        try bench.visitUntilEnd(card, id, "both")
        // Who has checked in does not leave.
        #expect(try DeskBench.ask(card, .pass, "804000000600120000000A").hasSuffix("9000"))
        try bench.wish("away", [.park(application: Self.pass), .remove(application: purse)], on: id)
        for _ in 0..<3 where try bench.operation("away", on: id)?.isOpen == true { try bench.visit(card, id) }
        guard case .ended(.failed(let reason, let next))? = try bench.operation("away", on: id)?.state else {
            Issue.record("\(String(describing: try bench.operation("away", on: id)?.state))")
            return
        }
        #expect(reason.text.contains("Checked in at station 0012"), "\(reason.text)")
        #expect(next == "The card is as it was before. Mend what the reason says, and ask again.")
        #expect(card.contents.application(ExampleApplication.purse.module) != nil)
    }
}
