internal import CardManagement
internal import GlobalPlatform
internal import SmartCard
internal import TestSupport
internal import Testing

@Suite("Decide a key rotation", .mission(.a10))
struct KeyRotationTests {
    private static let aes = KeyRotation.Shape(type: .aes, byteCount: 16)
    private static let des = KeyRotation.Shape(type: .des, byteCount: 16)

    private static func set(_ version: UInt8, _ shape: KeyRotation.Shape = aes) -> [KeyInformation] {
        (1...3).map {
            KeyInformation(
                identifier: $0, version: version,
                components: [.init(type: shape.type, byteCount: shape.byteCount)])
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let wish: KeyRotation.Wish
        let keys: [KeyInformation]
        var attempt = KeyRotation.Attempt.none
        let way: KeyRotation.Way
        let steps: [KeyRotation.Step]
        var testDescription: String { name }
    }

    // GPCS 2.3.1 §7.5.2 (initial keys), §11.8.2.3.3 (replacement keeps type and length), §11.2.2.3.2 (delete key).
    static let rows: [Row] = [
        Row(
            name: "beside the old set, which goes last", wish: .init(current: 1, shape: des),
            keys: set(1, des),
            way: .beside,
            steps: [.put(version: 0x20, replacing: nil), .verify(version: 0x20), .delete(version: 1)]),
        Row(
            name: "the next free version of the protocol's range", wish: .init(current: 0x30, shape: aes),
            keys: set(0x30) + set(0x31), way: .beside,
            steps: [.put(version: 0x32, replacing: nil), .verify(version: 0x32), .delete(version: 0x30)]),
        Row(
            name: "the old set stays where that is wished",
            wish: .init(current: 1, shape: aes, keepsOld: true),
            keys: set(1), way: .beside, steps: [.put(version: 0x30, replacing: nil), .verify(version: 0x30)]),
        Row(
            name: "initial keys end by themselves", wish: .init(current: 0xFF, newVersion: 1, shape: aes),
            keys: set(0xFF), way: .endsInitialKeys,
            steps: [.put(version: 1, replacing: nil), .verify(version: 1)]),
        Row(
            name: "initial keys cannot be replaced in place",
            wish: .init(current: 0xFF, shape: aes, replacesInPlace: true), keys: set(0xFF),
            way: .endsInitialKeys, steps: [.put(version: 0x30, replacing: nil), .verify(version: 0x30)]),
        Row(
            name: "in place with the same version",
            wish: .init(current: 0x30, shape: aes, replacesInPlace: true),
            keys: set(0x30), way: .inPlace,
            steps: [.put(version: 0x30, replacing: 0x30), .verify(version: 0x30)]),
        Row(
            name: "the version of the set in use means in place",
            wish: .init(current: 0x30, newVersion: 0x30, shape: aes), keys: set(0x30), way: .inPlace,
            steps: [.put(version: 0x30, replacing: 0x30), .verify(version: 0x30)]),
        Row(
            name: "in place under another version",
            wish: .init(current: 0x30, newVersion: 5, shape: aes, replacesInPlace: true), keys: set(0x30),
            way: .inPlace, steps: [.put(version: 5, replacing: 0x30), .verify(version: 5)]),
        Row(
            name: "begun and nothing arrived: the same version again", wish: .init(current: 1, shape: aes),
            keys: set(1), attempt: .unfinished(version: 0x35), way: .beside,
            steps: [.put(version: 0x35, replacing: nil), .verify(version: 0x35), .delete(version: 1)]),
        Row(
            name: "begun with other keys: what arrived is replaced", wish: .init(current: 1, shape: aes),
            keys: set(1) + set(0x35), attempt: .unfinished(version: 0x35), way: .beside,
            steps: [.put(version: 0x35, replacing: 0x35), .verify(version: 0x35), .delete(version: 1)]),
        Row(
            name: "begun with keys of another kind: they are deleted first",
            wish: .init(current: 1, shape: aes),
            keys: set(1) + set(0x35, des), attempt: .unfinished(version: 0x35), way: .beside,
            steps: [
                .delete(version: 0x35), .put(version: 0x35, replacing: nil), .verify(version: 0x35),
                .delete(version: 1),
            ]),
        Row(
            name: "begun under another version: what arrived there goes at the end",
            wish: .init(current: 1, newVersion: 0x36, shape: aes), keys: set(1) + set(0x35),
            attempt: .unfinished(version: 0x35), way: .beside,
            steps: [
                .put(version: 0x36, replacing: nil), .verify(version: 0x36), .delete(version: 1),
                .delete(version: 0x35),
            ]),
        Row(
            name: "the new set stands: only the old one is left to delete",
            wish: .init(current: 0x35, shape: aes),
            keys: set(1) + set(0x35), attempt: .stands(version: 0x35, old: 1), way: .finishes,
            steps: [.delete(version: 1)]),
        Row(
            name: "the new set stands alone: nothing is left to do", wish: .init(current: 0x35, shape: aes),
            keys: set(0x35), attempt: .stands(version: 0x35, old: 1), way: .finishes, steps: []),
        Row(
            name: "replaced in place and stands: it is not deleted", wish: .init(current: 0x30, shape: aes),
            keys: set(0x30), attempt: .stands(version: 0x30, old: 0x30), way: .finishes, steps: []),
    ]

    @Test(arguments: rows)
    func decides(_ row: Row) throws {
        let plan = try KeyRotation(row.wish, keys: row.keys, attempt: row.attempt)
        #expect(plan.way == row.way)
        #expect(plan.steps == row.steps)
    }

    @Test(
        "what would lose a set, or cannot work, is refused",
        arguments: [
            (
                KeyRotation.Wish(current: 1, newVersion: 0x30, shape: aes), set(1) + set(0x30),
                KeyRotation.Refusal.versionTaken(0x30)
            ),
            (
                .init(current: 1, newVersion: 0x30, shape: aes, replacesInPlace: true), set(1) + set(0x30),
                .versionTaken(0x30)
            ),
            (.init(current: 1, newVersion: 0x80, shape: aes), set(1), .versionOutOfRange(0x80)),
            (.init(current: 1, newVersion: 0, shape: aes), set(1), .versionOutOfRange(0)),
            (.init(current: 1, shape: aes), [], .keysUnknown),
            (
                .init(current: 1, shape: des), set(1) + (0x20...0x2F).flatMap { set($0) },
                .noVersionFree(0x20...0x2F)
            ),
            (
                .init(current: 1, shape: aes, replacesInPlace: true), set(1, des),
                .otherShape(onCard: [des, des, des], wanted: aes)
            ),
        ])
    func refuses(wish: KeyRotation.Wish, keys: [KeyInformation], refusal: KeyRotation.Refusal) {
        #expect(throws: refusal) { try KeyRotation(wish, keys: keys) }
    }

    @Test("no step ever deletes or replaces the only set that is known to open the domain before another did")
    func neverLocksOut() throws {
        for row in Self.rows {
            let plan = try KeyRotation(row.wish, keys: row.keys, attempt: row.attempt)
            var isVerified = plan.way == .finishes
            for step in plan.steps {
                switch step {
                case .put: break
                case .verify: isVerified = true
                case .delete(let version):
                    #expect(isVerified || version != plan.old, "\(row.name)")
                    #expect(!isVerified || version != plan.new, "\(row.name)")
                }
            }
        }
    }
}

@Suite("Cut data for STORE DATA")
struct StoreDataBlocksTests {
    private func hex(_ blocks: [[UInt8]]) -> [String] { blocks.map(\.hex) }

