internal import GlobalPlatform
internal import SmartCard
internal import Testing

@Suite("Load files")
struct CAPLoadFileTests {
    // GPC 2.3.1 §11.6.2.3, table 11-58: DAP blocks (E2: 4F, C3), then C4 and the components.
    @Test("wraps the data block, after signatures where a domain asks for one")
    func encoding() throws {
        let plain = LoadFile(dataBlock: [1, 2, 3])
        #expect(plain.bytes == bytes("C4 03 010203"))
        let domain = try AID(hex: "A000000151000000")
        let signed = LoadFile(
            dataBlock: [1, 2, 3], signatures: [.init(domain: domain, value: [0xAA, 0xBB])])
        #expect(signed.bytes == bytes("E2 0E 4F 08 A000000151000000 C3 02 AABB C4 03 010203"))
        #expect(try LoadFile(encoded: signed.bytes) == signed)
    }

    @Test(
        "uses the shortest length field",
        arguments: [(127, 2), (128, 3), (255, 3), (256, 4), (65_535, 4), (65_536, 5)])
    func lengths(count: Int, head: Int) {
        #expect(LoadFile(dataBlock: [UInt8](repeating: 7, count: count)).bytes.count == count + head)
    }

    @Test(
        "cuts blocks that are full but the last, and gives every byte once",
        arguments: [1, 3, 100, 247, 255, 5000])
    func blocks(size: Int) throws {
        let file = try CAPFile(CAPFixture.compact.row).loadFile()
        let blocks = file.blocks(size: size)
        #expect(blocks.flatMap { $0 } == file.bytes)
        #expect(blocks.dropLast().allSatisfy { $0.count == size })
        #expect(blocks.last.map { (1...size).contains($0.count) } == true)
        #expect(blocks.count == (file.bytes.count + size - 1) / size)
    }

    @Test(
        "refuses what is not a load file",
        arguments: [
            ("", .noDataBlock), ("E200", .noDataBlock), ("C500 C400", .unexpected(0xC5)),
            ("C402 01", .notTLV(.truncated(at: 3))),
            ("E203 4F0100 C400", .wrongSignature),
            ("E20B 4F05F042455254 4F020102 C400", .notTLV(.missing(0xC3))),
        ] as [(String, LoadFileError)])
    func refusals(hex: String, error: LoadFileError) {
        #expect(throws: error) { try LoadFile(encoded: bytes(hex)) }
    }
}

@Suite("Footprint")
struct CAPFootprintTests {
    static let model = FootprintModel(
        allocationUnit: 8, loadFileOverhead: 40, instanceOverhead: 32, objectOverhead: 4,
        keepsConstantPool: nil,
        constructorBytes: FootprintRange(low: 0, expected: 100, high: 500))

    // By hand from the fixture: Class 12 → 16, Method 26 → 32, image 5 → 8, array 2 + 4 → 8: 64 stay for sure.
    // Pool 18 → 24 and imports 11 → 16 may; registry 40 + 6 + 7 → 56. Header 16, Directory 31 → 32, Applet 10 → 16,
    // StaticField 17 → 24, RefLocation 8 go.
    @Test("adds up what stays, what may stay, and what goes (docs/reference/footprint.md)")
    func formula() throws {
        let file = try CAPFile(CAPFixture.compact.row)
        let estimate = FootprintEstimate(file, on: Self.model)
        #expect(estimate.code == FootprintRange(low: 64, expected: 160, high: 160 + 96 + 56))
        // Object 4 → 8, registry 32 + 7 → 40.
        #expect(estimate.instances.map(\.nonVolatile) == [FootprintRange(low: 8, expected: 148, high: 588)])
        #expect(estimate.nonVolatile == FootprintRange(low: 72, expected: 308, high: 900))
    }

    @Test(
        "a card that is known to drop the constant pool takes less",
        arguments: [(true, 104, 160), (false, 64, 120)])
    func constantPool(keeps: Bool, low: Int, expected: Int) throws {
        var model = Self.model
        model.keepsConstantPool = keeps
        let estimate = FootprintEstimate(try CAPFile(CAPFixture.compact.row), on: model)
        #expect(estimate.code.low == low)
        #expect(estimate.code.expected == expected)
    }

    @Test("fields of the applet's class count twice their cells")
    func fields() throws {
        let file = try CAPFile(CAPFixture.compact.changing(6) { $0[3] = 10 }.row)
        let estimate = FootprintEstimate(file, on: Self.model)
        #expect(estimate.instances.map(\.nonVolatile.low) == [24])
    }
}
