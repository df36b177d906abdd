import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

/// LOAD numbers its blocks with one byte (GPCS 2.3.1 §11.6.2.2): what does not fit into 256 short commands goes in
/// longer ones, or the plan says so before anything reaches the card.
@Suite("Load files of more than 256 short blocks")
struct LongLoadFileTests {
    private static let application = "atlas"

    private static func cap(codeBytes: Int) throws -> CAPImport {
        var blueprint = CAPBlueprint(
            aid: try AID(hex: "F0426572747F01"), version: CAPVersion(1, 0), packageName: "test.atlas",
            codeBytes: codeBytes)
        blueprint.applets = [.init(aid: try AID(hex: "F0426572747F0101"), name: "Atlas")]
        return try CAPImport(blueprint.build())
    }

    /// An application of one load file with so much code, in the catalogue.
    private static func bench(codeBytes: Int) throws -> (bench: DeskBench, release: Release) {
        let bench = try DeskBench()
        let cap = try cap(codeBytes: codeBytes)
        let module = try #require(cap.modules.first).aid
        let id = ReleaseID(try ApplicationID(application), try ReleaseVersion("1.0"))
        let release = Release(
            id: id, loadFiles: [cap.loadFile],
            instances: [
                .init(
                    aid: module, module: module, loadFile: cap.loadFile.aid,
                    declared: Room(nonVolatile: 300))
            ], parking: .stateless)
        try bench.act { act in
            try act.registerApplication(id.application, name: "Atlas", provider: try ProviderID("berth"))
            try act.keep(cap, for: try ProviderID("berth"))
            try act.draft(release)
            try act.publish(id)
        }
        return (bench, release)
    }

    private static func wish(_ release: Release) -> [Wish] { [.add(application: release.id.application)] }

    @Test("go in long commands where the card takes them", arguments: [40_000, 62_000])
    func long(codeBytes: Int) throws {
        let (bench, release) = try Self.bench(codeBytes: codeBytes)
        let (card, id) = try bench.makeCard("javacard-180k")
        try bench.visit(card, id)
        let plan = try bench.plan(for: Self.wish(release), on: id)
        #expect(plan.isFeasible, "\(plan.objections)")
        try bench.wish("atlas", Self.wish(release), on: id)
        var longest = 0
        var loads = 0
        bench.onCommand = { command in
            guard command.ins == Instruction.load else { return }
            longest = max(longest, command.data.count)
            loads += 1
        }
        try bench.visitUntilEnd(card, id, "atlas")
        #expect(card.contents.application(release.instances[0].aid) != nil)
        #expect(try bench.record(id).card.inventory?.drift == nil)
        // Short commands as long as they do: not every reader takes others.
        let isLong = release.loadFiles[0].byteCount > 256 * 239
        #expect((longest > 255) == isLong, "\(longest)")
        #expect(loads <= 256 && (!isLong || loads > 250), "\(loads)")
        try bench.wish("gone", [.remove(application: release.id.application)], on: id)
        try bench.visitUntilEnd(card, id, "gone")
    }

    @Test(
        "are refused by the plan where it does not",
        arguments: ["javacard-80k", "javacard-80k-scp02"])
    func refused(profile: String) throws {
        let (bench, release) = try Self.bench(codeBytes: 62_000)
        let (card, id) = try bench.makeCard(profile)
        try bench.visit(card, id)
        let plan = try bench.plan(for: Self.wish(release), on: id)
        #expect(plan.objections.map(\.kind) == [.loadFileTooLong])
        #expect(!plan.isFeasible && plan.steps.isEmpty)
        #expect(throws: OperationRefusal.self) {
            try bench.desk.request(
                RequestID("atlas"), plan, deadline: bench.clock.now.advanced(by: .seconds(60)), by: .centre)
        }
    }

    @Test("that just fit are carried out on a card with short commands only")
    func justFits() throws {
        // The model reckons with 223 bytes in each of 256 blocks; a tag and three bytes of length come in front.
        let bytesMax = 256 * 223 - 4
        let code = 56_000 + bytesMax - (try Self.cap(codeBytes: 56_000)).loadFile.byteCount - 8
        let (bench, release) = try Self.bench(codeBytes: code)
        try #require((bytesMax - 63...bytesMax).contains(release.loadFiles[0].byteCount))
        let (card, id) = try bench.makeCard("javacard-80k")
        try bench.visit(card, id)
        try bench.wish("atlas", Self.wish(release), on: id)
        try bench.visitUntilEnd(card, id, "atlas")
        #expect(card.contents.application(release.instances[0].aid) != nil)
    }
}
