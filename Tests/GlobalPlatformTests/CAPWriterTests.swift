internal import SmartCard
internal import Testing

@testable internal import GlobalPlatform

@Suite("CAP files of our own")
struct CAPWriterTests {
    static func applet(_ minor: UInt8 = 1, code: Int = 0) throws -> CAPBlueprint {
        CAPBlueprint(
            format: CAPVersion(2, minor), aid: try AID(hex: "F04245525401"), version: CAPVersion(1, 2),
            packageName: "berth.purse", applets: [.init(aid: try AID(hex: "F0424552540101"), name: "Purse")],
            codeBytes: code)
    }

    // Written by hand from JCVM 2.2.2 chapters 6 and 7. Oracle's off-card verifiers of the 2.2.1, 2.2.2, 3.0.5 and
    // 3.2.0 development kits passed files of this shape without an error or a warning (docs/reference/cap.md).
    @Test("an applet's components are these bytes")
    func fixedBytes() throws {
        let expected = [
            "010010 DECAFFED 01 02 04 02 01 06 F04245525401",
            "02001F 0010 001F 000B 000B 001A 000C 0027 000A 000A 0000 0049 0000 0000 0000 01 01 00",
            "04000B 01 00 01 07 A0000000620101",
            "03000B 01 07 F0424552540101 000C",
            "06000C 00 8003 00 FF 00 07 01 00 00 0017",
            "070027 00 0110188C0000188B00017A 02308F00043D8C00053B7A 0120188B000260037A116D008D00037A",
            "08000A 0000 0000 0000 0000 0000",
            "05001A 0006 06800300 03800301 03800303 06800701 01000000 06000001",
            "09000A 0000 0006 05 04 06 04 08 09",
        ]
        let components = try Self.applet().components()
        #expect(components.dropLast().map(\.bytes) == expected.map { bytes($0) })
        #expect(components.last?.kind == .descriptor)
    }

    @Test("every format reads back as what was asked for", arguments: [1, 2, 3] as [UInt8])
    func readsBack(minor: UInt8) throws {
        var blueprint = try Self.applet(minor, code: 5000)
        blueprint.applets[0].shortFields = 7
        blueprint.applets.append(.init(aid: try AID(hex: "F0424552540102"), name: "Pass"))
        blueprint.staticBytes = [1, 2, 3]
        let library = CAPPackage(aid: try AID(hex: "F0424552540900"), version: CAPVersion(1, 0))
        blueprint.imports = [library]
        let file = try CAPFile(try blueprint.build())
        #expect(file.header.format == CAPVersion(2, minor))
        #expect(file.loadFile.aid == blueprint.aid && file.loadFile.version == blueprint.version)
        #expect(file.applets.map(\.aid) == blueprint.applets.map(\.aid))
        #expect(file.applets.map(\.name) == ["Purse", "Pass"])
        #expect(file.imports.last == library && file.imports.count == 2)
        #expect(file.packageName == "berth.purse")
        #expect(file.staticFields.imageBytes == 3)
        #expect(file.classes.classes.map(\.instanceCells) == [7, 0])
        #expect((5000...5008).contains(file.component(.method)?.infoCount ?? 0))
        #expect(file.descriptor?.classes.map(\.fieldCount) == [10, 0])
    }

    @Test("a library exports its methods by token", arguments: [1, 2, 3] as [UInt8])
    func library(minor: UInt8) throws {
        let blueprint = CAPBlueprint(
            format: CAPVersion(2, minor), aid: try AID(hex: "F04245525409"), version: CAPVersion(1, 0),
            packageName: "berth.points", libraryMethods: 3, codeBytes: 40_000)
        let file = try CAPFile(try blueprint.build())
        #expect(file.header.hasExport && !file.header.hasApplet && file.applets.isEmpty)
        #expect(file.exports?.packages.first?.first?.staticMethods.count == 3)
        #expect(file.imports.map(\.aid) == [try AID(hex: "A0000000620001")])
        #expect(FootprintEstimate(file, on: .typical).instances.isEmpty)
    }

