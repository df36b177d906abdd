internal import SmartCard

/// Which component of a CAP file (JCVM 3.1 §6.2, table 6-1); tags of 128 and more are custom.
package struct CAPComponentKind: Hashable, Sendable {
    package let tag: UInt8

    package init(tag: UInt8) { self.tag = tag }

    package static let header = Self(tag: 1)
    package static let directory = Self(tag: 2)
    package static let applet = Self(tag: 3)
    package static let `import` = Self(tag: 4)
    package static let constantPool = Self(tag: 5)
    package static let `class` = Self(tag: 6)
    package static let method = Self(tag: 7)
    package static let staticField = Self(tag: 8)
    package static let referenceLocation = Self(tag: 9)
    package static let export = Self(tag: 10)
    package static let descriptor = Self(tag: 11)
    package static let debug = Self(tag: 12)
    package static let staticResources = Self(tag: 13)

    /// The order in which a card gets them (JCVM 3.1 §6.3); Debug never goes to a card.
    package static let loadOrder: [Self] = [
        .header, .directory, .import, .applet, .class, .method, .staticField, .export, .constantPool,
        .referenceLocation, .staticResources, .descriptor,
    ]

    /// What no CAP file can be without. A Descriptor belongs to the file too, but files made for loading only
    /// leave it out, and a card need not take it.
    package static let required: [Self] = [
        .header, .directory, .import, .class, .method, .staticField, .constantPool, .referenceLocation,
    ]

    package var isCustom: Bool { tag >= 128 }

    /// The file name inside the archive, without its extension (JCVM 3.1 §6.2.1, table 6-2).
    package var fileName: String? { tag < Self.fileNames.count ? Self.fileNames[Int(tag)] : nil }

    /// Finds the kind that a file name stands for.
    package init?(fileName: some StringProtocol) {
        guard !fileName.isEmpty, let tag = Self.fileNames.firstIndex(where: { $0 == fileName }) else {
            return nil
        }
        self.tag = UInt8(tag)
    }

    private static let fileNames: [String] = [
        "", "Header", "Directory", "Applet", "Import", "ConstantPool", "Class", "Method", "StaticField",
        "RefLocation", "Export", "Descriptor", "Debug", "StaticResources",
    ]
}

extension CAPComponentKind: CustomStringConvertible {
    package var description: String { fileName ?? "custom \(tag)" }
}

/// One component as it stands in the file: tag, size, content.
package struct CAPComponent: Hashable, Sendable {
    package let kind: CAPComponentKind
    /// Everything, tag and size included: what goes to a card.
    package let bytes: [UInt8]
    /// Where the content begins: 3, or 5 for a size of four bytes (extended format).
    package let infoOffset: Int

    /// The content, which offsets in other components count from.
    package var info: ArraySlice<UInt8> { bytes[infoOffset...] }
    package var infoCount: Int { bytes.count - infoOffset }

    /// Takes the bytes of one component file and holds tag and size to what is there.
    package init(kind: CAPComponentKind, bytes: [UInt8], isLong: Bool) throws(CAPError) {
        self.kind = kind
        self.bytes = bytes
        var cursor = CAPCursor(bytes: bytes, kind: kind)
        let tag = try cursor.byte()
        guard tag == kind.tag else { throw .broken(kind, offset: 0, .wrongTag(tag)) }
        let declared = isLong ? try cursor.u4() : try cursor.u2()
        infoOffset = cursor.position
        let actual = bytes.count - infoOffset
        guard declared == actual else {
            throw .broken(kind, offset: 1, .sizeMismatch(declared: declared, actual: actual))
        }
    }

    /// A reader that stands at the content.
    var reader: CAPCursor { CAPCursor(bytes: bytes, kind: kind, position: infoOffset) }
}

/// Reads big-endian items of one component and knows where it stands when something is wrong.
struct CAPCursor {
    let bytes: [UInt8]
    let kind: CAPComponentKind
    private(set) var position: Int

    init(bytes: [UInt8], kind: CAPComponentKind, position: Int = 0) {
        self.bytes = bytes
        self.kind = kind
        self.position = position
    }

    var remaining: Int { bytes.count - position }

    func fail(_ fault: CAPFault, back: Int = 0) -> CAPError { .broken(kind, offset: position - back, fault) }

    mutating func u1() throws(CAPError) -> Int {
        guard position < bytes.count else { throw fail(.truncated) }
        defer { position += 1 }
        return Int(bytes[position])
    }

    mutating func byte() throws(CAPError) -> UInt8 {
        guard position < bytes.count else { throw fail(.truncated) }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func u2() throws(CAPError) -> Int {
        guard remaining >= 2 else { throw fail(.truncated) }
        defer { position += 2 }
        return Int(bytes[position]) << 8 | Int(bytes[position + 1])
    }

    mutating func u4() throws(CAPError) -> Int {
        let high = try u2()
        return high << 16 | (try u2())
    }

    /// Passes over bytes and says where they stand.
    mutating func take(_ count: Int) throws(CAPError) -> Range<Int> {
        guard count <= remaining else { throw fail(.truncated) }
        defer { position += count }
        return position..<position + count
    }

    /// Reads a length byte and the AID after it.
    mutating func aid() throws(CAPError) -> AID {
        let length = try u1()
        guard (5...16).contains(length) else { throw fail(.aidLength(length), back: 1) }
        let range = try take(length)
        guard let aid = try? AID(bytes[range]) else { throw fail(.aidLength(length), back: length + 1) }
        return aid
    }

    /// Reads a length byte and the name after it; an empty name is none.
    mutating func name() throws(CAPError) -> String? {
        let range = try take(try u1())
        guard !range.isEmpty else { return nil }
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw fail(.notText, back: range.count)
        }
        return text
    }

    /// Holds that nothing is left over.
    func finish() throws(CAPError) {
        guard remaining == 0 else { throw fail(.trailingBytes(remaining)) }
    }
}
