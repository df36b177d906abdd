import Centre
import GlobalPlatform
import SmartCard
import TestSupport
import Testing
import VirtualCard

/// Libraries in several versions, on real cards.
@Suite("Versions of libraries", .mission(.b10))
struct LibraryVersionTests {
    private static let library = ExampleApplication.library.loadFile
    private static let more = (try? AID(hex: "F0426572746810")) ?? library

    /// - Parameter wants: the minor version of the library that it needs at least; none where it imports nothing.
    private static func cap(
        _ example: ExampleApplication, minor: UInt8 = 0, wants: UInt8? = 0, alsoNeedsMore: Bool = false
    ) throws -> CAPImport {
        var blueprint = example.blueprint
        blueprint.version = CAPVersion(1, minor)
        blueprint.imports = example.dependencies.flatMap { library in
            wants.map { [CAPPackage(aid: library.loadFile, version: CAPVersion(1, $0))] } ?? []
        }
        if alsoNeedsMore { blueprint.imports.append(CAPPackage(aid: more, version: CAPVersion(1, 0))) }
        return try CAPImport(try blueprint.build())
    }

    private static func id(_ example: ExampleApplication, _ version: String) throws -> ReleaseID {
        ReleaseID(VisitBench.id(example).application, try ReleaseVersion(version))
    }

    private static func publish(
        _ bench: DeskBench, _ id: ReleaseID, _ code: [CAPImport], of example: ExampleApplication? = nil
    ) throws {
        var instances: [Release.Instance] = []
        if let example {
            instances.append(
                .init(
                    aid: example.module, module: example.module, loadFile: example.loadFile,
                    declared: Room(nonVolatile: 300)))
        }
        let release = Release(
            id: id, loadFiles: code.map(\.loadFile), instances: instances,
            personalisation: try example.map(VisitBench.personalisation) ?? [],
            parking: example == nil ? .stateless : .contract)
        try bench.act { act in
            for cap in code { try act.keep(cap, for: ProviderID("berth")) }
            try act.draft(release)
            try act.publish(id)
        }
    }

    /// Loyalty 1.0 with a thousand points; 2.0 of it brings version 1.1 of the library.
    private static func prepared(newCode minor: UInt8 = 1) throws -> (
        bench: DeskBench, card: VirtualCard, id: CardID, member: String
    ) {
        let bench = try DeskBench()
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        try bench.wish("add", [.addRelease(VisitBench.id(.loyalty))], on: id)
        try bench.visitUntilEnd(card, id, "add")
        _ = try DeskBench.ask(card, .loyalty, "8010000004000003E8")
        try publish(
            bench, Self.id(.loyalty, "2.0"), [cap(.library, minor: 1), cap(.loyalty, minor: minor)],
            of: .loyalty)
        return (bench, card, id, try DeskBench.ask(card, .loyalty, "8014000000"))
    }

    private static func minor(_ card: VirtualCard) -> UInt8? { card.contents.loadFile(library)?.minor }

    @Test("an update exchanges the library that it brings, and keeps the data", arguments: [0, 1] as [UInt8])
    func update(minor: UInt8) throws {
        let (bench, card, id, member) = try Self.prepared(newCode: minor)
        #expect(Self.minor(card) == 0)
        try bench.wish("update", [.update(to: Self.id(.loyalty, "2.0"))], on: id)
        try bench.visitUntilEnd(card, id, "update")
        #expect(Self.minor(card) == 1)
        #expect(try DeskBench.ask(card, .loyalty, "8014000000") == member)
        try BerthOperationTests.checkAccount(bench, card, id, "update")
    }

    @Test("what needs a newer library than the card has waits for who needs the old one, or comes with it")
    func newer() throws {
        for isFirst in [true, false] {
            let (bench, card, id, member) = try Self.prepared()
            let loans = try Self.id(.loans, "4.0")
            try Self.publish(bench, loans, [Self.cap(.loans, wants: 1)], of: .loans)
            let alone = try bench.plan(for: [.addRelease(loans)], on: id)
            #expect(alone.objections.map(\.kind) == [.stillNeeded])
            #expect(alone.objections.first?.reason.contains("loyalty") == true)
            let wishes: [Wish] = [.addRelease(loans), .update(to: try Self.id(.loyalty, "2.0"))]
            try bench.wish("both", isFirst ? wishes : wishes.reversed(), on: id)
            try bench.visitUntilEnd(card, id, "both")
            #expect(Self.minor(card) == 1 && card.contents.loadFile(ExampleApplication.loans.loadFile) != nil)
            #expect(try DeskBench.ask(card, .loyalty, "8014000000") == member)
            try BerthOperationTests.checkAccount(bench, card, id, "both")
        }
    }

