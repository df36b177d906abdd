import CardCrypto
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

@Suite("A virtual card")
struct CoreCardTests {
    @Test("gives the same bytes for the same seed", .mission(.point7))
    func determinism() throws {
        let (first, second, third) = (try Bench(), try Bench(), try Bench(seed: 9))
        let script = TearScript.commands
        #expect(script.map { first.send($0) } == script.map { second.send($0) })
        #expect(try Bench().send("80CA9F7F00") != third.send("80CA9F7F00"))
    }

    @Test("is mute without power")
    func power() throws {
        let bench = try Bench()
        bench.card.powerOff()
        #expect(bench.send(Step.select(Bench.issuer)).isEmpty)
        #expect(bench.card.powerOn() == bench.card.profile.answerToReset)
        #expect(bench.send(Step.select(Bench.issuer)).hasSuffix("9000"))
    }

    @Test("forgets its sessions and channels at reset")
    func reset() throws {
        let bench = try Bench()
        bench.must(Step.issuer + ["0070000001"])
        bench.card.reset()
        #expect(bench.status(Step.getStatus("80")) == "6982")
        #expect(bench.status("01A4040000") == "6881")
    }

    @Test("selects what is implicitly selectable at reset")
    func implicitSelection() throws {
        let bench = try Bench()
        bench.must(CoreRules.loaded + [Step.forInstall(CoreRules.applet, privileges: "04")])
        bench.card.reset()
        #expect(bench.send("0002000000") == "00009000")
    }

    @Test("falls back to the issuer domain when the implicitly selectable application is locked")
    func lockedImplicitSelection() throws {
        let bench = try Bench()
        bench.must(
            CoreRules.loaded + [
                Step.forInstall(CoreRules.applet, privileges: "04"),
                Step.setStatus("40", "80", CoreRules.applet),
            ])
        bench.card.reset()
        #expect(bench.status("0002000000") == "6D00")
        #expect(bench.status("80CA004200") == "9000")
    }

    @Test("shows its log every command and its answer, as on the wire")
    func log() throws {
        let bench = try Bench("javacard-80k-slow")
        var seen: [CardExchange] = []
        bench.card.onExchange = { seen.append($0) }
        bench.send(Step.select(Bench.issuer))
        bench.send("80FF000000")
        #expect(seen.map(\.number) == [1, 2])
        #expect(seen[1].answer == [0x6D, 0x00])
        #expect(seen[0].command.hex == Step.select(Bench.issuer))
    }

    @Test("of the slow profile takes about 46 ms for a full LOAD")
    func timing() throws {
        let bench = try Bench("javacard-80k-slow")
        bench.must(Step.issuer + [Step.forLoad(Bench.packageAID), CoreRules.blocks[0]])
        #expect((44...49).contains(bench.card.lastDurationMilliseconds))
        #expect(try Bench().card.lastDurationMilliseconds == 0)
    }

    @Test("pages GET STATUS with 6310, and gives every entry once")
    func paging() throws {
        let bench = try Bench()
        bench.must(CoreRules.loaded)
        let names = (0..<30).map { "F0426572740B" + $0.byteHex }
        bench.must(names.map { Step.forInstall($0) })
        var answer = bench.send(Step.getStatus("40", "02", "4F005C014F"))
        var pages = 1
        var data = answer.dropLast(4)
        while answer.hasSuffix("6310"), pages < 10 {
            answer = bench.send(Step.getStatus("40", "03", "4F005C014F"))
            data += answer.dropLast(4)
            pages += 1
        }
        #expect(answer.hasSuffix("9000"))
        #expect(pages > 1)
        let found = try BERTLV.readAll(try Hex.decode(data)).map { try $0.children()[0].value.hex }
        #expect(found == names)
    }

    @Test("gives an answer of more than 256 bytes in parts")
    func longAnswer() throws {
        let bench = try Bench()
        bench.must(Step.issuer + (UInt8(1)...15).map { Step.putKeys(version: $0) })
        let first = bench.send("80CA00E000")
        #expect(first.count == 512 + 4)
        #expect(first.hasSuffix("6112"))
        let rest = bench.send("00C00000" + String(first.suffix(2)))
        #expect(rest.hasSuffix("9000"))
        let whole = try BERTLV.readOne(try Hex.decode(first.dropLast(4) + rest.dropLast(4)))
        #expect(try whole.children().count == 45)
    }

