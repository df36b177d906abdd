internal import GlobalPlatform
internal import SmartCard

/// CAP files written by hand, byte by byte, from JCVM 3.1 chapter 6; no writer of ours had a part in them.
struct CAPFixture: Sendable {
    /// Contents without tag and size, by tag.
    var infos: [UInt8: [UInt8]]
    var isExtended = false

    /// Tags with four bytes of size in the extended format (JCVM 3.1 §6.2); static resources always.
    private func isLong(_ tag: UInt8) -> Bool { tag == 13 || isExtended && [7, 9, 11, 12].contains(tag) }

    func component(_ tag: UInt8) -> [UInt8] {
        let info = infos[tag] ?? []
        let size = isLong(tag) ? UInt32(info.count).bigEndianBytes : UInt16(info.count).bigEndianBytes
        return [tag] + size + info
    }

    /// All components in load order, Descriptor last.
    var row: [UInt8] { Self.order.filter { infos[$0] != nil }.flatMap(component) }

    static let order: [UInt8] = [1, 2, 4, 3, 6, 7, 8, 10, 5, 9, 13, 11]
    static let names: [UInt8: String] = [
        1: "Header.cap", 2: "Directory.cap", 3: "Applet.cap", 4: "Import.cap", 5: "ConstantPool.cap",
        6: "Class.cap", 7: "Method.cap", 8: "StaticField.cap", 9: "RefLocation.cap", 10: "Export.cap",
        11: "Descriptor.cap", 13: "StaticResources.capx",
    ]

    /// The files of an archive.
    var files: [(String, [UInt8])] {
        Self.order.compactMap { tag in
            guard infos[tag] != nil, let name = Self.names[tag] else { return nil }
            return ("berth/hand/javacard/" + name, component(tag))
        }
    }

    func changing(_ tag: UInt8, _ change: (inout [UInt8]) -> Void) -> CAPFixture {
        var copy = self
        change(&copy.infos[tag, default: []])
        return copy
    }
}

func bytes(_ hex: String) -> [UInt8] {
    do { return try Hex.decode(hex) } catch {
        preconditionFailure("a table in the tests is not hex: \(error)")
    }
}

extension CAPFixture {
    /// Format 2.1: one applet, one import, an array in a static field.
    static let compact = CAPFixture(infos: [
        1: bytes("DECAFFED 01 02 04 00 01 06 F04245525401"),
        2: bytes(
            """
            0010 001F 000B 000B 0012 000C 001A 0011 0008 0000 0041
            0005 0001 0002 01 01 00
            """),
        3: bytes("01 07 F0424552540101 000C"),
        4: bytes("01 00 01 07 A0000000620101"),
        5: bytes("0004 06800300 03800301 01000000 06000001"),
        6: bytes("00 8003 00 FF 00 07 01 00 00 0017"),
        // No handlers; constructor at 1, install at 12, process at 23.
        7: bytes("00 0110 18 8C0000 18 8B0001 7A 0230 8F0002 3D 8C0003 3B 7A 0020 7A"),
        8: bytes("0005 0001 0001 03 0002 AABB 0001 0002 0102"),
        // Constant indices stand at 5, 9, 15 and 19.
        9: bytes("0000 0004 05 04 06 04"),
        11: bytes(
            """
            01 00 01 0000 00 0000 0003
            FF 82 0001 000A 0009 0000 0000
            00 09 000C 000C 0009 0000 0000
            07 01 0017 000F 0001 0000 0000
            0004 000A 000A FFFF 000A
            01 10 04 B431 06 6800A1
            """),
    ])

    /// Format 2.3, extended: two blocks of methods, static resources, one private package.
    static let extended = CAPFixture(
        infos: [
            1: bytes("DECAFFED 03 02 0C 00 01 06 F04245525410 00"),
            2: bytes(
                """
                0011 002E 000C 000B 0016 0018 00000027 0011 0000000D 0000 00000047 00000000 0000000B
                0005 0001 0002 01 01 02 00
                """),
            3: bytes("01 07 F0424552541001 00 000C"),
            4: bytes("01 00 01 07 A0000000620101"),
            5: bytes("0005 06800300 03800301 01000200 06000001 06010001"),
            6: bytes("0000 00 8003 00 FF 00 07 01 00 00 00 0017 0001020304050607 08"),
            7: bytes(
                """
                02 00000009 00000023
                00 0110 18 8C0000 18 8B0001 7A 0230 8F0002 3D 8C0003 3B 7A 0020 7A
                00 0000 7A
                """),
            8: bytes("0005 0001 0001 03 0002 AABB 0001 0002 0102"),
            9: bytes("02 0000 0004 05 04 06 04 0000 0000"),
            11: bytes(
                """
                01 01 00 01 0002 00 0000 0003
                FF 82 00 0001 000C 0009 0000 0000
                00 09 00 000C 000E 0009 0000 0000
                07 01 00 0017 0011 0001 0000 0000
                0005 000C 000C FFFF 000C 000C
                01 10 04 B431 06 6800A1
                """),
            13: bytes("0001 0007 00000003 414243"),
        ], isExtended: true)
}

/// A ZIP archive written by hand (APPNOTE 6.3 §4.3), stored entries only; every field can be made to lie.
struct RawZIP {
    struct Entry {
        var path: [UInt8]
        var contents: [UInt8]
        var flags: UInt16 = 0
        var method: UInt16 = 0
        var checksum: UInt32?
        var centralSize: UInt32?
    }

    var entries: [Entry]

    init(_ files: [(String, [UInt8])]) {
        entries = files.map { Entry(path: Array($0.0.utf8), contents: $0.1) }
    }

    var bytes: [UInt8] {
        var out: [UInt8] = []
        var central: [UInt8] = []
        for entry in entries {
            let offset = UInt32(out.count)
            out +=
                little(0x0403_4B50 as UInt32) + common(entry, UInt32(entry.contents.count))
                + little(0 as UInt16)
            out += entry.path + entry.contents
            central += little(0x0201_4B50 as UInt32) + little(20 as UInt16)
            central += common(entry, entry.centralSize ?? UInt32(entry.contents.count))
            // Lengths of extra field and comment, disk, attributes (2 and 4 bytes): nothing of it.
            central += [UInt8](repeating: 0, count: 12) + little(offset) + entry.path
        }
        let count = UInt16(entries.count)
        let start = UInt32(out.count)
        out += central + little(0x0605_4B50 as UInt32) + [0, 0, 0, 0] + little(count) + little(count)
        return out + little(UInt32(central.count)) + little(start) + [0, 0]
    }

    /// Version, flags, method, time, date, checksum, sizes, and the length of the name.
    private func common(_ entry: Entry, _ size: UInt32) -> [UInt8] {
        var bytes = little(20 as UInt16) + little(entry.flags) + little(entry.method)
        bytes += [0, 0, 0x21, 0]
        bytes += little(entry.checksum ?? checksum(entry.contents))
        bytes += little(size) + little(size)
        return bytes + little(UInt16(entry.path.count))
    }

    private func little(_ value: some FixedWidthInteger) -> [UInt8] { value.bigEndianBytes.reversed() }

    /// CRC-32 (ISO-HDLC), bit by bit.
    private func checksum(_ bytes: [UInt8]) -> UInt32 {
        var sum: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0xEDB8_8320 }
        }
        return ~sum
    }
}
