package import SmartCard

/// A CAP file format version (JCVM 3.1 §6.4); a package and an extended CAP file have such a version as well.
package struct CAPVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let major: UInt8
    package let minor: UInt8

    package init(_ major: UInt8, _ minor: UInt8) {
        self.major = major
        self.minor = minor
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    package var description: String { "\(major).\(minor)" }
}

/// A package by AID and version: one's own, or one that is imported.
package struct CAPPackage: Hashable, Sendable {
    package let aid: AID
    package let version: CAPVersion
    /// The dotted name, where the file has it (only packages with remote interfaces must).
    package let name: String?

    package init(aid: AID, version: CAPVersion, name: String? = nil) {
        self.aid = aid
        self.version = version
        self.name = name
    }

    /// Whether a package on a card can stand in for this import: same major version, no smaller minor version
    /// (JCVM 3.1 §4.5).
    package func isSatisfied(by candidate: CAPPackage) -> Bool {
        candidate.aid == aid && candidate.version.major == version.major
            && candidate.version.minor >= version.minor
    }
}

/// The Header component (JCVM 3.1 §6.4).
package struct CAPHeader: Hashable, Sendable {
    package let format: CAPVersion
    package let usesInt: Bool
    package let hasExport: Bool
    package let hasApplet: Bool
    package let content: Content

    /// One package, or several under an AID of the file's own.
    package enum Content: Hashable, Sendable {
        case compact(CAPPackage)
        /// Only public packages are listed; private ones have neither AID nor version.
        case extended(file: CAPPackage, packages: [CAPPackage])
    }

    package var isExtended: Bool {
        switch content {
        case .compact: false
        case .extended: true
        }
    }

    /// What a card registers: the AID and version of the load file.
    package var loadFile: CAPPackage {
        switch content {
        case .compact(let package): package
        case .extended(let file, _): file
        }
    }

    /// What others can import from it.
    package var packages: [CAPPackage] {
        switch content {
        case .compact(let package): [package]
        case .extended(_, let packages): packages
        }
    }

    init(_ component: CAPComponent) throws(CAPError) {
        var cursor = component.reader
        let magic = try cursor.u4()
        guard magic == 0xDECA_FFED else { throw cursor.fail(.wrongMagic(UInt32(magic)), back: 4) }
        format = try cursor.version()
        guard format.major == 2, (1...3).contains(format.minor) else {
            throw cursor.fail(.unsupportedFormat(major: format.major, minor: format.minor), back: 2)
        }
        let flags = try cursor.byte()
        let isExtended = flags & 0x08 != 0
        guard flags & 0xF0 == 0, !isExtended || format.minor >= 3 else {
            throw cursor.fail(.unknownFlags(flags), back: 1)
        }
        usesInt = flags & 0x01 != 0
        hasExport = flags & 0x02 != 0
        hasApplet = flags & 0x04 != 0
        content = isExtended ? try cursor.extendedContent() : .compact(try cursor.compactContent(format))
        try cursor.finish()
    }
}

extension CAPCursor {
    /// Versions stand minor first.
    fileprivate mutating func version() throws(CAPError) -> CAPVersion {
        let minor = try byte()
        return CAPVersion(try byte(), minor)
    }

    /// A `package_info` item.
    mutating func package() throws(CAPError) -> CAPPackage {
        let version = try version()
        return CAPPackage(aid: try aid(), version: version)
    }

    fileprivate mutating func compactContent(_ format: CAPVersion) throws(CAPError) -> CAPPackage {
        let package = try package()
        // The name came with 2.2, and its length byte is left out by some converters.
        guard format.minor >= 2, remaining > 0 else { return package }
        return CAPPackage(aid: package.aid, version: package.version, name: try name())
    }

    fileprivate mutating func extendedContent() throws(CAPError) -> CAPHeader.Content {
        let file = try package()
        let count = try u1()
        var packages: [CAPPackage] = []
        for _ in 0..<count { packages.append(try package()) }
        for index in packages.indices {
            let named = packages[index]
            packages[index] = CAPPackage(aid: named.aid, version: named.version, name: try name())
        }
        return .extended(file: file, packages: packages)
    }
}

/// The Import component (JCVM 3.1 §6.7): packages by token.
struct CAPImports {
    let packages: [CAPPackage]

    init(_ component: CAPComponent) throws(CAPError) {
        var cursor = component.reader
        let count = try cursor.u1()
        guard count <= 128 else { throw cursor.fail(.tokenOutOfRange(count, count: 128), back: 1) }
        var packages: [CAPPackage] = []
        packages.reserveCapacity(count)
        for _ in 0..<count { packages.append(try cursor.package()) }
        try cursor.finish()
        self.packages = packages
    }
}