    // GPCS 2.3.1 §11.11.2.3: whole structures together; a long one cut at the greatest length, with others behind it.
    @Test(
        "whole structures stay together, and long ones are cut",
        arguments: [
            ("", StoreDataFormat.unstructured, 4, [""]),
            ("0102030405", .unstructured, 4, ["01020304", "05"]),
            ("4501AA4201BB", .berTLV, 6, ["4501AA4201BB"]),
            ("4501AA4201BB", .berTLV, 5, ["4501AA", "4201BB"]),
            ("4505AABBCCDDEE4201BB", .berTLV, 5, ["4505AABBCC", "DDEE4201BB"]),
            ("00700201020071010A", .dgi, 9, ["00700201020071010A"]),
            ("00700201020071010A", .dgi, 8, ["0070020102", "0071010A"]),
            ("0070FF0002AABB", .dgi, 8, ["007002AABB"]),
        ])
    func cuts(data: String, format: StoreDataFormat, size: Int, blocks: [String]) throws {
        #expect(hex(try StoreDataBlocks.cut(Hex.decode(data), format: format, blockBytesMax: size)) == blocks)
    }

    @Test("values are encrypted in whole blocks, and lengths follow them")
    func encrypts() throws {
        let cipher: (Int, ([UInt8]) throws -> [UInt8]) = (4, { $0.map { ~$0 } })
        let objects = try StoreDataBlocks.cut(
            Hex.decode("4503010203"), format: .berTLV, blockBytesMax: 99, encrypt: cipher)
        #expect(hex(objects) == ["4504FEFDFC7F"])
        let whole = try StoreDataBlocks.cut(
            Hex.decode("81130401020304"), format: .dgi, blockBytesMax: 99, encrypt: cipher)
        #expect(hex(whole) == ["811304FEFDFCFB"])
    }

    @Test(
        "what is no structure, or too much, is refused",
        arguments: [
            ("0070", StoreDataFormat.dgi, StoreDataBlocks.Failure.notGroups(at: 0)),
            ("007001AA0071", .dgi, .notGroups(at: 4)),
            ("007002AA", .dgi, .notGroups(at: 0)),
            ("0070FF00", .dgi, .notGroups(at: 0)), ("45", .berTLV, .notObjects(.truncated(at: 1))),
            ("4502AA", .berTLV, .notObjects(.truncated(at: 3))),
        ])
    func refuses(data: String, format: StoreDataFormat, failure: StoreDataBlocks.Failure) throws {
        let bytes = try Hex.decode(data)
        #expect(throws: failure) { try StoreDataBlocks.cut(bytes, format: format, blockBytesMax: 99) }
    }

    @Test("more blocks than one byte numbers are refused")
    func tooMany() throws {
        let bytes = [UInt8](repeating: 0, count: 257)
        #expect(throws: StoreDataBlocks.Failure.tooManyBlocks(257)) {
            try StoreDataBlocks.cut(bytes, format: .unstructured, blockBytesMax: 1)
        }
        #expect(throws: StoreDataBlocks.Failure.encryptionNeedsStructure) {
            try StoreDataBlocks.cut(bytes, format: .unstructured, blockBytesMax: 99, encrypt: (8, { $0 }))
        }
    }
}