    @Test("the same blueprint gives the same bytes, and long names fold in the manifest")
    func deterministic() throws {
        var blueprint = try Self.applet(2, code: 900)
        blueprint.applets[0].name = String(repeating: "LongName", count: 20)
        let archive = try blueprint.build()
        #expect(archive == (try blueprint.build()))
        #expect(try CAPFile(archive).applets.first?.name == blueprint.applets[0].name)
    }

    // Satochip, GidsApplet, MuscleApplet, SatoChip 3.0.4 and JCAlgTest 1.8.2 have methods of 80 to 244 bytes on
    // average, and a Descriptor of 9.6 to 20.4 percent of the load file: it has twelve bytes for each method.
    @Test("filler code has methods of real length, and so a Descriptor of real size")
    func fillers() throws {
        let file = try CAPFile(try Self.applet(code: 36_000).build())
        let methods = try #require(file.descriptor?.classes.first?.methods)
        #expect((80...244).contains(methods.reduce(0) { $0 + $1.byteCodeCount } / methods.count))
        let descriptor = try #require(file.component(.descriptor)?.infoCount)
        #expect((0.05...0.10).contains(Double(descriptor) / Double(file.loadFileDataBlock().count)))
    }

    @Test("distances beyond 254 are bridged (JCVM 3.1 §6.12)")
    func distances() throws {
        // A third applet's code begins beyond byte 74; twelve of them cover several hundred bytes in small steps, so
        // the bridge is made by hand here: two empty steps of 255 before the last location.
        let code = [UInt8](repeating: 0, count: 600)
        let fixture = CAPFixture.compact.changing(7) { $0 += code }.changing(2) { directory in
            directory.replaceSubrange(12..<14, with: bytes("0272"))
            directory.replaceSubrange(16..<18, with: bytes("000B"))
        }.changing(9) { $0 = bytes("0000 0007 05 04 06 04 FF FF 06") }
        #expect(throws: Never.self) { try CAPFile(fixture.row) }
        // 19 + 510 + 97 is the first location that does not fit.
        let beyond = fixture.changing(9) { $0[10] = 97 }
        #expect(throws: CAPError.broken(.referenceLocation, offset: 13, .offsetOutOfRange(626, limit: 626))) {
            try CAPFile(beyond.row)
        }
    }

    @Test("what no card would load is refused")
    func refusals() throws {
        let good = try Self.applet()
        func expect(_ error: CAPBlueprintError, _ change: (inout CAPBlueprint) throws -> Void) rethrows {
            var blueprint = good
            try change(&blueprint)
            #expect(throws: error) { try blueprint.build() }
        }
        expect(.unsupportedFormat(CAPVersion(2, 4))) { $0.format = CAPVersion(2, 4) }
        expect(.unsupportedFormat(CAPVersion(1, 1))) { $0.format = CAPVersion(1, 1) }
        expect(.packageName("berth..x")) { $0.packageName = "berth..x" }
        expect(.packageName("../x")) { $0.packageName = "../x" }
        expect(.packageName("")) { $0.packageName = "" }
        expect(.nothingInside) { $0.applets = [] }
        expect(.appletsAndLibrary) { $0.libraryMethods = 1 }
        expect(.tooManyImports(101)) { blueprint in
            let package = CAPPackage(aid: blueprint.aid, version: CAPVersion(1, 0))
            blueprint.imports = Array(repeating: package, count: 101)
        }
        expect(.tooManyApplets(33)) { $0.applets = Array(repeating: $0.applets[0], count: 33) }
        expect(.tooManyMethods(201)) {
            $0.applets = []; $0.libraryMethods = 201
        }
        expect(.duplicateAID(good.applets[0].aid)) { $0.applets.append($0.applets[0]) }
        expect(.componentTooLarge(.method, bytes: 65_536)) { $0.codeBytes = 65_536 }
        let foreign = try AID(hex: "A000000003")
        expect(.foreignProvider(foreign)) { $0.applets[0].aid = foreign }
    }
}