    @Test("blocks a key set after so many failures, and a good authentication clears the count")
    func blocking() throws {
        let bench = try Bench("javacard-80k-scp02")
        let wrong = "8482000008AAAAAAAAAAAAAAAB"
        for _ in 0..<9 {
            bench.must([Step.initialize])
            #expect(bench.status(wrong) == "6300")
        }
        bench.must(Step.session)
        for _ in 0..<10 {
            bench.must([Step.initialize])
            #expect(bench.status(wrong) == "6300")
        }
        #expect(bench.status(Step.initialize) == "6983")
        bench.card.reset()
        #expect(bench.status(Step.initialize) == "6983")
    }

    @Test("shares one copy of a load file between all cards of a process")
    func sharing() throws {
        let environment = Bench.environment()
        let profile = try #require(CardProfile.builtIn("javacard-80k"))
        let cards = (UInt8(0)..<2).map {
            Bench(
                VirtualCard(
                    profile: profile, environment: environment, entropy: SeededEntropy(seed: [$0])))
        }
        for bench in cards { bench.must(CoreRules.loaded) }
        let codes = cards.map { $0.card.contents.loadFiles.last?.code }
        #expect(codes[0] != nil && codes[0] === codes[1])
    }
}

@Suite("Programs on a card")
struct CoreProgramTests {
    static func selected() throws -> Bench {
        let bench = try Bench()
        bench.must(CoreRules.installed + [Step.select(CoreRules.applet)])
        return bench
    }

    @Test("keep their objects over a reset")
    func persistence() throws {
        let bench = try Self.selected()
        bench.must(["0001000000", "0001000000"])
        bench.card.reset()
        bench.must([Step.select(CoreRules.applet)])
        #expect(bench.send("0002000000") == "00029000")
    }

    @Test("lose transient memory at reset, and some of it at deselection")
    func transient() throws {
        let bench = try Self.selected()
        bench.must(["0004000104DEADBEEF", "0004000204DEADBEEF", Step.select(CoreRules.applet)])
        #expect(bench.send("0005000100") == "DEADBEEF9000")
        #expect(bench.send("0005000200") == "000000009000")
        bench.card.reset()
        bench.must([Step.select(CoreRules.applet)])
        #expect(bench.send("0005000100") == "000000009000")
    }

    @Test("undo what they wrote when they refuse")
    func rollback() throws {
        let bench = try Self.selected()
        #expect(bench.status("0006000000") == "6985")
        #expect(bench.send("0002000000") == "00009000")
    }

    @Test(
        "have transactions that end as they say",
        arguments: [
            ("00", "1234"), ("01", "0000"), ("02", "0000"),
        ])
    func transactions(_ p1: String, _ value: String) throws {
        let bench = try Self.selected()
        bench.must(["0008" + p1 + "0000"])
        #expect(bench.send("0002000000") == value + "9000")
    }

    @Test("call one another, each in its own memory")
    func sharedObjects() throws {
        let bench = try Bench()
        bench.must(
            CoreRules.installed + [
                Step.forInstall(CoreRules.other), Step.select(CoreRules.other), "0001000000",
                Step.select(CoreRules.applet),
            ])
        #expect(bench.send("00070000" + CoreRules.other.counted + "00") == "0100019000")
        #expect(bench.status("00070000" + CoreRules.domainA.counted + "00") == "6985")
    }

    @Test("keep static fields with their load file, out of reach of other packages")
    func statics() throws {
        let bench = try Self.selected()
        let free = bench.card.freeMemory.nonVolatile
        #expect(bench.send("00090000" + Bench.packageAID.counted + "00") == "51529000")
        #expect(bench.card.freeMemory.nonVolatile == free - CoreMemoryTests.cost(2))
        #expect(bench.status("00090000" + Bench.libraryAID.counted + "00") == "6985")
        bench.must(Step.issuer + [Step.delete(Bench.packageAID, related: true)])
        #expect(bench.card.contents.memories.isEmpty)
    }

    @Test("are not called when they are locked")
    func lockedServer() throws {
        let bench = try Bench()
        bench.must(
            CoreRules.installed + [
                Step.forInstall(CoreRules.other), Step.setStatus("40", "80", CoreRules.other),
                Step.select(CoreRules.applet),
            ])
        #expect(bench.status("00070000" + CoreRules.other.counted + "00") == "6985")
    }

    @Test("leave nothing behind when they are deleted")
    func deletion() throws {
        let bench = try Bench()
        bench.must(CoreRules.loaded)
        let state = bench.card.contents
        bench.must([Step.forInstall(CoreRules.applet), Step.delete(CoreRules.applet)])
        #expect(bench.card.contents.memories == state.memories)
        #expect(bench.card.contents.applications == state.applications)
    }
}
