internal import SmartCard

/// Puts the components of a blueprint together (JCVM 3.1 chapter 6).
struct CAPWriter {
    private let blueprint: CAPBlueprint
    private var code: CAPCodeWriter

    init(_ blueprint: CAPBlueprint) throws(CAPBlueprintError) {
        self.blueprint = blueprint
        code = CAPCodeWriter(blueprint)
        for applet in blueprint.applets { code.addApplet(applet) }
        if blueprint.libraryMethods > 0 { code.addLibrary(methods: blueprint.libraryMethods) }
        try code.fill(to: blueprint.codeBytes)
    }

    /// Applets need javacard.framework 1.0 (Java Card 2.1), and a library java.lang for its superclass.
    static func imports(of blueprint: CAPBlueprint) -> [CAPPackage] {
        let bytes: [UInt8] = blueprint.applets.isEmpty ? [0x00, 0x01] : [0x01, 0x01]
        guard let aid = try? AID([0xA0, 0x00, 0x00, 0x00, 0x62] + bytes) else { return blueprint.imports }
        return [CAPPackage(aid: aid, version: CAPVersion(1, 0))] + blueprint.imports
    }

    func components() throws(CAPBlueprintError) -> [CAPComponent] {
        let imports = Self.imports(of: blueprint)
        var parts: [(kind: CAPComponentKind, info: [UInt8])] = [(.header, header), (.directory, [])]
        parts.append((.import, [UInt8(imports.count)] + imports.flatMap(Self.packageInfo)))
        if !blueprint.applets.isEmpty { parts.append((.applet, applets)) }
        parts.append((.class, code.classInfo))
        parts.append((.method, code.methodInfo))
        parts.append((.staticField, staticField))
        if blueprint.libraryMethods > 0 { parts.append((.export, code.exportInfo)) }
        parts.append(
            (.constantPool, UInt16(code.constants.count).bigEndianBytes + code.constants.flatMap(\.bytes)))
        parts.append((.referenceLocation, code.referenceInfo))
        parts.append((.descriptor, code.descriptorInfo(staticByteCount: blueprint.staticBytes.count)))
        parts[1].info = directory(parts, importCount: imports.count)
        var components: [CAPComponent] = []
        for (kind, info) in parts {
            guard info.count <= 0xFFFF else { throw .componentTooLarge(kind, bytes: info.count) }
            let bytes = [kind.tag] + UInt16(info.count).bigEndianBytes + info
            do { components.append(try CAPComponent(kind: kind, bytes: bytes, isLong: false)) } catch {
                throw .unreadable(error)
            }
        }
        return components
    }

    private var header: [UInt8] {
        var flags: UInt8 = blueprint.libraryMethods > 0 ? 0x02 : 0
        if !blueprint.applets.isEmpty { flags |= 0x04 }
        let package = CAPPackage(aid: blueprint.aid, version: blueprint.version)
        let start: [UInt8] = [0xDE, 0xCA, 0xFF, 0xED, blueprint.format.minor, blueprint.format.major, flags]
        // The name came with 2.2; it is empty where no class can be called remotely.
        return start + Self.packageInfo(package) + (blueprint.format.minor >= 2 ? [0] : [])
    }

    private func directory(
        _ parts: [(kind: CAPComponentKind, info: [UInt8])], importCount: Int
    ) -> [UInt8] {
        let tags = UInt8(1)...(blueprint.format.minor >= 2 ? 12 : 11)
        // Sizes, the optional four bytes for static resources, and nine bytes that follow.
        let ownCount = tags.count * 2 + (blueprint.format.minor >= 3 ? 4 : 0) + 9
        var bytes: [UInt8] = []
        for tag in tags {
            let part = parts.first { $0.kind.tag == tag }
            let count = tag == CAPComponentKind.directory.tag ? ownCount : part?.info.count ?? 0
            bytes += UInt16(clamping: count).bigEndianBytes
        }
        if blueprint.format.minor >= 3 { bytes += [0, 0, 0, 0] }
        bytes += UInt16(clamping: blueprint.staticBytes.count).bigEndianBytes + [0, 0, 0, 0]
        return bytes + [UInt8(importCount), UInt8(blueprint.applets.count), 0]
    }

    private var applets: [UInt8] {
        var bytes = [UInt8(blueprint.applets.count)]
        for (applet, described) in zip(blueprint.applets, code.classes) {
            bytes += [UInt8(applet.aid.bytes.count)] + applet.aid.bytes
            bytes += UInt16(described.installOffset).bigEndianBytes
        }
        return bytes
    }

    /// An image of initialised bytes: no references, no arrays, no zeros.
    private var staticField: [UInt8] {
        let count = UInt16(clamping: blueprint.staticBytes.count).bigEndianBytes
        return count + [0, 0, 0, 0, 0, 0] + count + blueprint.staticBytes
    }

    private static func packageInfo(_ package: CAPPackage) -> [UInt8] {
        [package.version.minor, package.version.major, UInt8(package.aid.bytes.count)] + package.aid.bytes
    }
}
