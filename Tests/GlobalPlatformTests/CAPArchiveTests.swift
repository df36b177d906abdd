internal import SmartCard
internal import Testing

@testable internal import GlobalPlatform

@Suite("CAP archives")
struct CAPArchiveTests {
    struct Refusal: Sendable, CustomTestStringConvertible {
        let name: String
        let error: ZIPError
        var limits = ZIPLimits.capFile
        let change: @Sendable (inout RawZIP) -> Void

        var testDescription: String { name }
    }

    static func path(_ path: String) -> Refusal {
        Refusal(name: path, error: .unsafePath(path)) { $0.entries[0].path = Array(path.utf8) }
    }

    static func limited(_ name: String, _ error: ZIPError, _ set: (inout ZIPLimits) -> Void) -> Refusal {
        var limits = ZIPLimits.capFile
        set(&limits)
        return Refusal(name: name, error: error, limits: limits) { _ in }
    }

    static let first = "berth/hand/javacard/Header.cap"

    static let refusals: [Refusal] = [
        path("../javacard/Header.cap"), path("a/../../javacard/Header.cap"), path("/javacard/Header.cap"),
        path("a\\javacard\\Header.cap"), path("C:/javacard/Header.cap"), path("a//javacard/Header.cap"),
        path("./javacard/Header.cap"), path("a/./Header.cap"), path("a/.."), path("a\u{1}/Header.cap"),
        Refusal(name: "a name that is no text", error: .unreadableName("FF FE".replacing(" ", with: ""))) {
            $0.entries[0].path = [0xFF, 0xFE]
        },
        Refusal(name: "a name of 2000 bytes", error: .unreadableName([UInt8](repeating: 0x61, count: 32).hex))
        {
            $0.entries[0].path = [UInt8](repeating: 0x61, count: 2000)
        },
        Refusal(name: "one name twice", error: .duplicate(first)) { $0.entries[1].path = $0.entries[0].path },
        Refusal(name: "encrypted", error: .encrypted(first)) { $0.entries[0].flags = 1 },
        Refusal(name: "bzip2", error: .unsupportedCompression(first, method: 12)) {
            $0.entries[0].method = 12
        },
        // libzip's ZIP_ER_CRC, ZIP_ER_NOZIP and ZIP_ER_INCONS.
        Refusal(name: "wrong checksum", error: .damaged(first, code: 7)) { $0.entries[0].checksum = 1 },
        Refusal(name: "two sizes", error: .unreadable(code: 21)) { $0.entries[0].centralSize = 5 },
        limited("too many entries", .tooManyEntries(10)) { $0.entriesMax = 9 },
        limited("too large an archive", .tooLarge(bytes: RawZIP(CAPFixture.compact.files).bytes.count)) {
            $0.archiveBytesMax = 100
        },
        limited("too large an entry", .entryTooLarge("berth/hand/javacard/Directory.cap", bytes: 34)) {
            $0.entryBytesMax = 33
        },
        limited("too much in all", .totalTooLarge(bytes: 67)) { $0.totalBytesMax = 60 },
    ]

    @Test("refuses", arguments: refusals)
    func refuses(_ refusal: Refusal) {
        var zip = RawZIP(CAPFixture.compact.files)
        refusal.change(&zip)
        let bytes = zip.bytes
        #expect(throws: CAPError.archive(refusal.error)) { try CAPFile(bytes, limits: refusal.limits) }
    }

    @Test("an archive without a Header is no CAP file")
    func noHeader() {
        let files = CAPFixture.compact.files.dropFirst()
        #expect(throws: CAPError.missing(.header)) { try CAPFile(RawZIP(Array(files)).bytes) }
        #expect(throws: CAPError.missing(.header)) { try CAPFile(RawZIP([]).bytes) }
    }

    @Test("a bomb is refused before anything is unpacked, by ratio, by size and by sum")
    func bombs() throws {
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        let one = try ZIPWriter.archive([("a/javacard/Header.cap", zeros)])
        let error = #expect(throws: CAPError.self) { try CAPFile(one) }
        guard case .archive(.ratioTooHigh("a/javacard/Header.cap", let ratio)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(ratio > 200)
        let many = try ZIPWriter.archive(
            (0..<120).map { ("a/\($0)", [UInt8](repeating: 0, count: 127 << 10)) })
        #expect(many.count < 64 << 10)
        #expect(throws: CAPError.archive(.totalTooLarge(bytes: 97 * 127 << 10))) { try CAPFile(many) }
    }

    @Test("every truncation of an archive is refused")
    func truncation() throws {
        let blueprint = CAPBlueprint(
            aid: try AID(hex: "F042455254"), version: CAPVersion(1, 0), packageName: "berth.cut",
            libraryMethods: 1)
        let archive = try blueprint.build()
        for count in 0..<archive.count {
            #expect(throws: CAPError.self) { try CAPFile(Array(archive[..<count])) }
        }
    }

    @Test("every error code has words")
    func words() {
        for refusal in Self.refusals { #expect(CAPError.archive(refusal.error).description.count > 20) }
    }
}
