internal import GlobalPlatform
internal import SmartCard
internal import Testing

@Suite("CAP files")
struct CAPFileTests {
    @Test("reads a compact file of format 2.1")
    func compact() throws {
        let file = try CAPFile(CAPFixture.compact.row)
        #expect(file.header.format == CAPVersion(2, 1))
        #expect(!file.header.isExtended && !file.header.usesInt && file.header.hasApplet)
        #expect(file.loadFile == CAPPackage(aid: try AID(hex: "F04245525401"), version: CAPVersion(1, 0)))
        #expect(file.imports == [CAPPackage(aid: try AID(hex: "A0000000620101"), version: CAPVersion(1, 0))])
        #expect(file.applets.map(\.aid) == [try AID(hex: "F0424552540101")])
        #expect(file.applets.map(\.installMethod) == [CAPMethodOffset(offset: 12)])
        #expect(file.staticFields.arrays.map(\.byteCount) == [2])
        #expect(file.methods.codeBytes == 25)
        #expect(file.classes.classes.map(\.superclass) == [.external(package: 0, class: 3)])
        #expect(file.classes.classes.first?.publicMethods.methods == [CAPMethodOffset(offset: 23)])
        #expect(file.descriptor?.classes.first?.methods.map(\.byteCodeCount) == [9, 9, 1])
        #expect(file.exports == nil && file.staticResources == nil && file.manifest == nil)
    }

    @Test("reads an extended file of format 2.3")
    func extended() throws {
        let file = try CAPFile(CAPFixture.extended.row)
        #expect(
            file.header.content
                == .extended(
                    file: CAPPackage(aid: try AID(hex: "F04245525410"), version: CAPVersion(1, 0)),
                    packages: []))
        #expect(file.methods.blocks.map(\.range.count) == [26, 4])
        #expect(file.directory.methodBlockCount == 2)
        #expect(file.staticResources?.resources.map(\.id) == [7])
        #expect(file.constantPool[4] == .staticMethod(CAPMethodOffset(block: 1, offset: 1)))
        #expect(file.applets.map(\.installMethod) == [CAPMethodOffset(block: 0, offset: 12)])
    }

    @Test("decodes every type of constant (JCVM 3.1 table 6-5)")
    func constants() throws {
        let fixture = CAPFixture.compact.changing(5) {
            $0 = bytes("0004 02000005 04000006 05000001 05800307")
        }
        let file = try CAPFile(fixture.row)
        #expect(
            (0..<4).map { file.constantPool[$0] } == [
                .instanceField(.internal(offset: 0), token: 5), .superMethod(.internal(offset: 0), token: 6),
                .staticField(offset: 1), .importedStaticField(package: 0, class: 3, token: 7),
            ])
    }

    @Test("finds components under any folder, passes over what does not belong to them, reads the manifest")
    func archive() throws {
        let manifest = """
            Manifest-Version: 1.0\r\n\r\nName: berth/hand\r\nJava-Card-CAP-File-Version: 2.1\r
            Java-Card-Converter-Provider: A person\r\nJava-Card-Package-Name: berth.ha\r\n nd\r
            Java-Card-Applet-1-Name: Hand\r\nJava-Card-Applet-1-AID: 0xf0:0x42:0x45:0x52:0x54:0x01:0x01\r\n
            """
        var files = CAPFixture.compact.files
        files.append(("META-INF/MANIFEST.MF", Array(manifest.utf8)))
        files.append(("APPLET-INF/", []))
        files.append(("APPLET-INF/applet.xml", Array("<applet-app/>".utf8)))
        files.append(("berth/hand/javacard/notes.txt", [1, 2, 3]))
        let file = try CAPFile(RawZIP(files).bytes)
        #expect(file.applets.map(\.name) == ["Hand"])
        #expect(file.packageName == "berth.hand")
        #expect(file.manifest?.converter == "A person")
        #expect(file.loadFileDataBlock() == (try CAPFile(CAPFixture.compact.row)).loadFileDataBlock())
    }

    // Java Card Development Kit 2.2.2, sample HelloWorld: its Header component as printed in many tutorials.
    @Test("reads the header of the development kit's HelloWorld")
    func helloWorld() throws {
        let fixture = CAPFixture.compact.changing(1) {
            $0 = bytes("DECAFFED 01 02 04 00 01 09 A00000006203010C01")
        }.changing(2) { $0[1] = 0x13 }
        let file = try CAPFile(fixture.row)
        #expect(file.loadFile.aid == (try AID(hex: "A00000006203010C01")))
        #expect(file.loadFile.version == CAPVersion(1, 0))
    }

    @Test("the load order is that of JCVM 3.1 §6.3, and the Descriptor goes along only when asked for")
    func loadOrder() throws {
        let fixture = CAPFixture.compact
        let file = try CAPFile(RawZIP(fixture.files.reversed()).bytes)
        let tags: [UInt8] = [1, 2, 4, 3, 6, 7, 8, 5, 9]
        #expect(file.loadFileDataBlock() == tags.flatMap(fixture.component))
        #expect(file.loadFileDataBlock(includesDescriptor: true) == fixture.row)
    }

    @Test("a custom component is checked against the Directory and goes to the card last (JCVM 3.1 §6.5)")
    func customComponent() throws {
        let fixture = CAPFixture.compact.changing(2) { directory in
            directory[3] = 0x28
            directory.replaceSubrange(30..., with: bytes("01 80 0002 05 F042455254"))
        }
        let custom = bytes("80 0002 CAFE")
        let file = try CAPFile(fixture.row + custom)
        #expect(file.directory.customComponents.map(\.tag) == [0x80])
        #expect(file.loadFileDataBlock().suffix(5) == custom[...])
        #expect(
            try CAPFile(RawZIP(fixture.files + [("a/javacard/Own.cap", custom)]).bytes).component(
                .init(tag: 0x80)) != nil)
        #expect(throws: CAPError.missing(CAPComponentKind(tag: 0x80))) { try CAPFile(fixture.row) }
        let compact = CAPFixture.compact
        // What nobody announced: passed over in an archive, kept in a row that was made for loading.
        let archive = RawZIP(compact.files + [("a/javacard/Own.cap", custom)])
        #expect(try CAPFile(archive.bytes).loadFileDataBlock(includesDescriptor: true) == compact.row)
        #expect(try CAPFile(compact.row + custom).loadFileDataBlock().suffix(5) == custom[...])
        #expect(throws: CAPError.duplicate(CAPComponentKind(tag: 0x80))) {
            try CAPFile(fixture.row + custom + custom)
        }
        #expect(throws: CAPError.self) { try CAPFile(fixture.row + bytes("80 0001 CA")) }
    }

    @Test("components in a row may stand in any order")
    func anyOrder() throws {
        let row = CAPFixture.order.reversed().filter { CAPFixture.compact.infos[$0] != nil }
        let file = try CAPFile(row.flatMap(CAPFixture.compact.component))
        #expect(file.loadFileDataBlock(includesDescriptor: true) == CAPFixture.compact.row)
    }

    @Test("a file made for loading only needs no Descriptor")
    func withoutDescriptor() throws {
        var fixture = CAPFixture.compact
        fixture.infos[11] = nil
        #expect(try CAPFile(fixture.row).descriptor == nil)
    }

    @Test("an import is satisfied by the same major version and no smaller minor version (JCVM 3.1 §4.5)")
    func versions() throws {
        let aid = try AID(hex: "A0000000620101")
        let wanted = CAPPackage(aid: aid, version: CAPVersion(1, 3))
        let offers = [(1, 3, true), (1, 4, true), (1, 2, false), (2, 3, false)] as [(UInt8, UInt8, Bool)]
        for (major, minor, expected) in offers {
            let offer = CAPPackage(aid: aid, version: CAPVersion(major, minor))
            #expect(wanted.isSatisfied(by: offer) == expected)
        }
    }
}