    @Test("an update to what needs another library is made although nobody publishes the old one any more")
    func oldWithdrawn() throws {
        let bench = try DeskBench()
        let code = try ApplicationID("more")
        try bench.act { try $0.registerApplication(code, name: "more", provider: ProviderID("berth")) }
        func publish(_ major: UInt8, _ version: String) throws -> ReleaseID {
            let library = CAPBlueprint(
                aid: Self.more, version: CAPVersion(major, 0), packageName: "berth.more", libraryMethods: 2,
                codeBytes: 300)
            var loyalty = ExampleApplication.loyalty.blueprint
            loyalty.version = CAPVersion(1, major)
            loyalty.imports = [CAPPackage(aid: Self.more, version: CAPVersion(major, 0))]
            let brought = ReleaseID(code, try ReleaseVersion(version))
            try Self.publish(bench, brought, [CAPImport(try library.build())])
            try Self.publish(
                bench, Self.id(.loyalty, version), [CAPImport(try loyalty.build())], of: .loyalty)
            return brought
        }
        let first = try publish(1, "3.0")
        let (card, number) = try bench.makeCard()
        try bench.visit(card, number)
        try bench.wish("add", [.addRelease(Self.id(.loyalty, "3.0"))], on: number)
        try bench.visitUntilEnd(card, number, "add")
        _ = try DeskBench.ask(card, .loyalty, "8010000004000003E8")
        let member = try DeskBench.ask(card, .loyalty, "8014000000")
        _ = try publish(2, "4.0")
        try bench.act { try $0.withdraw(first, reason: "replaced") }
        try bench.wish("update", [.update(to: Self.id(.loyalty, "4.0"))], on: number)
        try bench.visitUntilEnd(card, number, "update")
        #expect(card.contents.loadFile(Self.more)?.version == [2, 0])
        #expect(try DeskBench.ask(card, .loyalty, "8014000000") == member)
    }

    @Test("one library that was withdrawn does not hide another that is published")
    func oneWithdrawn() throws {
        let bench = try DeskBench()
        let names = try ["library", "more"].map { try ApplicationID($0) }
        let version = try ReleaseVersion("1.0")
        try bench.act { act in
            for name in names {
                try act.registerApplication(name, name: name.text, provider: ProviderID("berth"))
            }
            for example in [ExampleApplication.loyalty, .loans] {
                try act.withdraw(VisitBench.id(example), reason: "replaced")
            }
        }
        let other = CAPBlueprint(
            aid: Self.more, version: CAPVersion(1, 0), packageName: "berth.more", libraryMethods: 2,
            codeBytes: 300)
        try Self.publish(bench, ReleaseID(names[0], version), [Self.cap(.library)])
        try Self.publish(bench, ReleaseID(names[1], version), [CAPImport(try other.build())])
        let loyalty = try Self.id(.loyalty, "3.0")
        try Self.publish(bench, loyalty, [Self.cap(.loyalty, alsoNeedsMore: true)], of: .loyalty)
        let loans = try Self.id(.loans, "3.0")
        try Self.publish(bench, loans, [Self.cap(.loans)], of: .loans)
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        try bench.wish("add", [.addRelease(loyalty), .addRelease(loans)], on: id)
        try bench.visitUntilEnd(card, id, "add")
        let member = try DeskBench.ask(card, .loyalty, "8014000000")
        try bench.wish("park", [.park(application: loyalty.application)], on: id)
        try bench.visitUntilEnd(card, id, "park")
        #expect(card.contents.loadFile(Self.library) != nil && card.contents.loadFile(Self.more) == nil)
        try bench.act { try $0.withdraw(ReleaseID(names[0], version), reason: "replaced") }
        let stay = try #require(try bench.stays(of: id).last)
        try bench.wish("back", [.restore(stay.key)], on: id)
        try bench.visitUntilEnd(card, id, "back")
        #expect(try DeskBench.ask(card, .loyalty, "8014000000") == member)
        // Where both are gone, only that is named which is not there.
        let (empty, second) = try bench.makeCard(seed: 2)
        try bench.visit(empty, second)
        let plan = try bench.plan(for: [.addRelease(loyalty)], on: second)
        #expect(plan.objections.map(\.kind) == [.importMissing])
        #expect(plan.objections.first?.reason.contains("\(Self.library)") == true)
    }

