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
}
