/// Components found in an archive or in a row; each has its own tag and size right, nothing more is known yet.
struct CAPContainer {
    let header: CAPHeader
    let components: [CAPComponentKind: CAPComponent]
    let manifest: CAPManifest?

    /// Looks for `…/javacard/Header.cap` and its neighbours, wherever the package's folder is.
    init(archive bytes: [UInt8], limits: ZIPLimits) throws(CAPError) {
        self = try ZIPArchive.read(bytes, limits: limits) { archive throws(CAPError) in
            try CAPContainer(archive)
        }
    }

    private init(_ archive: borrowing ZIPArchive) throws(CAPError) {
        var files: [CAPComponentKind: ZIPEntry] = [:]
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
            guard files.updateValue(entry, forKey: kind) == nil else { throw .duplicate(kind) }
        }
        guard let headerEntry = files[.header] else { throw .missing(.header) }
        let first = try CAPComponent(
            kind: .header, bytes: try archive.contents(of: headerEntry), isLong: false)
        header = try CAPHeader(first)
        var components = [CAPComponentKind.header: first]
        for (kind, entry) in files where kind != .header {
            let isLong = kind.isLong(isExtended: header.isExtended)
            components[kind] = try CAPComponent(
                kind: kind, bytes: try archive.contents(of: entry), isLong: isLong)
        }
        for entry in others {
            let bytes = try archive.contents(of: entry)
            guard let tag = bytes.first, tag >= 128 else { continue }
            let kind = CAPComponentKind(tag: tag)
            guard components[kind] == nil else { throw .duplicate(kind) }
            components[kind] = try CAPComponent(kind: kind, bytes: bytes, isLong: header.isExtended)
        }
        self.components = components
        manifest = try manifestEntry.map { entry throws(CAPError) in
            CAPManifest(try archive.contents(of: entry))
        }
    }

    /// Reads components that follow one another, as an IJC file has them.
    init(components bytes: [UInt8], limits: ZIPLimits) throws(CAPError) {
        guard bytes.count <= limits.archiveBytesMax else { throw .archive(.tooLarge(bytes: bytes.count)) }
        var components: [CAPComponentKind: CAPComponent] = [:]
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
            guard components.updateValue(component, forKey: kind) == nil else { throw .duplicate(kind) }
            if kind == .header { header = try CAPHeader(component) }
            position += count
        }
        guard let header else { throw .missing(.header) }
        self.header = header
        self.components = components
        manifest = nil
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
        let parts = path.split(separator: "/")
        guard let file = parts.last, parts.dropLast().last == "javacard" else { return nil }
        if file.hasSuffix(".cap") { return file.dropLast(4) }
        return file.hasSuffix(".capx") ? file.dropLast(5) : nil
    }
}
