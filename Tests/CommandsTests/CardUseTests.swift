import Arguments
import FoundationEssentials
import JSON
import Readers
import SmartCard
import TestSupport
import Testing
import VirtualCard

@testable import Commands

@Suite("Using virtual cards: seeds, tears and logs")
struct CardUseTests {
    private static let select = "00A4040000"
    private static let initializeUpdate = "8050000008010203040506070800"

    // MARK: Seeds

    @Test("the same seed and the same commands give the same bytes, and no use repeats another's challenge")
    func seeds() async throws {
        let bench = try CardCommandBench()
        for name in ["a", "b"] { try await bench.create("\(name).card", "--seed 0102") }
        try await bench.create("c.card", "--seed 0103")
        #expect(bench.fingerprint("a.card") == bench.fingerprint("b.card"))
        #expect(bench.fingerprint("a.card") != bench.fingerprint("c.card"))
        var challenges: [String: [String]] = [:]
        for name in ["a", "b", "c"] {
            for _ in 0..<3 {
                let answers = try bench.send(
                    [Self.select, Self.initializeUpdate, Self.initializeUpdate], to: "\(name).card")
                challenges[name, default: []] += answers.dropFirst()
            }
        }
        #expect(challenges["a"] == challenges["b"])
        #expect(Set(challenges["a"] ?? []).count == 6)
        #expect(Set(challenges["a"] ?? []).isDisjoint(with: challenges["c"] ?? []))
    }

    @Test("made as new, a card with a seed is the card that was made")
    func seededReset() async throws {
        let bench = try CardCommandBench()
        try await bench.create("a.card", "--seed 0A")
        let new = bench.fingerprint("a.card")
        _ = try bench.send([Self.select, Self.initializeUpdate], to: "a.card")
        #expect(bench.fingerprint("a.card") != new)
        #expect(await bench.run("reset @a.card --yes").exit == .success)
        #expect(bench.fingerprint("a.card") == new)
    }

    // MARK: Tears

    /// INITIALIZE UPDATE on this card writes the counter: one record and the mark that makes it count.
    private static let profile = "--profile javacard-80k-predictable"
    static let tears: [(options: String, counts: Bool)] = [
        ("--at 1", false), ("--at 1 --before", false), ("--at 1 --after", false), ("--at 2", false),
        ("--at 2 --after", true),
    ]

    private func counter(_ bench: CardCommandBench, _ name: String) async throws -> Int64? {
        try await bench.info(name)["keys"]?.arrayValue?.first?["sequenceCounter"]?.integerValue
    }

    @Test(
        "an armed tear happens once, and leaves the old state or the new one", .mission(.point5),
        arguments: tears)
    func tear(options: String, counts: Bool) async throws {
        let bench = try CardCommandBench()
        try await bench.create("a.card", Self.profile)
        #expect(await bench.run("tear @a.card \(options)").exit == .success)
        #expect(try await bench.info("a.card")["tear"]?["times"] == 1)
        let channel = try bench.use("a.card")
        _ = try channel.transmit(try Hex.decode(Self.select))
        #expect(throws: CardChannelError.self) { try channel.transmit(try Hex.decode(Self.initializeUpdate)) }
        #expect(throws: CardChannelError.self) { try channel.transmit(try Hex.decode(Self.select)) }
        #expect(try await counter(bench, "a.card") == (counts ? 1 : 0))
        #expect(try await bench.info("a.card")["tear"] == .null)
        try channel.reset()
        let answer = try channel.transmit(try Hex.decode(Self.initializeUpdate))
        #expect(answer.suffix(2) == [0x90, 0x00])
        #expect(try await counter(bench, "a.card") == (counts ? 2 : 1))
    }

