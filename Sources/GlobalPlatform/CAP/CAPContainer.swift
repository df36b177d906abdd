/// Components found in an archive or in a row; each has its own tag and size right, nothing more is known yet.
struct CAPContainer {
    let header: CAPHeader
    let components: CAPComponents
    let manifest: CAPManifest?
    let isArchive: Bool

    /// Looks for `…/javacard/Header.cap` and its neighbours, wherever the package's folder is.
    init(archive bytes: [UInt8], limits: ZIPLimits) throws(CAPError) {
        self = try ZIPArchive.read(bytes, limits: limits) { archive throws(CAPError) in
            try CAPContainer(archive)
        }
    }

    private init(_ archive: borrowing ZIPArchive) throws(CAPError) {
        var files = [ZIPEntry?](repeating: nil, count: 14)
        var others: [ZIPEntry] = []
        var manifestEntry: ZIPEntry?
        for entry in archive.entries {
            if entry.path == "META-INF/MANIFEST.MF" { manifestEntry = entry }
            guard let name = Self.componentName(entry.path) else { continue }
            guard let kind = CAPComponentKind(fileName: name) else {
                others.append(entry)
                continue
            }
            // Two folders with components are two packages in one archive: which one is meant, nobody can tell.
            guard files[Int(kind.tag)] == nil else { throw .duplicate(kind) }
            files[Int(kind.tag)] = entry
        }
        guard let headerEntry = files[Int(CAPComponentKind.header.tag)] else { throw .missing(.header) }
        var components = CAPComponents()
        let first = try CAPComponent(
            kind: .header, bytes: try archive.contents(of: headerEntry), isLong: false)
        try components.add(first)
        header = try CAPHeader(first)
        for tag in UInt8(2)...13 {
            guard let entry = files[Int(tag)] else { continue }
            let kind = CAPComponentKind(tag: tag)
            let isLong = kind.isLong(isExtended: header.isExtended)
            try components.add(
                try CAPComponent(kind: kind, bytes: try archive.contents(of: entry), isLong: isLong))
        }
        for entry in others {
            let bytes = try archive.contents(of: entry)
            guard let tag = bytes.first, tag >= 128 else { continue }
            let kind = CAPComponentKind(tag: tag)
            try components.add(try CAPComponent(kind: kind, bytes: bytes, isLong: header.isExtended))
        }
        self.components = components
        isArchive = true
        manifest = try manifestEntry.map { entry throws(CAPError) in
            CAPManifest(try archive.contents(of: entry))
        }
    }

    /// Reads components that follow one another, as an IJC file has them.
    init(components bytes: [UInt8], limits: ZIPLimits) throws(CAPError) {
        guard bytes.count <= limits.archiveBytesMax else { throw .archive(.tooLarge(bytes: bytes.count)) }
        var components = CAPComponents()
        var header: CAPHeader?
        var position = 0
        while position < bytes.count {
            let kind = CAPComponentKind(tag: bytes[position])
            guard kind.fileName?.isEmpty == false || kind.isCustom else {
                throw .broken(kind, offset: 0, .wrongTag(kind.tag))
            }
            let isLong = kind.isLong(isExtended: header?.isExtended ?? false)
            let count = try Self.componentCount(bytes[position...], kind, isLong: isLong)
            let component = try CAPComponent(
                kind: kind, bytes: Array(bytes[position..<position + count]), isLong: isLong)
            try components.add(component)
            if kind == .header { header = try CAPHeader(component) }
            position += count
        }
        guard let header else { throw .missing(.header) }
        self.header = header
        self.components = components
        manifest = nil
        isArchive = false
    }

    private static func componentCount(
        _ rest: ArraySlice<UInt8>, _ kind: CAPComponentKind, isLong: Bool
    ) throws(CAPError) -> Int {
        let headCount = isLong ? 5 : 3
        guard rest.count >= headCount else { throw .broken(kind, offset: rest.count, .truncated) }
        let size = rest.dropFirst().prefix(headCount - 1).reduce(0) { $0 << 8 | Int($1) }
        guard headCount + size <= rest.count else {
            throw .broken(kind, offset: 1, .sizeMismatch(declared: size, actual: rest.count - headCount))
        }
        return headCount + size
    }

    /// The name without extension of `…/javacard/Name.cap` or `.capx`; nil for every other path.
    private static func componentName(_ path: String) -> Substring? {
        let bytes = path.utf8
        let suffix = bytes.last == UInt8(ascii: "x") ? ".capx" : ".cap"
        guard path.hasSuffix(suffix), let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        let folder = bytes[..<slash]
        guard folder.reversed().starts(with: "javacard".utf8.reversed()) else { return nil }
        let before = folder.dropLast(8).last
        guard before == nil || before == UInt8(ascii: "/") else { return nil }
        return path[bytes.index(after: slash)...].dropLast(suffix.utf8.count)
    }
}

/// Components by kind; those that the specification names have fixed places.
struct CAPComponents: Sendable {
    private var named = [CAPComponent?](repeating: nil, count: 14)
    private(set) var custom: [CAPComponent] = []

    subscript(kind: CAPComponentKind) -> CAPComponent? {
        kind.tag < named.count ? named[Int(kind.tag)] : custom.first { $0.kind == kind }
    }

    /// Adds a component; two of a kind are refused.
    mutating func add(_ component: CAPComponent) throws(CAPError) {
        let kind = component.kind
        guard self[kind] == nil else { throw .duplicate(kind) }
        if kind.tag < named.count { named[Int(kind.tag)] = component } else { custom.append(component) }
    }

    mutating func keepCustom(_ isWanted: (CAPComponentKind) -> Bool) {
        custom.removeAll { !isWanted($0.kind) }
    }

    func need(_ kind: CAPComponentKind) throws(CAPError) -> CAPComponent {
        guard let component = self[kind] else { throw .missing(kind) }
        return component
    }
}