@Suite("Broken CAP files")
struct BrokenCAPTests {
    struct Break: Sendable, CustomTestStringConvertible {
        let name: String
        let fixture: CAPFixture
        let error: CAPError

        init(
            _ name: String, _ error: CAPError, _ tag: UInt8, at: Int, _ new: String,
            in fixture: CAPFixture = .compact
        ) {
            self.name = name
            self.error = error
            self.fixture = fixture.changing(tag) { info in
                let new = bytes(new)
                info.replaceSubrange(at..<min(info.count, at + new.count), with: new)
            }
        }

        var testDescription: String { name }
    }

    // Offsets count from the tag byte of the component that is named; `at` counts from its content.
    static let breaks: [Break] = [
        .init("magic", .broken(.header, offset: 3, .wrongMagic(0xDECA_FFEE)), 1, at: 3, "EE"),
        .init(
            "format 3.0", .broken(.header, offset: 7, .unsupportedFormat(major: 3, minor: 1)), 1, at: 5,
            "03"),
        .init(
            "format 2.4", .broken(.header, offset: 7, .unsupportedFormat(major: 2, minor: 4)), 1, at: 4,
            "04"),
        .init("unknown flag", .broken(.header, offset: 9, .unknownFlags(0x14)), 1, at: 6, "14"),
        .init("extended before 2.3", .broken(.header, offset: 9, .unknownFlags(0x0C)), 1, at: 6, "0C"),
        .init(
            "applet flag missing", .broken(.header, offset: 9, .flagMismatch(.applet, isPresent: true)), 1,
            at: 6, "00"),
        .init(
            "export flag alone", .broken(.header, offset: 9, .flagMismatch(.export, isPresent: false)), 1,
            at: 6, "06"),
        .init("package AID of 4 bytes", .broken(.header, offset: 12, .aidLength(4)), 1, at: 9, "04"),
        .init("package AID too long", .broken(.header, offset: 13, .truncated), 1, at: 9, "07"),
        .init("package AID too short", .broken(.header, offset: 18, .trailingBytes(1)), 1, at: 9, "05"),
        .init(
            "directory: method size",
            .broken(.directory, offset: 3, .directoryMismatch(.method, declared: 27, actual: 26)), 2, at: 13,
            "1B"),
        .init("directory: export promised", .missing(.export), 2, at: 19, "01"),
        .init(
            "directory: imports",
            .broken(.directory, offset: 3, .directoryMismatch(.import, declared: 2, actual: 1)),
            2, at: 28, "02"),
        .init(
            "directory: applets",
            .broken(.directory, offset: 3, .directoryMismatch(.applet, declared: 0, actual: 1)),
            2, at: 29, "00"),
        .init(
            "directory: image",
            .broken(.directory, offset: 3, .directoryMismatch(.staticField, declared: 6, actual: 5)), 2,
            at: 23, "06"),
        .init("directory: custom component", .broken(.directory, offset: 34, .truncated), 2, at: 30, "01"),
        .init("no applets", .broken(.applet, offset: 3, .emptyTable), 3, at: 0, "00"),
        .init("two applets promised", .broken(.applet, offset: 14, .truncated), 3, at: 0, "02"),
        .init("applet AID of 17 bytes", .broken(.applet, offset: 4, .aidLength(17)), 3, at: 1, "11"),
        .init(
            "install beyond the code", .broken(.applet, offset: 12, .offsetOutOfRange(0x1A, limit: 26)),
            3, at: 9, "001A"),
        .init(
            "install inside the table", .broken(.applet, offset: 12, .offsetOutOfRange(0, limit: 26)), 3,
            at: 9, "0000"),
        .init("two imports promised", .broken(.import, offset: 14, .truncated), 4, at: 0, "02"),
        .init("129 imports", .broken(.import, offset: 3, .tokenOutOfRange(129, count: 128)), 4, at: 0, "81"),
        .init(
            "constant count", .broken(.constantPool, offset: 3, .countMismatch(declared: 5, actual: 4)), 5,
            at: 1, "05"),
        .init("constant type 7", .broken(.constantPool, offset: 5, .unknownConstant(7)), 5, at: 2, "07"),
        .init(
            "constant of import 1", .broken(.constantPool, offset: 9, .tokenOutOfRange(1, count: 1)), 5,
            at: 7, "81"),
        .init(
            "constant of a class outside",
            .broken(.constantPool, offset: 13, .offsetOutOfRange(12, limit: 12)),
            5, at: 12, "0C"),
        .init(
            "constant of a method outside",
            .broken(.constantPool, offset: 17, .offsetOutOfRange(0x19, limit: 26)),
            5, at: 17, "19"),
        .init("class ends early", .broken(.class, offset: 15, .truncated), 6, at: 7, "02"),
        .init(
            "class: method outside", .broken(.class, offset: 13, .offsetOutOfRange(0x40, limit: 26)), 6,
            at: 10, "0040"),
        .init(
            "class: superclass of import 5", .broken(.class, offset: 4, .tokenOutOfRange(5, count: 1)), 6,
            at: 1, "85"),
        .init("handlers beyond the end", .broken(.method, offset: 3, .truncated), 7, at: 0, "04"),
        .init(
            "static image", .broken(.staticField, offset: 3, .countMismatch(declared: 5, actual: 6)), 8,
            at: 11, "0002"),
        .init("static array type", .broken(.staticField, offset: 9, .unknownArrayType(6)), 8, at: 6, "06"),
        .init(
            "static arrays without references",
            .broken(.staticField, offset: 7, .countMismatch(declared: 1, actual: 0)),
            8, at: 2, "0000"),
        .init(
            "reference beyond the code",
            .broken(.referenceLocation, offset: 10, .offsetOutOfRange(26, limit: 26)),
            9, at: 7, "0B"),
        .init(
            "reference to no constant",
            .broken(.referenceLocation, offset: 7, .tokenOutOfRange(0x188C, count: 4)),
            9, at: 4, "03"),
        .init("references: count", .broken(.referenceLocation, offset: 7, .truncated), 9, at: 3, "05"),
        .init(
            "descriptor: code beyond the end",
            .broken(.descriptor, offset: 43, .offsetOutOfRange(27, limit: 26)),
            11, at: 41, "02"),
        .init(
            "descriptor: no class there", .broken(.descriptor, offset: 6, .offsetOutOfRange(1, limit: 12)),
            11, at: 4, "01"),
        .init(
            "descriptor: constants", .broken(.descriptor, offset: 49, .countMismatch(declared: 3, actual: 4)),
            11, at: 47, "03"),
        .init(
            "descriptor: type outside", .broken(.descriptor, offset: 51, .offsetOutOfRange(0x7F, limit: 19)),
            11, at: 49, "7F"),
        .init(
            "descriptor: handlers that are not there",
            .broken(.descriptor, offset: 21, .tokenOutOfRange(1, count: 0)),
            11, at: 18, "0001"),
        .init(
            "extended: block order", .broken(.method, offset: 6, .offsetOutOfRange(8, limit: 39)), 7, at: 4,
            "08", in: .extended),
        .init(
            "extended: second block outside",
            .broken(.method, offset: 10, .offsetOutOfRange(0x40, limit: 39)),
            7, at: 8, "40", in: .extended),
        .init(
            "extended: applet in block 2", .broken(.applet, offset: 12, .offsetOutOfRange(12, limit: 0)),
            3, at: 9, "02", in: .extended),
        .init(
            "extended: resource size", .broken(.staticResources, offset: 9, .offsetOutOfRange(4, limit: 3)),
            13, at: 7, "04", in: .extended),
        .init(
            "extended: no resources", .broken(.staticResources, offset: 5, .emptyTable), 13, at: 1, "00",
            in: .extended),
    ]