    @Test("a tear outlasts uses that write less, happens as often as it was asked for, and can be taken back")
    func armedTear() async throws {
        let bench = try CardCommandBench()
        try await bench.create("a.card", Self.profile)
        _ = await bench.run("tear @a.card --at 2 --count 2")
        _ = try bench.send([Self.select], to: "a.card")
        #expect(await bench.run("tear @a.card").output.contains("before write 2, 2 times"))
        for left in [1, 0] {
            #expect(throws: CardChannelError.self) { try bench.send([Self.initializeUpdate], to: "a.card") }
            let tear = try await bench.info("a.card")["tear"]
            #expect(tear?["times"]?.integerValue == (left == 0 ? nil : Int64(left)))
        }
        #expect(try bench.send([Self.initializeUpdate], to: "a.card")[0].hasSuffix("9000"))
        _ = await bench.run("tear @a.card --at 1")
        #expect(await bench.run("tear @a.card --off").output.contains("no tear is armed"))
        #expect(try bench.send([Self.initializeUpdate], to: "a.card")[0].hasSuffix("9000"))
    }

    // MARK: Logs

    @Test("the log tells every command, and no secret")
    func log() async throws {
        let bench = try CardCommandBench()
        try await bench.create("a.card")
        // A PIN of eight bytes that nothing else on the card looks like.
        let answers = try bench.send([Self.select, "00200081085A5B5C5D5E5F6061", "80CA9F7F00"], to: "a.card")
        #expect(answers.count == 3)
        let shown = await bench.run("log @a.card")
        for word in ["SELECT", "VERIFY", "GET DATA", "9000", "power on", "2026-11-21T10:00:16Z"] {
            #expect(shown.output.contains(word), "\(word)")
        }
        let file = String(decoding: try #require(bench.bytes("a.card.log")), as: UTF8.self)
        for text in [shown.output, file] { #expect(!text.uppercased().contains("5A5B5C5D")) }
        let json = await bench.run("log @a.card --json").json
        #expect(json?["entries"]?.arrayValue?.count == 5)
        let last = await bench.run("log @a.card --last 2 --brief").output.split(separator: "\n")
        #expect(last.count == 2 && last[0].contains("GET DATA") && last[1].contains("power off"))
        #expect(await bench.run("log @a.card --clear").exit == .success)
        #expect(await bench.run("log @a.card").output.isEmpty)
    }

    @Test("a log that is cleared while the card is in use has what comes after")
    func clearedInUse() async throws {
        let bench = try CardCommandBench()
        try await bench.create("a.card")
        let holder = try bench.use("a.card")
        _ = try holder.transmit([0x00, 0xA4, 0x04, 0x00, 0x00])
        #expect(await bench.run("log @a.card --clear").exit == .success)
        #expect(await bench.run("log @a.card --json").json?["entries"]?.arrayValue?.isEmpty == true)
        _ = try holder.transmit([0x80, 0xCA, 0x9F, 0x7F, 0x00])
        let after = await bench.run("log @a.card --brief").output.split(separator: "\n")
        #expect(after.count == 1 && after[0].contains("GET DATA"))
    }

    @Test("what a secure channel protected is told as the card understood it, without the keys it carried")
    func protectedLog() async throws {
        let bench = try CardCommandBench()
        try await bench.create("a.card")
        try bench.install(on: "a.card")
        let text = await bench.run("log @a.card").output
        #expect(text.contains("LOAD") && text.contains("INSTALL") && text.contains("(protected)"))
    }

    @Test("a card that was made without a log keeps none")
    func noLog() async throws {
        let bench = try CardCommandBench()
        try await bench.create("a.card", "--no-log")
        _ = try bench.send([Self.select], to: "a.card")
        #expect(!bench.exists("a.card.log"))
        #expect(await bench.run("log @a.card").errors.contains("keeps no log"))
    }

    @Test("the log is bounded: the newest entries stay")
    func rotation() async throws {
        let bench = try CardCommandBench()
        try await bench.create("a.card")
        // Entries of some other use, so that the next ones do not fit any more.
        let line = #"{"at":1,"event":""# + String(repeating: "x", count: 10_000) + "\"}\n"
        var filler = String(repeating: line, count: CardLog.bytesMax / line.utf8.count)
        filler += String(repeating: " ", count: CardLog.bytesMax - filler.utf8.count)
        bench.write("a.card.log", Array(filler.utf8))
        bench.write("a.card.log.1", Array("old\n".utf8))
        _ = try bench.send(Array(repeating: Self.select, count: 4), to: "a.card")
        let (log, older) = (
            try #require(bench.bytes("a.card.log")), try #require(bench.bytes("a.card.log.1"))
        )
        #expect(log.count <= CardLog.bytesMax && older.count <= CardLog.bytesMax)
        #expect(older.count == filler.utf8.count)
        let last = await bench.run("log @a.card --last 6 --json").json?["entries"]?.arrayValue ?? []
        #expect(last.first?["event"] == "power-on" && last.dropFirst().first?["number"] == 1)
    }

    static let times: [(seconds: Int64, text: String)] = [
        (0, "1970-01-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"), (951_782_400, "2000-02-29T00:00:00Z"),
        (951_868_800, "2000-03-01T00:00:00Z"), (1_709_164_800, "2024-02-29T00:00:00Z"),
        (1_795_255_216, "2026-11-21T10:00:16Z"), (4_107_542_399, "2100-02-28T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
    ]

    @Test("times are written as date(1) writes them", arguments: times)
    func time(seconds: Int64, text: String) {
        #expect(UTC.text(seconds) == text)
    }

    // MARK: What berth keeps with a card

    @Test("settings survive their text")
    func settings() throws {
        var settings = CardSettings()
        #expect(settings.note.isEmpty && CardSettings([]) == settings)
        settings.seed = [1, 0xFE]
        settings.openings = 7
        settings.tear = .init(moment: .after, write: 12, times: 3)
        settings.keepsLog = false
        #expect(CardSettings(settings.note) == settings)
        #expect(
            String(decoding: settings.note, as: UTF8.self)
                == "seed = 01FE\nopenings = 7\ntear = after 12 3\nlog = no\n")
        for text in [
            "seed = 0", "seed 01", "openings = x", "tear = never 1 1", "tear = after 1", "colour = blue",
        ] {
            #expect(CardSettings(Array(text.utf8)) == nil, "\(text)")
        }
    }

    // MARK: Running

    @Test("a person ends it, and is told what can be typed")
    func keyboard() async throws {
        let bench = try CardCommandBench()
        try await bench.create("a.card")
        let outcome = await bench.run(
            "run @a.card --out --port 1", input: ["x", "r 2", "r 1", " Q "], isPerson: true)
        #expect(outcome.exit == .success, "\(outcome.text)")
        #expect(outcome.errors.contains("there are 1 cards"))
        #expect(!bench.exists("a.card.control"))
    }

    @Test("other programs reach a running card by the socket beside it, also along a long path")
    func control() throws {
        let bench = try CardCommandBench()
        let deep = "d" + String(repeating: "/0123456789", count: 12)
        try FileManager.default.createDirectory(
            atPath: bench.path(deep), withIntermediateDirectories: true)
        for name in ["a.card", deep + "/a.card"] {
            let path = bench.path(name)
            #expect(try ControlSocket.ask("look", of: path) == nil)
            // Left by a program that was killed.
            bench.write(name + ".control", [])
            #expect(try ControlSocket.ask("look", of: path) == nil)
            let socket = try ControlSocket(listeningBeside: path)
            let events = EventQueue<String>()
            _ = startThread { events.add((try? ControlSocket.ask("remove", of: path)) ?? "nothing") }
            var answer: [String] = []
            while answer.isEmpty {
                socket.serve { "you said \($0)" }
                answer = events.take()
            }
            #expect(answer == ["you said remove"])
        }
    }
}