    @Test("code whose application is not there makes room")
    func deadRoom() throws {
        let bench = try DeskBench()
        let code = ReleaseID(try ApplicationID("more"), try ReleaseVersion("1.0"))
        let purse = VisitBench.id(.purse).application
        try bench.act {
            try $0.registerApplication(code.application, name: "more", provider: ProviderID("berth"))
        }
        let other = CAPBlueprint(
            aid: Self.more, version: CAPVersion(1, 0), packageName: "berth.more", libraryMethods: 2,
            codeBytes: 2_000)
        try Self.publish(bench, code, [CAPImport(try other.build())])
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        try bench.wish("code", [.addRelease(code)], on: id)
        try bench.visitUntilEnd(card, id, "code")
        let wishes = [Wish.add(application: purse)]
        var picture = try bench.act { try $0.picture(of: id, for: wishes, DeskBench.Models()) }
        picture.free.nonVolatile = 0
        picture.free.nonVolatile = picture.plan(wishes).shortage.nonVolatile - 500
        let plan = picture.plan(wishes)
        #expect(plan.isFeasible, "\(plan.objections)")
        #expect(plan.steps.contains { $0.step == .removeLoadFile(aid: Self.more) })
    }

    @Test("of two versions of a load file each has its own imports")
    func importsOfVersions() throws {
        let (old, new) = (VisitBench.id(.loyalty), try Self.id(.loyalty, "5.0"))
        for (present, wished, imports) in [(old, new, [Self.library]), (new, old, [])] {
            let bench = try DeskBench()
            try Self.publish(bench, new, [Self.cap(.loyalty, minor: 1, wants: nil)], of: .loyalty)
            let (card, id) = try bench.makeCard()
            try bench.visit(card, id)
            try bench.wish("add", [.addRelease(present)], on: id)
            try bench.visitUntilEnd(card, id, "add")
            let picture = try bench.act {
                try $0.picture(of: id, for: [.update(to: wished)], DeskBench.Models())
            }
            let code = picture.loaded.first { $0.entry.aid == ExampleApplication.loyalty.loadFile }
            #expect(code?.imports == imports)
        }
    }

    @Test("code that several providers publish is charged to no berth")
    func common() throws {
        let bench = try DeskBench()
        let code = ReleaseID(try ApplicationID("library"), try ReleaseVersion("1.0"))
        let loyalty = try Self.id(.loyalty, "3.0")
        try bench.act { act in
            try act.registerApplication(code.application, name: "library", provider: ProviderID("bank"))
            try act.withdraw(VisitBench.id(.loyalty), reason: "replaced")
            try act.withdraw(VisitBench.id(.loans), reason: "replaced")
        }
        try Self.publish(bench, code, [Self.cap(.library)])
        try Self.publish(bench, loyalty, [Self.cap(.loyalty)], of: .loyalty)
        let (card, id) = try bench.makeCard()
        try bench.visit(card, id)
        let reservation = Reservation(
            provider: try ProviderID("bank"), room: Room(nonVolatile: 8_000, volatile: 64),
            domain: try AID(hex: "F0426572746842"))
        try bench.wish("reserve", [.reserve(reservation)], on: id)
        try bench.visitUntilEnd(card, id, "reserve")
        let wishes = [Wish.addRelease(loyalty)]
        var picture = try bench.act { try $0.picture(of: id, for: wishes, DeskBench.Models()) }
        picture.free.nonVolatile = 0
        let need = picture.plan(wishes).shortage.nonVolatile
        picture.berths = []
        #expect(need == picture.plan(wishes).shortage.nonVolatile)
        // The ledger sees it the same way afterwards.
        let before = try bench.held(id).first?.remainder
        try bench.wish("add", wishes, on: id)
        try bench.visitUntilEnd(card, id, "add")
        #expect(try bench.held(id).first?.remainder == before)
        try BerthOperationTests.checkAccount(bench, card, id, "add")
    }
}