    @Test("names the component and the offset", arguments: breaks)
    func names(_ broken: Break) {
        #expect(throws: broken.error) { try CAPFile(broken.fixture.row) }
    }

    @Test("every required component is missed by name", arguments: [1, 2, 4, 6, 7, 8, 5, 9] as [UInt8])
    func missing(tag: UInt8) {
        var fixture = CAPFixture.compact
        fixture.infos[tag] = nil
        let error = CAPError.missing(CAPComponentKind(tag: tag))
        #expect(throws: error) { try CAPFile(fixture.row) }
        #expect(throws: error) { try CAPFile(RawZIP(fixture.files).bytes) }
    }

    @Test("a component that is there twice is refused, in a row and in two folders")
    func twice() {
        let fixture = CAPFixture.compact
        #expect(throws: CAPError.duplicate(.method)) { try CAPFile(fixture.row + fixture.component(7)) }
        let other = fixture.files.map { ($0.0.replacing("hand", with: "other"), $0.1) }
        let error = #expect(throws: CAPError.self) { try CAPFile(RawZIP(fixture.files + other).bytes) }
        #expect(error == .duplicate(.header))
    }

    @Test("a file under another component's name, and one of another length, are refused")
    func misnamed() {
        var files = CAPFixture.compact.files
        files[3].1[0] = 4
        #expect(throws: CAPError.broken(.applet, offset: 0, .wrongTag(4))) {
            try CAPFile(RawZIP(files).bytes)
        }
        files = CAPFixture.compact.files
        files[3].1.append(0)
        let fault = CAPFault.sizeMismatch(declared: 11, actual: 12)
        #expect(throws: CAPError.broken(.applet, offset: 1, fault)) { try CAPFile(RawZIP(files).bytes) }
    }

    @Test("applets of two providers, and one AID twice, are refused")
    func appletIdentifiers() {
        func with(_ second: String) -> CAPFixture {
            CAPFixture.compact.changing(3) {
                $0 = bytes("02 07 F0424552540101 000C") + bytes(second)
            }.changing(2) { directory in
                directory[5] = 0x15
                directory[29] = 2
            }
        }
        #expect(throws: CAPError.broken(.applet, offset: 14, .foreignProvider)) {
            try CAPFile(with("07 F0424552550102 000C").row)
        }
        #expect(throws: CAPError.broken(.applet, offset: 14, .duplicateAID)) {
            try CAPFile(with("07 F0424552540101 000C").row)
        }
        #expect(throws: Never.self) { try CAPFile(with("07 F0424552540102 000C").row) }
    }

    @Test(
        "what is neither archive nor components is refused as such",
        arguments: [[], [0], [0x7F, 0x45], [0x50]])
    func other(_ bytes: [UInt8]) {
        #expect(throws: CAPError.notCAP) { try CAPFile(bytes) }
    }

    @Test("every refusal reads as a sentence that names what to look at")
    func words() {
        for broken in Self.breaks {
            let text = broken.error.description
            #expect(text.contains("component") && text.count > 20, "\(text)")
        }
    }
}
