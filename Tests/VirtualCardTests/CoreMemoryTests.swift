import CardCrypto
import GlobalPlatform
import SmartCard
import TestSupport
import Testing

@testable import VirtualCard

@Suite("Memory of a card")
struct CoreMemoryTests {
    /// What FF21 says: applications, non-volatile, volatile.
    static func report(_ bench: Bench) throws -> CardResources {
        let answer = try Hex.decode(bench.send("80CAFF2100"))
        return try CardResources(value: try BERTLV.readOne(answer.dropLast(2)).value)
    }

    /// Blocks of 32 bytes, 8 bytes of overhead for each object (profile javacard-80k).
    static func cost(_ bytes: Int) -> Int { (bytes + 8 + 31) / 32 * 32 }

    @Test("is reported to the byte at every moment", .mission(.point3))
    func exact() throws {
        let bench = try Bench()
        bench.must(Step.issuer)
        var expected = try Self.report(bench).freeNonVolatile
        func expect(_ change: Int, after steps: [String]) throws {
            bench.must(steps)
            expected -= change
            #expect(try Self.report(bench).freeNonVolatile == expected, "\(steps.last ?? "")")
        }
        let blocks = Step.loads(Step.loadFile(SampleCAP.applets))
        let modules = 2 * Self.cost(7)
        let code = Self.cost(SampleCAP.applets.count) + modules
        try expect(0, after: [Step.forLoad(Bench.packageAID)])
        try expect(Self.cost(239), after: [blocks[0]])
        try expect(code - Self.cost(239), after: Array(blocks.dropFirst()))
        // An entry, and the one object of two bytes that the program makes.
        try expect(Self.cost(160) + Self.cost(2), after: [Step.forInstall(CoreRules.applet)])
        #expect(try Self.report(bench).freeVolatile == 4096 - 8)
        #expect(try Self.report(bench).applicationCount == 1)
        try expect(Self.cost(480), after: [Step.domain(CoreRules.domainA)])
        try expect(Self.cost(3) - Self.cost(6), after: [Step.storeData("90", 0, "4203112233")])
        try expect(3 * Self.cost(32), after: [Self.putLargeKeys])
        try expect(-3 * Self.cost(32), after: ["80E4000003D2010500"])
        try expect(-Self.cost(480), after: [Step.delete(CoreRules.domainA)])
        try expect(-Self.cost(160) - Self.cost(2), after: [Step.delete(CoreRules.applet)])
        try expect(-code, after: [Step.delete(Bench.packageAID)])
        #expect(try Self.report(bench).freeVolatile == 4096)
    }

    static let putLargeKeys: String = {
        let keys = (UInt8(4)...6).map { Step.keyField(.aes, [UInt8](repeating: $0, count: 32)) }.joined()
        return "80D80084" + ("05" + keys).counted + "00"
    }()

    @Test(
        "that runs out during LOAD refuses the block, and gives everything back",
        arguments: [
            ("small-16k", "6A84"), ("javacard-80k-scp02", "6581"),
        ])
    func exhaustedLoad(_ profile: String, _ status: String) throws {
        let bench = try Bench(profile)
        bench.must([Step.select(Bench.issuer)] + Step.session)
        var before = bench.card.freeMemory
        var refusals: [String] = []
        for aid in [Bench.libraryAID, Bench.packageAID] {
            before = bench.card.freeMemory
            bench.must([Step.forLoad(aid)])
            let steps = Step.loads(Step.loadFile(Self.large(aid)))
            refusals = steps.map { bench.status($0) }.filter { $0 != "9000" && $0 != "6101" }
            if !refusals.isEmpty { break }
        }
        // The block that finds no room ends the process; what follows finds none begun.
        #expect(refusals.first == status)
        #expect(refusals.dropFirst().allSatisfy { $0 == "6985" })
        #expect(bench.card.freeMemory == before)
        bench.must([Step.forLoad("F04265727409")])
    }

    static func large(_ aid: String) -> [UInt8] {
        SampleCAP.block(aid, applets: [], imports: [], methodBytes: 45_000)
    }

    @Test("reserved is taken at once, used first, and given back with the application")
    func reserve() throws {
        let bench = try Bench()
        bench.must(CoreRules.loaded)
        let free = bench.card.freeMemory.nonVolatile
        bench.must([Step.forInstall(CoreRules.applet, parameters: "C900EF04D8020800")])
        #expect(bench.card.freeMemory.nonVolatile == free - 2048)
        bench.must([Step.select(CoreRules.applet), "0003010500"])
        #expect(bench.card.freeMemory.nonVolatile == free - 2048)
        bench.must(["0003080600"])
        let used = Self.cost(160) + Self.cost(2) + Self.cost(256) + Self.cost(2048)
        #expect(bench.card.freeMemory.nonVolatile == free - used)
        bench.must(Step.issuer + [Step.delete(CoreRules.applet)])
        #expect(bench.card.freeMemory.nonVolatile == free)
    }

    @Test("of an application ends at its quota, however much the card has")
    func quota() throws {
        let bench = try Bench()
        bench.must(
            CoreRules.loaded + [
                Step.forInstall(CoreRules.applet, parameters: "C900EF04C8020400"),
                Step.select(CoreRules.applet), "0003010500",
            ])
        let free = bench.card.freeMemory
        #expect(bench.status("0003040600") == "6A84")
        #expect(bench.card.freeMemory == free)
        #expect(bench.status("0003010600") == "9000")
    }

    @Test("volatile reserved by one is not there for another")
    func volatileReserve() throws {
        let bench = try Bench()
        bench.must(CoreRules.loaded + [Step.forInstall(CoreRules.applet, parameters: "C900EF04D7020FFC")])
        #expect(bench.card.freeMemory.volatile == 4)
        #expect(bench.status(Step.forInstall(CoreRules.other)) == "6A84")
        bench.must([Step.delete(CoreRules.applet), Step.forInstall(CoreRules.other)])
    }

    @Test("does not heed quotas on a card without")
    func withoutQuotas() throws {
        let bench = try Bench("uicc-64k")
        for step in CoreRules.loaded { bench.send(step) }
        let free = bench.card.freeMemory.nonVolatile
        bench.send(Step.forInstall(CoreRules.applet, parameters: "C900EF08D8024000C8024000"))
        #expect(bench.card.contents.application(try AID(hex: CoreRules.applet)) != nil)
        #expect(free - bench.card.freeMemory.nonVolatile < 512)
    }
}
