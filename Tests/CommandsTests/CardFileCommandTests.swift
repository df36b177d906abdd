import Arguments
import CardCrypto
import JSON
import SmartCard
import TestSupport
import Testing
import VirtualCard

@testable import Commands

@Suite("Making, looking at and removing virtual cards")
struct CardFileCommandTests {
    @Test("a card of every profile is made, and tells what it is", .mission(.a4))
    func create() async throws {
        let bench = try CardCommandBench()
        for (name, _) in CardProfile.builtInTexts {
            let outcome = await bench.run("create @\(name).card --profile \(name)")
            #expect(outcome.exit == .success, "\(outcome.errors)")
            let info = try await bench.info("\(name).card")
            #expect(info["profile"] == .string(name))
            #expect(info["tear"] == .null)
            #expect(info["seeded"] == false)
            let shown = await bench.run("info @\(name).card")
            #expect(shown.exit == .success)
            for word in ["Card id", "Keys of", "free", "OP_READY"] { #expect(shown.output.contains(word)) }
            #expect(!shown.output.contains("404142434445464748494A4B4C4D4E4F"))
        }
    }

    @Test("the command line says otherwise than the profile")
    func personalised() async throws {
        let bench = try CardCommandBench()
        let key = String(repeating: "5A", count: 32)
        bench.write("factory.key", Array(key.utf8))
        try await bench.create(
            "a.card", "--iin 123456 --cin 0A0B0C0D --key-version 0x31 --key file:@factory.key")
        let info = try await bench.info("a.card")
        #expect(info["cardId"] == "123456-0A0B0C0D")
        #expect(info["keys"]?.arrayValue?.count == 3)
        let first = info["keys"]?.arrayValue?.first
        #expect(first?["version"] == 0x31)
        #expect(first?["components"]?.arrayValue?.first?["bytes"] == 32)
        #expect(first?["components"]?.arrayValue?.first?["type"] == "AES")
        #expect(!(await bench.run("info @a.card")).text.contains("5A5A5A5A"))
        let warned = await bench.run("create @b.card --key \(key)")
        #expect(warned.exit == .success && warned.errors.contains("can be seen"))
        #expect(!warned.text.contains(key))
    }

    static let refusals: [(line: String, exit: ExitCode, code: String)] = [
        ("create @there.card", .cannotCreate, "card-exists"),
        ("create @none/x.card", .cannotCreate, "card-file-not-made"),
        ("create @x.card --profile nothing", .noInput, "profile-unknown"),
        ("create @x.card --profile @broken.profile", .badData, "profile-wrong"),
        ("create @x.card --key 4041", .badData, "key-malformed"),
        (
            "create @x.card --profile javacard-80k-scp02 --key \(String(repeating: "41", count: 32))",
            .badData, "profile-wrong"
        ),
        ("create @x.card --seed XYZ", .usage, "invalid-option"),
        ("create @x.card --seed 010", .usage, "invalid-option"),
        ("info @missing.card", .noInput, "card-file-missing"),
        ("info @foreign.card", .badData, "not-a-card-file"),
        ("info @newer.card", .badData, "card-file-newer"),
        ("info @damaged.card", .badData, "card-file-damaged"),
        ("log @missing.card", .noInput, "card-file-missing"),
        ("tear @missing.card --at 1", .noInput, "card-file-missing"),
        ("tear @there.card --at 1 --before --after", .usage, "usage"),
        ("tear @there.card --at 1 --off", .usage, "usage"),
        ("tear @there.card --after", .usage, "usage"),
        ("tear @there.card --at 0", .usage, "invalid-option"),
        ("reset @there.card", .usage, "confirmation-needed"),
        ("reset @foreign.card --yes", .badData, "not-a-card-file"),
        ("reset @damaged.card --yes", .badData, "card-file-damaged"),
        ("delete @there.card", .usage, "confirmation-needed"),
        ("delete @foreign.card --yes", .badData, "not-a-card-file"),
        ("delete @newer.card --yes", .badData, "card-file-newer"),
        ("delete @missing.card --yes", .noInput, "card-file-missing"),
        ("insert @there.card", .unavailable, "card-not-running"),
        ("remove @missing.card", .noInput, "card-file-missing"),
        ("run @missing.card", .noInput, "card-file-missing"),
        ("run @foreign.card --port 1", .badData, "not-a-card-file"),
        ("run @there.card --port 1", .unavailable, "no-reader-service"),
        ("run @there.card --port 1 --port 2", .usage, "usage"),
        ("run @there.card --port 0", .usage, "invalid-option"),
        ("profiles nothing", .noInput, "profile-unknown"),
        ("profiles @broken.profile", .badData, "profile-wrong"),
    ]

    @Test("what cannot be done is refused with its own code, and changes nothing", arguments: refusals)
    func refuses(line: String, exit: ExitCode, code: String) async throws {
        let bench = try CardCommandBench()
        try await bench.create("there.card")
        let there = try #require(bench.bytes("there.card"))
        let fingerprint = bench.fingerprint("there.card")
        bench.write("foreign.card", Array("#!/bin/sh\n".utf8))
        bench.write("newer.card", Array("BERTHCARD3\nwhatever follows".utf8))
        // A byte inside the first commit, which was durable once.
        var damaged = there
        damaged[there.count / 2] ^= 1
        bench.write("damaged.card", damaged)
        bench.write("broken.profile", Array("name = x\n".utf8))
        let outcome = await bench.run(line + " --json")
        #expect(outcome.exit == exit, "\(outcome.text)")
        #expect(outcome.problemCode == code, "\(outcome.text)")
        #expect(bench.fingerprint("there.card") == fingerprint)
        #expect(bench.fingerprint("damaged.card") == Digest.sha256.hash(damaged).hex)
        #expect(bench.exists("foreign.card") && bench.exists("newer.card") && !bench.exists("x.card"))
    }

    @Test("a card in use can be looked at, and nothing else", .mission(.point5))
    func inUse() async throws {
        let bench = try CardCommandBench()
        try await bench.create("a.card")
        let holder = try bench.use("a.card")
        for line in ["tear @a.card --at 1", "reset @a.card --yes", "delete @a.card --yes"] {
            let outcome = await bench.run(line + " --json")
            #expect(outcome.exit == .tryAgain)
            #expect(outcome.problemCode == "card-in-use")
        }
        #expect(throws: CardFileError.inUse(bench.path("a.card"))) { try bench.use("a.card") }
        #expect(await bench.run("info @a.card").exit == .success)
        #expect(try holder.transmit([0x00, 0xA4, 0x04, 0x00, 0x00]).suffix(2) == [0x90, 0x00])
    }

    @Test("the tree and the memory by owner are the card's own accounts", .mission(.a3), .mission(.point1))
    func accounts() async throws {
        let bench = try CardCommandBench()
        try await bench.create("a.card")
        try bench.install(on: "a.card")
        let info = try await bench.info("a.card")
        let memory = try #require(info["memory"])
        func figure(_ name: String) -> Int64 { memory[name]?.integerValue ?? -1 }
        #expect(figure("loadFiles") > 0 && figure("instances") > 0)
        let used = figure("domains") + figure("loadFiles") + figure("instances")
        #expect(used + figure("freeNonVolatile") == figure("nonVolatileBytes"))
        let text = await bench.run("info @a.card").output
        #expect(text.contains("load file  \(CardCommandBench.package)  version 1.0"))
        #expect(text.contains("application  \(CardCommandBench.applet)  SELECTABLE"))
        #expect(text.contains("load files") && text.contains("instances"))
    }

    @Test("made as new, a card keeps its name and nothing else")
    func reset() async throws {
        let bench = try CardCommandBench()
        try await bench.create("a.card", "--profile small-16k")
        let before = try await bench.info("a.card")
        try bench.install(on: "a.card")
        #expect(try await bench.info("a.card")["applications"]?.arrayValue?.count == 2)
        _ = await bench.run("tear @a.card --at 9")
        let declined = await bench.run("reset @a.card", input: ["n"], isPerson: true)
        #expect(declined.exit == .interrupted)
        #expect(try await bench.info("a.card")["applications"]?.arrayValue?.count == 2)
        #expect(await bench.run("reset @a.card", input: ["y"], isPerson: true).exit == .success)
        #expect(try await bench.info("a.card") == before)
        #expect(!bench.exists("a.card.log") && !bench.exists("a.card.reset"))
        #expect(await bench.run("reset @a.card --yes --new-serial").exit == .success)
        #expect(try await bench.info("a.card")["serial"] != before["serial"])
        #expect(try bench.send(["00A4040000"], to: "a.card")[0].hasSuffix("9000") == false)
    }

    @Test("removed, a card is gone with what stood beside it, also when it was damaged")
    func delete() async throws {
        let bench = try CardCommandBench()
        try await bench.create("a.card")
        _ = try bench.send(["00A4040000"], to: "a.card")
        #expect(bench.exists("a.card.log"))
        let declined = await bench.run("delete @a.card", input: ["no"], isPerson: true)
        #expect(declined.exit == .interrupted && bench.exists("a.card"))
        #expect(await bench.run("delete @a.card --yes").exit == .success)
        #expect(!bench.exists("a.card") && !bench.exists("a.card.log"))
        try await bench.create("b.card")
        var bytes = try #require(bench.bytes("b.card"))
        bytes[bytes.count / 2] ^= 1
        bench.write("b.card", bytes)
        #expect(await bench.run("delete @b.card --yes").exit == .success)
        #expect(!bench.exists("b.card"))
    }

    @Test("profiles are listed, printed as they can be used, and checked", .mission(.point7))
    func profiles() async throws {
        let bench = try CardCommandBench()
        let list = await bench.run("profiles")
        for (name, text) in CardProfile.builtInTexts {
            #expect(list.output.contains(name))
            #expect(await bench.run("profiles \(name)").output == text)
            bench.write("mine.profile", Array(text.utf8))
            #expect(await bench.run("profiles @mine.profile").exit == .success)
        }
        #expect(await bench.run("profiles --json").json?.arrayValue?.count == CardProfile.builtInTexts.count)
    }

    @Test("every key of a profile that comes with berth is explained", .mission(.point7))
    func profileKeys() throws {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
        let bytes = try #require(readFile(root + "/docs/reference/card-profiles.md", atMost: 1 << 20))
        let document = String(decoding: bytes, as: UTF8.self)
        for (name, text) in CardProfile.builtInTexts {
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                let key = line.prefix { $0 != "=" }.filter { !$0.isWhitespace }
                #expect(document.contains("`\(key)`"), "\(key) of \(name)")
            }
        }
    }

    static let defects: [(from: String, to: String, why: String)] = [
        ("non-volatile = 16384", "", "non-volatile is missing"),
        ("non-volatile = 16384", "non-volatile = 16 kB", "non-volatile = 16 kB is not a number"),
        ("block = ", "colour = blue\nblock = ", "colour is not a key"),
        ("key-type = des", "key-type = aes", "key-type = aes is not of use"),
        ("quotas = ", "quotas = maybe # ", "quotas = maybe is not yes or no"),
        ("name = small-16k", "name = small-16k\nname = again", "gives name a second time"),
        ("name = small-16k", "name", "line"),
    ]

    @Test("a profile with a defect is refused with the line or the key to mend", arguments: defects)
    func refusesProfile(from: String, to: String, why: String) async throws {
        let bench = try CardCommandBench()
        let text = try #require(CardProfile.builtIn("small-16k")?.text)
        #expect(text.contains(from))
        bench.write("mine.profile", Array(text.replacing(from, with: to, maxReplacements: 1).utf8))
        let outcome = await bench.run("profiles @mine.profile --json")
        #expect(outcome.problemCode == "profile-wrong")
        #expect(outcome.json?["problem"]?["why"]?.stringValue?.contains(why) == true, "\(outcome.output)")
    }
}
