internal import SmartCard

/// What a card reads from the components of a CAP file (JCVM 3.0.5 §6): its own name, what it imports, its
/// applets.
struct LinkedPackage: Equatable, Sendable {
    let aid: AID
    let major: UInt8
    let minor: UInt8
    let imports: [LoadFileEntry.Import]
    let modules: [AID]
}

/// Reads a load file data block: components one after another, each a tag, a length and its contents.
struct LoadFileParser {
    private enum Component {
        static let header: UInt8 = 1
        static let applet: UInt8 = 3
        static let imports: UInt8 = 4
        static let classes: UInt8 = 6
    }
    private static let magic: [UInt8] = [0xDE, 0xCA, 0xFF, 0xED]
    private static let extendedFlag: UInt8 = 0x08
    /// The components whose length takes four bytes in the extended format (JCVM 3.1 §6.2).
    private static let longComponents: Set<UInt8> = [7, 9, 11, 12, 13]

    private var rest: ArraySlice<UInt8>
    private var isExtended = false

    private init(_ block: [UInt8]) { rest = block[...] }

    /// `nil` when the block is not a load file that a card could link.
    static func parse(_ block: [UInt8]) -> LinkedPackage? {
        var parser = LoadFileParser(block)
        return parser.package()
    }

    private mutating func package() -> LinkedPackage? {
        var identity: (AID, UInt8, UInt8)?
        var imports: [LoadFileEntry.Import]?
        var modules: [AID] = []
        var lastTag: UInt8?
        while !rest.isEmpty {
            guard let (tag, contents) = component() else { return nil }
            // The header says how the rest is to be read, so it stands first; nothing stands twice.
            guard (lastTag == nil) == (tag == Component.header) else { return nil }
            lastTag = tag
            switch tag {
            case Component.header:
                identity = header(contents)
                guard identity != nil else { return nil }
            case Component.imports:
                imports = Self.imports(contents)
                guard imports != nil else { return nil }
            case Component.applet:
                guard let applets = Self.applets(contents) else { return nil }
                modules = applets
            case 2, 5...13, 128...255: break
            default: return nil
            }
        }
        guard let (aid, major, minor) = identity, let imports else { return nil }
        return LinkedPackage(aid: aid, major: major, minor: minor, imports: imports, modules: modules)
    }

    private mutating func component() -> (UInt8, ArraySlice<UInt8>)? {
        guard let tag = rest.popFirst() else { return nil }
        let lengthBytes = isExtended && Self.longComponents.contains(tag) ? 4 : 2
        guard rest.count >= lengthBytes else { return nil }
        let length = Int(bigEndianBytes: rest.prefix(lengthBytes))
        rest = rest.dropFirst(lengthBytes)
        guard length <= rest.count else { return nil }
        defer { rest = rest.dropFirst(length) }
        return (tag, rest.prefix(length))
    }

    private mutating func header(_ contents: ArraySlice<UInt8>) -> (AID, UInt8, UInt8)? {
        guard contents.starts(with: Self.magic), contents.count >= 10 else { return nil }
        let fields = Array(contents)
        // Format 2.1, 2.2 or 2.3 (JCVM §6.4); 2.3 brings the extended form.
        guard fields[5] == 2, (1...3).contains(fields[4]) else { return nil }
        isExtended = fields[6] & Self.extendedFlag != 0
        var names = contents.dropFirst(7)
        guard let package = Self.packageInfo(&names) else { return nil }
        return (package.aid, package.major, package.minor)
    }

    private static func imports(_ contents: ArraySlice<UInt8>) -> [LoadFileEntry.Import]? {
        var rest = contents
        guard let count = rest.popFirst() else { return nil }
        var imports: [LoadFileEntry.Import] = []
        for _ in 0..<count {
            guard let package = packageInfo(&rest) else { return nil }
            imports.append(package)
        }
        return rest.isEmpty ? imports : nil
    }

    private static func applets(_ contents: ArraySlice<UInt8>) -> [AID]? {
        var rest = contents
        guard let count = rest.popFirst(), count > 0 else { return nil }
        var applets: [AID] = []
        for _ in 0..<count {
            // The AID, and the offset of its install method.
            guard let aid = aid(&rest), rest.count >= 2 else { return nil }
            rest = rest.dropFirst(2)
            applets.append(aid)
        }
        return rest.isEmpty && Set(applets).count == applets.count ? applets : nil
    }

    /// Minor version, major version, AID (JCVM §6.4, `package_info`).
    private static func packageInfo(_ rest: inout ArraySlice<UInt8>) -> LoadFileEntry.Import? {
        guard let minor = rest.popFirst(), let major = rest.popFirst(), let aid = aid(&rest) else {
            return nil
        }
        return LoadFileEntry.Import(aid: aid, major: major, minor: minor)
    }

    private static func aid(_ rest: inout ArraySlice<UInt8>) -> AID? {
        guard let count = rest.popFirst(), count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(Int(count)) }
        return try? AID(rest.prefix(Int(count)))
    }
}
